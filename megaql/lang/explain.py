"""Why a query matches a message or does not: what the evaluator's run noted, clause by clause, in words.

A maintainer keeps one rule: an explanation says what the run found (`trace`), and is never a second reading of the language.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.actual import Actual, actual_values
from megaql.lang.blockers import blockers
from megaql.lang.nodes import And, Compare, In, ListLiteral, Not, Or
from megaql.lang.operands import literal
from megaql.lang.paths import location
from megaql.lang.printer import to_text
from megaql.lang.reasons import Reason, advise
from megaql.lang.trace import Note, trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from megaql.lang.findings import Finding
    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record
    from megaql.lang.verdict import Verdict

#: Pairs of values that are looked at for what would make them comparable.
ADVISED_PAIRS: Final = 10

#: Code points shown of one clause in the text of an explanation.
SHOWN_CLAUSE: Final = 300

#: Columns that the text of an explanation fits in.
WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clause's part in the verdict.

    `reason` says why the verdict is UNKNOWN, `hint` what to write for a comparison that different kinds kept from holding. `actual` is
    what the clause's values led to, `decided_by` the place of the one that decided. `element` is the place of the array element that a
    quantifier's condition was asked about. `children` are the clauses inside, in the order of the text; of a quantifier they are what was found
    about the first elements and the last one that was looked at, and `omitted` is the number of elements between.
    """

    node: Clause
    verdict: Verdict
    reason: str = ""
    hint: str = ""
    actual: tuple[Actual, ...] = ()
    decided_by: str = ""
    element: str = ""
    children: tuple[Explanation, ...] = ()
    omitted: int = 0

    @property
    def clause(self) -> str:
        """The clause's canonical text."""
        return to_text(self.node)

    @property
    def shown_clause(self) -> str:
        """The clause's text, cut where it would fill the screen, as one with a long list does; `clause` is all of it."""
        whole = self.clause
        return whole if len(whole) <= SHOWN_CLAUSE else f"{whole[:SHOWN_CLAUSE]} … ({len(whole):,} characters)"

    @property
    def omission(self) -> str:
        """How many elements were looked at and are not among `children`, as a remark before the last of them."""
        return f"… {self.omitted:,} more element{'s' if self.omitted > 1 else ''} …"

    def blockers(self) -> tuple[Explanation, ...]:
        """Return the clauses that alone kept the message out: had one of them held, the query would have matched.

        Empty for a match, and where two clauses would have to change. A clause under `not` blocks by holding.
        """
        return tuple(blockers(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as JSON values; parts that say nothing are left out."""
        parts: dict[str, Any] = {
            "clause": self.clause,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "hint": self.hint,
            "element": self.element,
            "actual": [actual.to_dict() for actual in self.actual],
            "decided_by": self.decided_by,
            "children": [child.to_dict() for child in self.children],
            "omitted": self.omitted,
        }
        return {name: value for name, value in parts.items() if value}

    def __str__(self) -> str:
        return "\n".join(_lines(self, 0))


def explain(clause: Clause, record: Record, *, now: datetime | None = None) -> Explanation:
    """Evaluate a clause on a record and keep what every part of it found. Never raises for any data."""
    return explained(trace(clause, record, now=now))


def explained(note: Note) -> Explanation:
    """Put what a trace noted into words."""
    decider = note.finding.decider
    return Explanation(
        note.node,
        note.verdict,
        note.finding.reason,
        _hint(note.node, note.finding),
        actual_values(note.node, note.finding),
        location(decider.where) if decider is not None else "",
        location(note.element.where) if note.element is not None else "",
        tuple(map(explained, note.children)),
        note.omitted,
    )


def _hint(node: Clause, finding: Finding) -> str:
    """Say what would make values comparable that are of different kinds; `==` and `in` only call them different."""
    if finding.cause is not None:
        return finding.cause.hint
    match node:
        case Compare(left=left, right=right) if finding.operands:
            pairs = [(one.value, other.value) for one in finding.operands[0] for other in finding.operands[1]]
            advice = next(
                (advice for pair in pairs[:ADVISED_PAIRS] if (advice := advise(left, pair[0], right, pair[1]))), ()
            )
        case In(item=item, options=ListLiteral(items=options)) if finding.operands:
            listed = [(option, literal(option)) for option in options[:ADVISED_PAIRS]]
            pairs_ = [(one.value, option, value) for one in finding.operands[0][:1] for option, value in listed]
            advice = next((advice for one, option, value in pairs_ if (advice := advise(item, one, option, value))), ())
        case _:
            advice = ()
    return Reason((), advice).hint


def _lines(one: Explanation, depth: int) -> Iterator[str]:
    """Write a clause, what it found one step further in, and the clauses inside it."""
    match one.node:
        case And():
            title = "and"
        case Or():
            title = "or"
        case Not():
            title = "not"
        case _:
            title = one.shown_clause
    margin = "  " * min(depth, 16)
    # "no match" is the longest verdict.
    label = f"{margin}{one.verdict.value:<8}  "
    if one.element:
        yield from _wrapped(f"{margin}with {one.element}", margin + "  ")
    yield from _wrapped(label + title, " " * (len(label) + 2))
    if not isinstance(one.node, And | Or | Not):
        notes = [str(actual) for actual in one.actual]
        notes += [f"because {one.reason}"] if one.reason else []
        notes += [f"hint: {one.hint}"] if one.hint else []
        if one.decided_by and len(one.actual) + len(one.children) > 1:
            notes.append(f"decided by {one.decided_by}")
        for note in notes:
            yield from _wrapped(" " * len(label) + note, " " * (len(label) + 2))
    for position, child in enumerate(one.children, 1):
        if one.omitted and position == len(one.children):
            yield from _wrapped(f"{margin}  {one.omission}", margin + "  ")
        yield from _lines(child, depth + 1)


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True)
