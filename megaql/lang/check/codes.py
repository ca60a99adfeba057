"""Every code that `check` reports, with its severity, what it means, and an example that has it.

A maintainer keeps one rule: the documentation, SARIF and the tests read this table, so a lint without an entry here does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic

if TYPE_CHECKING:
    from megaql.source import Span


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding.

    `severity` is the usual one, "error", "warning" or "note"; some findings are less or more certain than usual. `example` is a query that has
    it and `instead` what to write. `samples` are messages, as lines of JSON, that it takes to be found.
    """

    name: str
    severity: str
    summary: str
    example: str
    instead: str
    samples: tuple[str, ...] = ()


_PAID: Final = ('{"status": "paid", "price": "12.50", "note": "by hand", "items": [{"sku": "a", "qty": 2}]}',) * 20
_VOID: Final = ('{"status": "void", "price": "7", "note": "late", "items": []}',) * 20

_CODES: Final = (
    Code(
        "always-false",
        "error",
        "the query can match no message, whatever it holds",
        "total between 9 and 1",
        "total between 1 and 9",
    ),
    Code(
        "always-true",
        "warning",
        "the query matches every message",
        "exists total or missing total",
        "true, or the condition that was meant",
    ),
    Code(
        "dead-clause",
        "warning",
        "a part of the query can never hold",
        'status == "new" or length(items) < 0',
        'status == "new"',
    ),
    Code(
        "array-only",
        "warning",
        "two clauses exclude each other unless their path leads to an array",
        'status == "paid" and status == "void"',
        'status in ["paid", "void"]',
    ),
    Code(
        "vacuous-clause",
        "warning",
        "a clause is true of every value that it can be asked about",
        'note like "*"',
        "exists note, or note is string",
    ),
    Code(
        "redundant-clause",
        "warning",
        "a clause follows from those beside it; without it the query matches the same messages",
        "total > 3 and total > 5",
        "total > 5",
    ),
    Code("duplicate-clause", "warning", "the same clause stands twice", "paid or shipped or paid", "paid or shipped"),
    Code(
        "duplicate-item",
        "warning",
        "an item of a list is there already, or covered by another one",
        'status in ["paid", "void", "paid"]',
        'status in ["paid", "void"]',
    ),
    Code(
        "one-item-list", "note", "a list has one item, which == says shorter", 'status in ["paid"]', 'status == "paid"'
    ),
    Code(
        "repeated-equality",
        "note",
        "one path is compared with several values, which `in` says shorter",
        'status == "paid" or status == "void" or status == "new"',
        'status in ["paid", "void", "new"]',
    ),
    Code(
        "envelope-value",
        "warning",
        "an envelope field never has this value",
        '@kind in ["mega", "json"]',
        '@kind in ["mega", "data"]',
    ),
    Code(
        "event-name",
        "note",
        "names of MEGA events have lower-case letters, digits, '.', '-' and '_' only",
        'event.name == "User.Updated"',
        'event.name == "user.updated"',
    ),
    Code(
        "unguarded-negation",
        "note",
        "a negated clause leaves out the messages that lack its path; a warning where the samples show it missing",
        'status != "void"',
        'missing status or status != "void"',
    ),
    Code(
        "mixed-and-or",
        "warning",
        "`and` beside `or` without parentheses; a note where the alternatives stand on lines of their own",
        "a or b and c",
        "a or (b and c)",
    ),
    Code(
        "split-element",
        "warning",
        "two conditions on one array may hold for two different elements",
        'items[*].qty > 5 and items[*].sku == "a"',
        'any item in items: (item.qty > 5 and item.sku == "a")',
    ),
    Code(
        "no-arithmetic",
        "warning",
        "a name reads like a calculation or a function",
        "date(sent) > now-15m",
        "date(sent) > ago(15m)",
    ),
    Code(
        "other-kind",
        "warning",
        "a value is compared with a literal of a kind that it never has",
        '@size != "5"',
        "@size != 5",
    ),
    Code(
        "sql-wildcard",
        "warning",
        "% is only a percent sign in a glob",
        'name like "a%b"',
        'name like "a*b"',
    ),
    Code("no-wildcard", "note", "a glob without * and ? is an equality", 'name like "anna"', 'name == "anna"'),
    Code(
        "null-comparison",
        "note",
        "`== null` holds only where null is written, not where the path is missing",
        "parent == null",
        "missing parent, or parent ?? null == null for both",
    ),
    Code(
        "quoted-word",
        "note",
        "true, false or null in quotes is a text",
        'active == "true"',
        "active == true",
    ),
    Code(
        "length-field",
        "note",
        "a path ends in `length` or `size`, which is a field of that name",
        "items.length > 3",
        "length(items) > 3",
    ),
    Code(
        "regex-dot", "note", "a dot in a regex is any character", "event.name ~ /^user.up/", r"event.name ~ /^user\.up/"
    ),
    Code("regex-literal", "note", "a regex for one text is an equality", "status ~ /^paid$/", 'status == "paid"'),
    Code("unknown-path", "warning", "no sample has this path", "statu == 1", "status == 1", (*_PAID, *_VOID)),
    Code(
        "unknown-value",
        "warning",
        "the samples have few different values here, and this is none of them; a note where none is near",
        'status == "Paid"',
        'status == "paid"',
        (*_PAID, *_VOID),
    ),
    Code(
        "kind-in-samples",
        "warning",
        "the path is of another kind in all samples",
        "price > 10",
        "number(price) > 10",
        (*_PAID, *_VOID),
    ),
    Code(
        "never-decides",
        "warning",
        "a clause is unknown for every sample",
        'note > d"2026-01-01"',
        "a clause about another path",
        (*_PAID, *_VOID),
    ),
)

#: All codes by their names.
CODES: Final = {code.name: code for code in _CODES}


def finding(
    code: str,
    span: Span,
    message: str,
    label: str = "",
    hint: str = "",
    *,
    fix: str | None = None,
    fix_span: Span | None = None,
    related: tuple[tuple[Span, str], ...] = (),
    severity: str = "",
) -> Diagnostic:
    """Return a finding with its code's severity, or another one."""
    return Diagnostic(message, span, label, hint, code, severity or CODES[code].severity, fix, fix_span, related)
