"""Why a test can never hold: the reasons that have words of their own, from literals, functions and fields of the envelope alone.

A maintainer keeps one rule: a reason is given only where the test is never MATCH on any record; a test checks it against the solver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.errors import QueryError
from megaql.lang import literals, nodes, parser
from megaql.lang.budget import Budget
from megaql.lang.check.editing import swapped
from megaql.lang.compare import relate
from megaql.lang.kinds import Kind, kind
from megaql.lang.nodes import Comparison
from megaql.lang.operand_checks import describe
from megaql.lang.operands import literal
from megaql.lang.printer import to_text
from megaql.lang.vocabulary import nearest

if TYPE_CHECKING:
    from megaql.lang.check.page import Page
    from megaql.lang.nodes import Clause, Value
    from megaql.source import Span


class Why(NamedTuple):
    """Why a test never holds: words after a colon, the place, what to write, and the replacement where one is certain."""

    words: str
    span: Span
    label: str = ""
    fix: str | None = None
    fix_span: Span | None = None
    code: str = ""


#: What some fields of the envelope can be.
VALUES: Final = {"kind": ("mega", "data", "text", "blob"), "format": ("json", "bson", "base64", "text")}

#: The kinds of the envelope's fields.
_FIELDS: Final = {
    **dict.fromkeys(("size", "receive_count"), Kind.NUMBER),
    **dict.fromkeys(("sent_at", "first_received_at"), Kind.DATE),
    **dict.fromkeys(
        ("id", "group_id", "dedup_id", "sequence", "topic", "subject", "format", "kind", "queue", "body"), Kind.STRING
    ),
}

#: The kinds of what functions give.
_RESULTS: Final = {
    **dict.fromkeys(("number", "length", "size"), Kind.NUMBER),
    **dict.fromkeys(("date", "epoch", "epoch_ms", "ago", "now"), Kind.DATE),
    **dict.fromkeys(("lower", "upper"), Kind.STRING),
    "age": Kind.DURATION,
}

_ORDERINGS: Final = frozenset({Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE})


def never(page: Page, test: Clause) -> Why | None:
    """Return why the positive form of a test never holds, or None where nothing special is known."""
    match test:
        case nodes.Between(low=low, high=high) if _is_literal(low) and _is_literal(high):
            if (why := _reversed(page, low, high)) is not None:
                return why
            return next((why for end in (low, high) if (why := _other_kind(test.value, end, ordered=True))), None)
        case nodes.In(options=nodes.ListLiteral(items=())):
            return Why("the list is empty", test.options.span, "put something into the list")
        case nodes.Compare(operator=operator, left=left, right=right):
            ordered = operator in _ORDERINGS
            for value, constant in ((left, right), (right, left)):
                if _is_literal(constant):
                    why = _other_value(value, constant) if not ordered else None
                    if (why := why or _other_kind(value, constant, ordered=ordered)) is not None:
                        return why
        case nodes.Matches(value=value) | nodes.TextTest(value=value) | nodes.InCidr(value=value):
            of = kind_of(value)
            if of is not None and of is not Kind.STRING:
                return Why(f"{_name(value)} is {of.value}, not a string", value.span, "compare it with ==")
    return None


def _is_literal(value: Value) -> bool:
    return not isinstance(value, nodes.Path | nodes.Default | nodes.Call | nodes.Count | nodes.Param | nodes.Regex)


def kind_of(value: Value) -> Kind | None:
    """Return the kind that a value has wherever it is known, None for a path of the body."""
    match value:
        case nodes.Call(function=function):
            return _RESULTS.get(function)
        case nodes.Count():
            return Kind.NUMBER
        case nodes.Path(segments=(nodes.Key(name),), root=nodes.Root.ENVELOPE):
            return _FIELDS.get(name)
        case _:
            return None


def _name(value: Value) -> str:
    return f"{value.function}()" if isinstance(value, nodes.Call) else to_text(value)


def _reversed(page: Page, low: Value, high: Value) -> Why | None:
    low_value, high_value = literal(low), literal(high)  # type: ignore[arg-type] # literals, the caller says
    if relate(Comparison.LT, high_value, low_value, Budget()) is not True:
        return None
    edit = swapped(page, low.span, high.span)
    return Why("the bounds are the wrong way round", low.span.to(high.span), f"replace with {edit.fix}", *edit)


def other_value(value: Value, constant: nodes.String) -> Why | None:
    """Return why a field of the envelope never has a value."""
    match value:
        case nodes.Path(segments=(nodes.Key(name),), root=nodes.Root.ENVELOPE) if name in VALUES:
            values = VALUES[name]
        case _:
            return None
    if (constant.value.casefold() if constant.fold else constant.value) in values:
        return None
    listed = ", ".join(f'"{one}"' for one in values[:-1]) + f' or "{values[-1]}"'
    near = nearest(constant.value, values) if len(constant.value) < 100 else None
    label = f'did you mean "{near}"?' if near else ""
    fix = literals.write_string(near) if near else None
    return Why(f"@{name} is {listed}", constant.span, label, fix, code="envelope-value")


def _other_value(value: Value, constant: Value) -> Why | None:
    return other_value(value, constant) if isinstance(constant, nodes.String) else None


def _other_kind(value: Value, constant: Value, *, ordered: bool) -> Why | None:
    """Return why a value and a literal are never comparable, with the literal that was probably meant."""
    of, given = kind_of(value), kind(literal(constant))  # type: ignore[arg-type] # a literal, the caller says
    if of is None or of is given or (of is Kind.STRING and given is Kind.DATE):
        return None
    verb = "are never in order" if ordered else "are never equal"
    words = f"{_name(value)} is {of.value} and {describe(constant)} is no {of.value.partition(' ')[2]}, so they {verb}"
    meant = _meant(constant, of) if isinstance(constant, nodes.String) else None
    label = f"replace with {meant}" if meant else ""
    return Why(words, constant.span, label, meant, code="other-kind")


def _meant(constant: nodes.String, of: Kind) -> str | None:
    """Return the literal of a kind that a string spells."""
    text = constant.value.strip()
    for written in (text, f'd"{text}"'):
        try:
            read = parser.parse(f"x == {written}")
        except QueryError:
            continue
        if isinstance(read, nodes.Compare) and _is_literal(read.right) and kind(literal(read.right)) is of:  # type: ignore[arg-type] # a literal
            return to_text(read.right)
    return None
