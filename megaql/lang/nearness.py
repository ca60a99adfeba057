"""How far a value was from what a clause asked of it: by how much, how many letters, or in what form only.

A maintainer keeps two rules. A distance depends on the two values alone, so that the nearest of many can be kept without keeping all. And this
measures for the reader: no verdict rests on it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Context, Decimal
from difflib import SequenceMatcher
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.lang import dates, literals, regexes
from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Folded, Kind, describe, kind, number, read_number, text
from megaql.lang.nodes import Regex, TextOperator
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable


class Form(Enum):
    """How two texts differ that are the same otherwise."""

    CASE = "but for case"
    SPACES = "but for spaces around"


class Nearness(NamedTuple):
    """How near: of two values the lesser is nearer. `tier` 0 is a difference of form, 1 one that was measured, 2 any other; `remark` is it in words."""

    tier: int
    distance: Decimal | int = 0
    remark: str = ""
    form: Form | None = None


#: No more can be said than that the value is another one.
FAR: Final = Nearness(2)

#: The value is the bound, which the order leaves out.
AT_BOUND: Final = Nearness(1, 0, "the bound itself")

_BUT_FOR_CASE: Final = Nearness(0, 0, Form.CASE.value, Form.CASE)
_BUT_FOR_SPACES: Final = Nearness(0, 1, Form.SPACES.value, Form.SPACES)

#: Code points of a text that are compared letter by letter.
COMPARED: Final = 64

_EXACT: Final = Context(prec=40, Emax=999_999, Emin=-999_999, traps=[])


def to_value(value: object, wanted: object) -> Nearness:
    """Say how near a value is to being equal to another one."""
    kinds = kind(value), kind(wanted)
    if kinds == (Kind.STRING, Kind.STRING):
        return _to_text(text(value), text(wanted))
    if kinds[0] is kinds[1] or isinstance(wanted, Moment):
        return to_bound(value, wanted)
    if Kind.STRING in kinds and _reads_as(value, wanted):
        return Nearness(0, 0, f"{describe(value)}, not {describe(wanted)}")
    return FAR


def _reads_as(value: object, wanted: object) -> bool:
    """Whether one of two values is the text of the other."""
    words, other = (text(value), wanted) if kind(value) is Kind.STRING else (text(wanted), value)
    match kind(other):
        case Kind.NUMBER if not isinstance(other, CountRange):
            return read_number(words) == number(other)
        case Kind.BOOLEAN:
            return words.casefold() == str(other).casefold()
        case Kind.NULL:
            return words.casefold() in {"null", "none", ""}
    return False


def to_bound(value: object, bound: object) -> Nearness:
    """Say how near a value is to a bound of an order: numbers, dates and durations by their difference."""
    if isinstance(bound, Moment) or isinstance(value, Moment) or Kind.DATE in (kind(value), kind(bound)):
        return _between_dates(value, bound)
    match kind(value), kind(bound):
        case Kind.NUMBER, Kind.NUMBER:
            return _between_numbers(value, bound)
        case Kind.DURATION, Kind.DURATION:
            return _apart(value, bound)
        case Kind.STRING, Kind.NUMBER if read_number(text(value)) is not None:
            return Nearness(0, 0, "a string, not a number")
    return FAR


def _between_numbers(value: object, bound: object) -> Nearness:
    if isinstance(value, CountRange) or isinstance(bound, CountRange):
        return FAR
    one, other = number(value), number(bound)
    if one is None or other is None:
        return FAR
    difference = _EXACT.subtract(Decimal(one), Decimal(other)).copy_abs()
    if not difference.is_finite():
        return FAR
    if not difference:
        return AT_BOUND
    words = f"{difference.normalize(_EXACT):f}" if -10 < difference.adjusted() < 20 else f"{difference:.2E}"
    return Nearness(1, difference, f"off by {words}")


def _between_dates(value: object, bound: object) -> Nearness:
    one, other = _moment(value), _moment(bound)
    if one is None or other is None:
        return FAR
    start, end = one.start, other.start
    # From behind, a whole day is as near as its end.
    if other.whole_day and start >= end:
        return _apart(start, min(start, _end_of(end)))
    if one.whole_day and end >= start:
        return _apart(end, min(end, _end_of(start)))
    return _apart(start, end)


def _end_of(day: Any) -> Any:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        return day


def _moment(value: Any) -> Moment | None:
    if isinstance(value, Moment):
        return value
    instant = dates.read(text(value)) if kind(value) is Kind.STRING else dates.aware(value)
    return None if instant is None else Moment(instant)


def _apart(one: Any, other: Any) -> Nearness:
    try:
        apart = max(one, other) - min(one, other)
    except OverflowError:
        return FAR
    if not apart:
        return AT_BOUND
    milliseconds = apart // timedelta(milliseconds=1)
    # No more of a unit than anyone reads: seconds of a minute, minutes of a day.
    unit = next((unit for unit, from_ in ((60_000, 86_400_000), (1_000, 60_000)) if milliseconds >= from_), 1)
    words = literals.write_duration(timedelta(milliseconds=milliseconds // unit * unit))
    return Nearness(1, milliseconds, f"off by {words}")


def _to_text(value: str, wanted: str) -> Nearness:
    if (form := _form(value, wanted, str.__eq__)) is not None:
        return form
    one, other = value[:COMPARED].casefold(), wanted[:COMPARED].casefold()
    most = max(1, len(other) // 3)
    if len(value) > COMPARED or abs(len(one) - len(other)) > most:
        return FAR
    edits = _edits(one, other, most)
    return FAR if edits > most or edits >= len(other) else Nearness(1, edits, counted(edits, "letter") + " off")


def _form(value: str, wanted: str, holds: Callable[[str, str], bool]) -> Nearness | None:
    """Say whether a test would hold but for case or for the spaces around."""
    if holds(value.casefold(), wanted.casefold()):
        return _BUT_FOR_CASE
    if value.strip() != value and holds(value.strip().casefold(), wanted.casefold()):
        return _BUT_FOR_SPACES
    return None


def _edits(one: str, other: str, most: int) -> int:
    """Return how many letters have to be put in, taken out or changed, or more than `most` as soon as that is certain."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        before, row = row, [place]
        for column, wanted in enumerate(other, 1):
            row.append(min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != wanted)))
        if min(row) > most:
            return most + 1
    return row[-1]


def to_regex(value: object, regex: Regex) -> Nearness:
    """Say whether a regex would be found in a string but for case."""
    if kind(value) is Kind.STRING and "i" not in regex.flags:
        try:
            if regexes.search(Regex(regex.pattern, "".join(sorted(f"{regex.flags}i"))), text(value)):
                return _BUT_FOR_CASE
        except regexes.PatternError:
            return FAR
    return FAR


#: Where the plain text at the start of a glob ends.
_WILD: Final = re.compile(r"[*?\\]")


def to_text_test(operator: TextOperator, value: object, operand: object) -> Nearness:
    """Say how much of what a string test looks for is there."""
    if kind(value) is not Kind.STRING or kind(operand) is not Kind.STRING:
        return FAR
    whole, part = text(value), text(operand)
    if not isinstance(operand, Folded):
        tests = {
            TextOperator.STARTSWITH: str.startswith,
            TextOperator.ENDSWITH: str.endswith,
            TextOperator.CONTAINS: str.__contains__,
            TextOperator.LIKE: lambda text, glob: regexes.like(glob, text),
        }
        try:
            if (form := _form(whole, part, tests[operator])) is not None:
                return form
        except regexes.PatternError:
            return FAR
    return _shared(operator, whole[: 10 * COMPARED].casefold(), part[:COMPARED].casefold())


def _shared(operator: TextOperator, whole: str, part: str) -> Nearness:
    if operator is TextOperator.CONTAINS:
        shared, where = SequenceMatcher(None, whole, part, autojunk=False).find_longest_match().size, "only"
    else:
        if operator is TextOperator.LIKE:
            part = _WILD.split(part, maxsplit=1)[0]
        if operator is TextOperator.ENDSWITH:
            whole, part = whole[::-1], part[::-1]
        most = len(part) // 3
        if 0 < (edits := _edits(whole[: len(part)], part, most)) <= most:
            return Nearness(1, edits, f"{counted(edits, 'letter')} off")
        shared, where = _prefix(whole, part), "the last" if operator is TextOperator.ENDSWITH else "the first"
    if shared < 2:
        return FAR
    return Nearness(1, len(part) - shared, f"{where} {shared} of {len(part)} letters are there")


def _prefix(one: str, other: str) -> int:
    return next(
        (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
