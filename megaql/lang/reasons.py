"""Why a result is UNKNOWN: a sentence about an operand, put together only when somebody reads it.

A maintainer keeps one rule: making a reason must cost next to nothing, because most messages lack something that some query asks
about, and nobody reads why.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from megaql.lang import dates
from megaql.lang.budget import DEEP_VISITS, STEPS
from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Kind, describe, kind, number, read_number, text
from megaql.lang.nodes import (
    Boolean,
    Date,
    Duration,
    ListLiteral,
    Null,
    Number,
    Param,
    Path,
    Regex,
    Size,
    String,
)
from megaql.lang.printer import to_text

if TYPE_CHECKING:
    from megaql.lang.nodes import Clause, Value

#: Words and the nodes between them, which are printed as a query would write them.
Phrase: TypeAlias = "tuple[str | Clause | Value, ...]"

#: The classes of values that are the same in every message.
LITERALS: Final = (Null, Boolean, Number, String, Regex, Date, Duration, Size, ListLiteral, Param)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something cannot be known, and what would help. `str()` is the reason alone."""

    phrase: Phrase
    advice: Phrase = ()

    def __str__(self) -> str:
        return _write(self.phrase)

    @property
    def hint(self) -> str:
        """What to write instead, `""` where nothing would help."""
        return _write(self.advice)


def _write(phrase: Phrase) -> str:
    return "".join(part if isinstance(part, str) else to_text(part) for part in phrase)


#: The reason of an evaluation that took more steps than it may.
STEP_BUDGET: Final = Reason((f"budget: the message took more than {STEPS:,} steps",))

#: The reason for what a `**` did not visit.
DEEP_BUDGET: Final = Reason((f"budget: ** visits no more than {DEEP_VISITS:,} values",))


def missing(node: Value) -> Reason:
    """The path of the operand leads nowhere."""
    return Reason((node, " is missing"))


def not_a(node: Value, value: object, wanted: str, advice: Phrase = ()) -> Reason:
    """The operand is of another kind than the operator needs; `wanted` names that kind, as in "a string"."""
    return Reason((node, f" is {describe(value)}, not {wanted}"), advice)


def unordered(left_node: Value, left: object, right_node: Value, right: object) -> Reason:
    """Neither of the operands comes before the other, or equality could not be decided."""
    for node, value, other in ((left_node, left, right), (right_node, right, left)):
        if (trouble := _trouble(value, other)) is not None:
            return Reason((node, f" is {trouble}"))
    if kind(left) is kind(right):
        return Reason((left_node, f" is {describe(left)}, which has no order"))
    advice = advise(left_node, left, right_node, right)
    if isinstance(right_node, LITERALS):
        return not_a(left_node, left, describe(right), advice)
    if isinstance(left_node, LITERALS):
        return not_a(right_node, right, describe(left), advice)
    return Reason((left_node, f" is {describe(left)} and ", right_node, f" is {describe(right)}"), advice)


def _trouble(value: object, other: object) -> str | None:
    """Say what about a value alone keeps it from being ordered against another, if anything."""
    of = kind(value)
    if isinstance(value, CountRange):
        return f"between {value.low:,} and {value.high:,}"
    if of is Kind.NULL:
        return "null, which has no order"
    if of is Kind.NUMBER and number(value) is None:
        return "NaN, which has no order"
    if of is Kind.STRING and isinstance(other, Moment):
        return "a string that is no ISO 8601 date"
    if of is Kind.DATE and kind(other) is Kind.DATE and not isinstance(value, Moment) and dates.aware(value) is None:
        return "a date outside the years 1 to 9999"
    return None


def advise(left_node: Value, left: object, right_node: Value, right: object) -> Phrase:
    """Say what would make two values of different kinds comparable, `()` where nothing would."""
    return _advise(left_node, left, right_node, right) or _advise(right_node, right, left_node, left)


def _advise(node: Value, value: object, other_node: Value, other: object) -> Phrase:
    kinds = kind(value), kind(other)
    if kinds == (Kind.STRING, Kind.NUMBER):
        if isinstance(node, String):
            return ("write ", node.value, " without quotes") if read_number(node.value) is not None else ()
        if isinstance(node, Path) and isinstance(read_number(text(value)), Decimal):
            return ("number(", node, ") would compare it")
    if kinds == (Kind.STRING, Kind.DATE) and not isinstance(other, Moment):
        return ('write d"…" for a date',) if isinstance(node, String) else ("date(", node, ") would compare it")
    if kinds == (Kind.NUMBER, Kind.DATE) and isinstance(node, Path):
        return ("epoch(", node, ") reads seconds since 1970 as a date, epoch_ms(", node, ") milliseconds")
    if kinds == (Kind.DATE, Kind.DURATION) and isinstance(node, Path):
        return ("age(", node, ") is the duration since then")
    if kinds == (Kind.NUMBER, Kind.DURATION) and isinstance(other_node, Duration):
        return ("write the duration as a number in the unit of ", node)
    return ()
