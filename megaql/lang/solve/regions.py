"""Values that stand for all others: one for each constant, and one for each region between two constants next to each other.

A maintainer keeps one rule: every value of the kind lies in the region of one that is returned. Where there is a choice, the one that
people would write is taken.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.lang.dates import Moment

#: Enough digits for the middle of any two numbers that a query may write.
_EXACT: Final = Context(prec=16_000, Emax=999_999, Emin=-999_999)

#: Beyond this, whole numbers are looked for by arithmetic on decimals only.
_SMALL: Final = 10**15


def numbers(constants: Iterable[int | Decimal]) -> list[int | Decimal]:
    """Return the constants and a number in each gap, below the first and above the last; NaN stands apart."""
    cuts: list[int | Decimal] = sorted(set(constants))
    if not cuts:
        return [1]
    gaps = [_between(low, high) for low, high in pairwise(cuts)]
    return [*cuts, *gaps, _beside(cuts[-1], 1), _beside(cuts[0], -1)]


def _between(low: int | Decimal, high: int | Decimal) -> int | Decimal:
    if -_SMALL < low < _SMALL:
        whole = _floor(low) + 1
        if whole < high:
            return whole
    return _EXACT.multiply(_EXACT.add(Decimal(low), Decimal(high)), Decimal("0.5"))


def _beside(cut: int | Decimal, step: int) -> int | Decimal:
    if -_SMALL < cut < _SMALL:
        return _floor(cut) + 1 if step > 0 else -_floor(-cut) - 1
    return _EXACT.add(_EXACT.multiply(Decimal(cut), Decimal(2 if (cut > 0) is (step > 0) else 0)), Decimal(step))


def _floor(number: int | Decimal) -> int:
    return number if isinstance(number, int) else int(number.to_integral_value(ROUND_FLOOR))


#: Texts that read well where any text will do.
_WORDS: Final = ("other", "another", "x", "m", "zz", "Z", "A", "1")


def texts(constants: Iterable[str]) -> list[str]:
    """Return the constants and a text in each gap of the order by code point, where there is one."""
    cuts = sorted(set(constants))
    if not cuts:
        return ["other", ""]
    gaps = [_text_between(low, high) for low, high in pairwise(cuts) if high != low + "\0"]
    last = _text_between(cuts[-1], None)
    first = [] if cuts[0] == "" else ["", *(word for word in _WORDS if word < cuts[0])]
    return [*cuts, last, *gaps, *first]


def _text_between(low: str, high: str | None) -> str:
    for text in (*_WORDS, f"{low}-other", f"{low}a", f"{low}0", f"{low} "):
        if low < text and (high is None or text < high):
            return text
    return low + "\0"


_TICK: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_STEPS: Final = (_DAY, timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1))
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def instants(moments: Iterable[Moment]) -> list[datetime]:
    """Return an instant of each region that the moments cut time into."""
    starts: set[datetime] = set()
    for moment in moments:
        starts |= set(_edges(moment))
    if not starts:
        return [datetime(2026, 1, 1, tzinfo=UTC)]
    cuts = sorted(starts)
    inside = [_instant_in(low, high) for low, high in zip(cuts, [*cuts[1:], None], strict=True)]
    return inside if cuts[0] == _FIRST else [*inside, _minus(cuts[0], _DAY)]


def _edges(moment: Moment) -> Iterator[datetime]:
    yield moment.start
    length = _DAY if moment.whole_day else _TICK
    if moment.start <= _LAST - length:
        yield moment.start + length


def _instant_in(low: datetime, high: datetime | None) -> datetime:
    """Return an instant from `low` on and before `high`: a round one, unless `low` alone will do."""
    if low.microsecond != _TICK.microseconds:
        return low
    base = low - _TICK
    for step in _STEPS:
        if base <= _LAST - step and (high is None or base + step < high):
            return base + step
    return low


def _minus(instant: datetime, length: timedelta) -> datetime:
    return instant - length if instant >= _FIRST + length else _FIRST


def durations(constants: Iterable[timedelta]) -> list[timedelta]:
    """Return the constants and a duration in each gap, below the first and above the last."""
    cuts = sorted(set(constants))
    if not cuts:
        return [timedelta(minutes=1)]
    gaps = [low + (high - low) / 2 for low, high in pairwise(cuts) if high - low > _TICK]
    outer = [cuts[-1] + step for step in (timedelta(seconds=1), _TICK) if cuts[-1] <= timedelta.max - step][:1]
    outer += [cuts[0] - step for step in (timedelta(seconds=1), _TICK) if cuts[0] >= timedelta.min + step][:1]
    return [*cuts, *gaps, *outer]


def iso(instant: datetime) -> str:
    """Return the text that the language reads as this instant."""
    return instant.isoformat().replace("+00:00", "Z")
