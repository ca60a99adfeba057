"""Whether an operator holds for one value that was found: the small questions the evaluator asks.

A maintainer keeps one rule: an answer is true, false, or the reason why nobody can say, and never an exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from megaql.lang.findings import Answer, Finding, any_of
from megaql.lang.kinds import CountRange, Folded, Kind, kind, number, text
from megaql.lang.nodes import KindName, Quantifier, TextOperator
from megaql.lang.reasons import Reason, missing, not_a
from megaql.lang.record import MISSING
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.lang.nodes import IsKind, Opaque, Value
    from megaql.lang.paths import Found

_KINDS: Final = {
    KindName.NULL: Kind.NULL,
    KindName.STRING: Kind.STRING,
    KindName.NUMBER: Kind.NUMBER,
    KindName.BOOLEAN: Kind.BOOLEAN,
    KindName.ARRAY: Kind.ARRAY,
    KindName.OBJECT: Kind.OBJECT,
}


def has_kind(node: IsKind, found: Found) -> Answer:
    """`is` asks about the value itself: an array is an array, whatever its elements are."""
    if (why := unknowable(found, node.value)) is not None:
        return why
    of = kind(found.value)
    if node.kind is KindName.NAN:
        return of is Kind.NUMBER and not isinstance(found.value, CountRange) and number(found.value) is None
    return of is _KINDS[node.kind]


def unknowable(found: Found, node: Value) -> Reason | None:
    """Return why a value takes part in no comparison: it is missing, or it is itself unknown."""
    if found.value is MISSING:
        return missing(node)
    return found.value if isinstance(found.value, Reason) else None


def is_array(found: Found) -> bool:
    """Say whether a value is an array of the document; a list that the query wrote is one value."""
    return found.where is not None and kind(found.value) is Kind.ARRAY


def decided(quantifier: Quantifier, verdict: Verdict, matches: int) -> Verdict | None:
    """Return the verdict that one more element settles, whatever the rest is; `matches` counts this element."""
    match quantifier:
        case Quantifier.ANY:
            return Verdict.MATCH if verdict is Verdict.MATCH else None
        case Quantifier.ALL:
            return Verdict.NO_MATCH if verdict is Verdict.NO_MATCH else None
        case Quantifier.NONE:
            return Verdict.NO_MATCH if verdict is Verdict.MATCH else None
        case Quantifier.ONE:
            return Verdict.NO_MATCH if matches > 1 else None
        case _:
            assert_never(quantifier)


def text_holds(operator: TextOperator, value: object, operand: object) -> Answer:
    """Apply a string test to two strings, both casefolded when one of them says so."""
    whole, part = text(value), text(operand)
    if isinstance(value, Folded) or isinstance(operand, Folded):
        whole, part = whole.casefold(), part.casefold()
    match operator:
        case TextOperator.STARTSWITH:
            return whole.startswith(part)
        case TextOperator.ENDSWITH:
            return whole.endswith(part)
        case TextOperator.CONTAINS:
            return part in whole
        case TextOperator.LIKE:
            from megaql.lang import regexes  # noqa: PLC0415 - RE2 takes long to import, and most queries have no pattern

            try:
                return regexes.like(part, whole)
            except regexes.PatternError:
                return Reason(("the pattern of like is too large",))
        case _:
            assert_never(operator)


def exists(values: Sequence[Found]) -> Finding:
    """Say whether a path leads to at least one value, null and empty ones included."""
    return any_of(
        ((value.value if isinstance(value.value, Reason) else value.value is not MISSING, value) for value in values),
        values,
    )


def has_content(found: Found) -> Answer:
    """Say whether a value is there and is not null, `""`, `[]` or `{}`."""
    value = found.value
    if isinstance(value, Reason):
        return value
    if value is MISSING or value is None:
        return False
    if kind(value) in {Kind.STRING, Kind.ARRAY, Kind.OBJECT, Kind.BINARY} and hasattr(value, "__len__"):
        return len(value) > 0
    return True


def is_true(node: Value, found: Found) -> Answer:
    """Say whether a value that stands alone is true; only booleans may."""
    if (why := unknowable(found, node)) is not None:
        return why
    return found.value if isinstance(found.value, bool) else not_a(node, found.value, "a boolean")


def call_opaque(node: Opaque, found: Found) -> Answer:
    """Ask the user's function about one value; what it raises is a reason."""
    if (why := unknowable(found, node.path)) is not None:
        return why
    try:
        return bool(node.function(found.value))
    except Exception as error:  # noqa: BLE001 - it is the user's function, and a verdict never raises
        return Reason((f"{node.name} raised {type(error).__name__} on ", node.path))
