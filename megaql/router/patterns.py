"""Buckets by the regex that a string has to match: many regexes are asked together.

The regexes stand in groups, each of them one `RegexSet`. A set cannot be changed, so a new regex begins a group of its own, and groups of one size
become one of twice the size: a regex moves to another set only a few times, however many come. A maintainer keeps two rules. A set is made when
it is first asked, because whoever adds queries waits. And one that was removed stays in its set until half of the group is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from megaql.lang.searches import RegexSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.lang.nodes import Regex

B = TypeVar("B")

#: Regexes of one group, at most. Making the set of so many takes some ten milliseconds.
LARGEST: Final = 1_024


class Group:
    """Regexes that are asked together; `gone` counts those of them that were removed."""

    __slots__ = ("_set", "gone", "regexes")

    def __init__(self, regexes: dict[Regex, None]) -> None:
        self.regexes = regexes
        self.gone = 0
        self._set: tuple[RegexSet, tuple[Regex, ...]] | None = None

    def matching(self, text: str) -> Iterator[Regex]:
        """Yield the regexes that are found in a text."""
        if self._set is None:
            self._set = RegexSet(self.regexes), tuple(self.regexes)  # threads that race make it twice
        together, regexes = self._set
        for place in together.matching(text):
            yield regexes[place]


class Patterns(Generic[B]):
    """One thread changes it at a time, any number may ask meanwhile."""

    __slots__ = ("_buckets", "_groups")

    def __init__(self) -> None:
        self._buckets: dict[Regex, B] = {}
        #: The groups, the larger ones first.
        self._groups: tuple[Group, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._buckets)

    def get(self, regex: Regex) -> B | None:
        """Return the bucket of a regex."""
        return self._buckets.get(regex)

    def add(self, regex: Regex, bucket: B) -> None:
        """Add the bucket of a regex that has none."""
        self._buckets[regex] = bucket
        held = self._holding(regex)
        if held is not None:
            held.gone -= 1  # it was removed, and is still in its set
            return
        groups, last = list(self._groups), Group({regex: None})
        while groups and len(groups[-1].regexes) <= len(last.regexes) < LARGEST:
            last = Group(self._alive(groups.pop()) | last.regexes)
        self._groups = (*groups, last)

    def remove(self, regex: Regex) -> None:
        """Drop the bucket of a regex."""
        del self._buckets[regex]
        group = self._holding(regex)
        if group is None:
            return
        group.gone += 1
        if 2 * group.gone >= len(group.regexes):
            alive = self._alive(group)
            kept = [Group(alive)] if alive else []
            at = self._groups.index(group)
            self._groups = (*self._groups[:at], *kept, *self._groups[at + 1 :])

    def found_in(self, text: str) -> Iterator[B]:
        """Yield the buckets of the regexes that are found in a text."""
        for group in self._groups:
            for regex in group.matching(text):
                bucket = self._buckets.get(regex)
                if bucket is not None:
                    yield bucket

    def _holding(self, regex: Regex) -> Group | None:
        return next((group for group in self._groups if regex in group.regexes), None)

    def _alive(self, group: Group) -> dict[Regex, None]:
        return {regex: None for regex in group.regexes if regex in self._buckets} if group.gone else group.regexes
