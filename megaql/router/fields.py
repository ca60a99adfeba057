"""The queries that look at one place of a message, by what they want there.

A maintainer keeps two rules. How a value is looked up says the same as how the evaluator compares it: numbers by their exact value, whatever their
class, ObjectIds by their text, a string against a date as a date. And readers take no lock: a dictionary is only ever asked for one key.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final, Protocol

from megaql.lang import dates
from megaql.lang.kinds import Kind, kind, number, text
from megaql.router.intervals import Intervals
from megaql.router.patterns import Patterns
from megaql.router.requirements import EndsWith, Finds, Line, OneOf, OneOfFolded, Present, StartsWith, Within, Word
from megaql.router.trie import elements
from megaql.router.ways import Hit

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from datetime import datetime

    from megaql.router.requirements import Requirement
    from megaql.router.ways import Way

    #: What has been gone through already and need not be again, where a place has several values; `None` where it has one at most.
    Seen = set[object] | None


class Bucket(Hit, Protocol):
    """The queries that want the same; false when there are none."""

    def __bool__(self) -> bool:
        """Say whether there are any."""
        ...

    def add(self, way: Way) -> None:
        """Put in one alternative of a query."""

    def remove(self, way: Way) -> None:
        """Take out an alternative that is there."""


class Table:
    """Buckets by a key that can be looked up."""

    __slots__ = ("buckets",)

    def __init__(self) -> None:
        self.buckets: dict[Hashable, Bucket] = {}

    def __bool__(self) -> bool:
        return bool(self.buckets)

    def get(self, key: Hashable) -> Bucket | None:
        """Return the bucket of a key."""
        return self.buckets.get(key)

    def add(self, key: Hashable, bucket: Bucket) -> None:
        """Add the bucket of a key that has none."""
        self.buckets[key] = bucket

    def remove(self, key: Hashable) -> None:
        """Drop the bucket of a key."""
        del self.buckets[key]


class Affixes(Table):
    """Buckets by the text that strings begin with, or end with."""

    __slots__ = ("counts", "lengths")

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[int, int] = {}
        #: The lengths of all keys, in order.
        self.lengths: tuple[int, ...] = ()

    def add(self, key: Any, bucket: Bucket) -> None:
        """Add the bucket of a text that has none."""
        self.buckets[key] = bucket
        self._count(len(key), 1)

    def remove(self, key: Any) -> None:
        """Drop the bucket of a text."""
        del self.buckets[key]
        self._count(len(key), -1)

    def up_to(self, length: int) -> Sequence[int]:
        """Return the lengths of the keys that are no longer than that."""
        return self.lengths[: bisect_right(self.lengths, length)]

    def _count(self, length: int, change: int) -> None:
        count = self.counts.pop(length, 0) + change
        if count:
            self.counts[length] = count
        if count in {0, change}:
            self.lengths = tuple(sorted(self.counts))


class Field:
    """The queries that look at one place. One thread changes it at a time, any number may ask meanwhile.

    Each sort of requirement has a table, made when it is needed. `joint` ones hold the requirements of that name.
    """

    __slots__ = (
        "_new",
        "dates",
        "ends",
        "equal",
        "folded",
        "joint_dates",
        "joint_numbers",
        "joint_texts",
        "numbers",
        "patterns",
        "present",
        "starts",
        "texts",
    )

    def __init__(self, new: Callable[[], Bucket]) -> None:
        self._new = new
        self.equal: Table | None = None
        self.folded: Table | None = None
        self.starts: Affixes | None = None
        self.ends: Affixes | None = None
        self.patterns: Patterns[Bucket] | None = None
        self.present: Table | None = None
        self.numbers: Intervals[Bucket] | None = None
        self.texts: Intervals[Bucket] | None = None
        self.dates: Intervals[Bucket] | None = None
        self.joint_numbers: Intervals[Bucket] | None = None
        self.joint_texts: Intervals[Bucket] | None = None
        self.joint_dates: Intervals[Bucket] | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__slots__ if name != "_new")

    def add(self, requirement: Requirement, way: Way) -> bool:
        """Put in a query by what it wants here. Returns whether it is the first of its sort."""
        name, make, keys = _wanted(requirement)
        held = getattr(self, name)
        table = make() if held is None else held
        for key in keys:
            bucket = table.get(key)
            if bucket is None:
                bucket = self._new()
                bucket.add(way)
                table.add(key, bucket)
            else:
                bucket.add(way)
        setattr(self, name, table)
        return held is None

    def remove(self, requirement: Requirement, way: Way) -> bool:
        """Take out a query that is there. Returns whether it was the last of its sort."""
        name, _, keys = _wanted(requirement)
        table = getattr(self, name)
        for key in keys:
            bucket = table.get(key)
            bucket.remove(way)
            if not bucket:
                table.remove(key)
        if not table:
            setattr(self, name, None)
        return not table

    def only_equal(self) -> Table | None:
        """Return the one table to look strings and integers up in, if there is no other."""
        others = (getattr(self, name) for name in self.__slots__ if name not in ("_new", "equal"))
        return self.equal if all(table is None for table in others) else None

    def collect(self, value: Any, hits: list[Hit], seen: Seen) -> None:
        """Collect the queries that want a value; `seen` is a set where there may be more than this one at the place."""
        cls = type(value)
        if cls is str:
            self._text(value, hits, seen)
        elif cls is int:
            self._number(value, hits, seen)
        elif kind(value) is Kind.ARRAY:
            seen = set() if seen is None else seen
            for element in elements(value):
                self._single(element, hits, seen)
        else:
            self._single(value, hits, seen)
        if (present := self.present) is not None:
            _look_up(present, (), hits)

    def _single(self, value: Any, hits: list[Hit], seen: Seen) -> None:
        """Look up a value of any class that is no array."""
        of = kind(value)
        if of is Kind.STRING:
            self._text(text(value), hits, seen)
        elif of is Kind.NUMBER:
            exact = number(value)
            if exact is not None:
                self._number(exact, hits, seen)
        elif of is Kind.DATE:
            self._date(dates.aware(value), hits, seen)
        elif (of is Kind.BOOLEAN or of is Kind.NULL) and (equal := self.equal) is not None:
            _look_up(equal, Word.NULL if value is None else Word.TRUE if value else Word.FALSE, hits)

    def _text(self, value: str, hits: list[Hit], seen: Seen) -> None:
        if (equal := self.equal) is not None:
            _look_up(equal, value, hits)
        if (starts := self.starts) is not None:
            for length in starts.up_to(len(value)):
                _look_up(starts, value[:length], hits)
        if (ends := self.ends) is not None:
            for length in ends.up_to(len(value)):
                _look_up(ends, value[-length:], hits)
        if (folded := self.folded) is not None:
            _look_up(folded, value.casefold(), hits)
        if (patterns := self.patterns) is not None:
            hits.extend(patterns.found_in(value))
        _lie_in(self.texts, self.joint_texts, value, hits, seen)
        if self.dates is not None or self.joint_dates is not None:
            self._date(dates.read(value), hits, seen)

    def _number(self, value: Any, hits: list[Hit], seen: Seen) -> None:
        if (equal := self.equal) is not None:
            _look_up(equal, value, hits)
        _lie_in(self.numbers, self.joint_numbers, value, hits, seen)

    def _date(self, value: datetime | None, hits: list[Hit], seen: Seen) -> None:
        if value is not None:
            _lie_in(self.dates, self.joint_dates, value, hits, seen)


def _look_up(table: Table, key: Hashable, hits: list[Hit]) -> None:
    bucket = table.buckets.get(key)
    if bucket is not None:
        hits.append(bucket)


def _lie_in(
    each: Intervals[Bucket] | None, joint: Intervals[Bucket] | None, value: Any, hits: list[Hit], seen: Seen
) -> None:
    """Collect the queries that want a value between two bounds; where there are several, any two of them may do for `joint` ones."""
    if each is not None:
        hits.extend(each.holding(value))
    if joint is None:
        return
    if seen is None:
        hits.extend(joint.holding(value))
    elif joint not in seen:
        seen.add(joint)
        hits.extend(joint.every())


def _wanted(requirement: Requirement) -> tuple[str, Callable[[], Any], Sequence[Any]]:
    """Return the name of the table for a requirement, what makes it, and the keys there."""
    match requirement:
        case OneOf(_, keys):
            return "equal", Table, keys
        case OneOfFolded(_, keys):
            return "folded", Table, keys
        case StartsWith(_, start):
            return "starts", Affixes, (start,)
        case EndsWith(_, end):
            return "ends", Affixes, (end,)
        case Finds(_, regex):
            return "patterns", Patterns, (regex,)
        case Within(_, line, low, high, joint):
            return _LINES[line][joint], Intervals, ((low, high),)
        case Present():
            return "present", Table, ((),)


#: The tables for each line: for what one value must meet, and for what several may meet together.
_LINES: Final = {
    Line.NUMBERS: ("numbers", "joint_numbers"),
    Line.TEXTS: ("texts", "joint_texts"),
    Line.DATES: ("dates", "joint_dates"),
}
