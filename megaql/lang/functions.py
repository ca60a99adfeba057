"""The functions of the language, on values a path has found.

A maintainer keeps two rules. A function maps over the elements of an array like every operator does, except `length` and `size`, which
ask about the array itself. And what a function cannot do is a value with a reason, not an error: data never raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from megaql.lang import dates
from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Kind, describe, kind, number, read_number, text
from megaql.lang.paths import Found, leaves
from megaql.lang.reasons import Phrase, Reason, missing, not_a
from megaql.lang.record import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.lang.budget import Budget
    from megaql.lang.nodes import Call, Value


class Clock:
    """The time of one evaluation: read on first use, the same for every `now()`, `age()` and `ago()` in it."""

    __slots__ = ("_now",)

    def __init__(self, now: datetime | None = None) -> None:
        self._now = None if now is None else dates.aware(now)

    def now(self) -> datetime:
        """Return the evaluation's time, in UTC."""
        if self._now is None:
            self._now = datetime.now(UTC)
        return self._now


#: What a function does with one value that is neither missing nor unknown: another value, or the reason why not. The node is the
#: argument, for the reason.
Function: TypeAlias = "Callable[[Any, Value, Clock], object]"


def call(node: Call, arguments: Sequence[Sequence[Found]], clock: Clock, budget: Budget) -> list[Found]:
    """Apply a function to what its argument leads to; a missing argument stays missing, with the argument named."""
    if node.function == "now" and not arguments:
        return [Found(Moment(clock.now()))]
    known = FUNCTIONS.get(node.function)
    if known is None or len(arguments) != 1:
        return [Found(Reason((f"{node.function}() is no function with {len(arguments)} arguments",)))]
    argument = node.arguments[0]
    return [
        Found(_apply(known.function, found.value, argument, clock), found.where)
        for found in _inputs(arguments[0], budget, whole=known.whole)
    ]


def _inputs(found: Sequence[Found], budget: Budget, *, whole: bool) -> Iterator[Found]:
    for one in found:
        budget.spend()
        if whole:
            yield one
        else:
            yield from leaves(one, budget)


def _apply(function: Function, value: object, argument: Value, clock: Clock) -> object:
    if isinstance(value, Reason):
        return value
    if value is MISSING:
        return missing(argument)
    if isinstance(value, CountRange):
        return Reason((argument, " is not known exactly"))
    return function(value, argument, clock)


def _number(value: Any, node: Value, _clock: Clock) -> object:
    if kind(value) is Kind.NUMBER:
        return value
    if kind(value) is not Kind.STRING:
        return not_a(node, value, "a number or the text of one")
    exact = read_number(text(value))
    return Reason((node, " is a string that is no number")) if exact is None else exact


def _text_function(change: Callable[[str], str]) -> Function:
    def apply(value: Any, node: Value, _clock: Clock) -> object:
        return change(text(value)) if kind(value) is Kind.STRING else not_a(node, value, "a string")

    return apply


def _length(value: Any, node: Value, _clock: Clock) -> object:
    if kind(value) is Kind.STRING:
        return len(text(value))
    if kind(value) in {Kind.ARRAY, Kind.OBJECT, Kind.BINARY}:
        return len(value)
    return not_a(node, value, "a string, an array, an object or binary data")


def _size(value: Any, node: Value, _clock: Clock) -> object:
    if kind(value) is Kind.STRING:
        return len(text(value).encode("utf-8", "surrogatepass"))
    if kind(value) is Kind.BINARY:
        return len(value)
    advice: Phrase = ("length(", node, ") counts elements") if kind(value) in {Kind.ARRAY, Kind.OBJECT} else ()
    return not_a(node, value, "a string or binary data", advice)


def _date(value: Any, node: Value, _clock: Clock) -> object:
    if isinstance(value, Moment):
        return value
    if kind(value) is Kind.STRING:
        instant = dates.read(text(value))
        return Reason((node, " is a string that is no ISO 8601 date")) if instant is None else Moment(instant)
    if kind(value) is Kind.DATE:
        return _moment(dates.aware(value), node)
    advice: Phrase = (
        ("epoch(", node, ") reads seconds since 1970 as a date, epoch_ms(", node, ") milliseconds")
        if kind(value) is Kind.NUMBER
        else ()
    )
    return not_a(node, value, "a date or the text of one", advice)


def _moment(instant: datetime | None, node: Value) -> object:
    return Reason((node, " is a date outside the years 1 to 9999")) if instant is None else Moment(instant)


def _epoch_function(milliseconds: int) -> Function:
    def apply(value: Any, node: Value, _clock: Clock) -> object:
        if kind(value) is not Kind.NUMBER:
            advice: Phrase = ("write it around number(", node, ")") if kind(value) is Kind.STRING else ()
            return not_a(node, value, "a number", advice)
        exact = number(value)
        if exact is None or not -_LAST_EPOCH <= exact <= _LAST_EPOCH:
            return Reason((node, f" is {describe(value)} that is no time between the years 1 and 9999"))
        return _moment(dates.from_milliseconds(int(exact * milliseconds)), node)

    return apply


#: More milliseconds than the year 9999 has; larger numbers are refused before they are multiplied or rounded.
_LAST_EPOCH: Final = 10**15


def _age(value: Any, node: Value, clock: Clock) -> object:
    then = _date(value, node, clock)
    return clock.now() - then.start if isinstance(then, Moment) else then


def _ago(value: Any, node: Value, clock: Clock) -> object:
    if not isinstance(value, timedelta):
        return not_a(node, value, "a duration")
    try:
        return Moment(clock.now() - value)
    except OverflowError:
        return Reason((node, " ago is before the year 1"))


@dataclass(frozen=True, slots=True)
class _Known:
    function: Function
    whole: bool = False


#: Every function by its name; `now` stands apart, since it takes nothing.
FUNCTIONS: Final = {
    "number": _Known(_number),
    "lower": _Known(_text_function(str.lower)),
    "upper": _Known(_text_function(str.upper)),
    "length": _Known(_length, whole=True),
    "size": _Known(_size, whole=True),
    "date": _Known(_date),
    "epoch": _Known(_epoch_function(1000)),
    "epoch_ms": _Known(_epoch_function(1)),
    "age": _Known(_age),
    "ago": _Known(_ago),
}
