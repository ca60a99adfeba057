"""Sets of code points as ranges, and the classes into which several such sets split all code points.

A maintainer keeps one rule: lone surrogates are code points here, because texts may hold them.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: The last code point.
LAST: Final = 0x10FFFF


@dataclass(frozen=True, slots=True)
class CharSet:
    """A set of code points: `ranges` are inclusive, sorted, and do not touch. Make one with `of`."""

    ranges: tuple[tuple[int, int], ...]

    @staticmethod
    def of(ranges: Iterable[tuple[int, int]]) -> CharSet:
        """Return the set of all code points in the ranges, which may come in any order and overlap."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(ranges):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(merged[-1][1], high)
            else:
                merged.append((low, high))
        return CharSet(tuple(merged))

    @staticmethod
    def chars(text: str) -> CharSet:
        """Return the set of the characters of a text."""
        return CharSet.of((ord(char), ord(char)) for char in text)

    def __contains__(self, code: int) -> bool:
        place = bisect_right(self.ranges, (code, LAST)) - 1
        return place >= 0 and code <= self.ranges[place][1]

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet.of((*self.ranges, *other.ranges))

    def __invert__(self) -> CharSet:
        edges = [-1, *(edge for one in self.ranges for edge in one), LAST + 1]
        gaps = ((edges[place] + 1, edges[place + 1] - 1) for place in range(0, len(edges), 2))
        return CharSet(tuple((low, high) for low, high in gaps if low <= high))

    def __and__(self, other: CharSet) -> CharSet:
        return ~(~self | ~other)

    def __sub__(self, other: CharSet) -> CharSet:
        return self & ~other


EVERYTHING: Final = CharSet(((0, LAST),))
NONE: Final = CharSet(())
SURROGATES: Final = CharSet(((0xD800, 0xDFFF),))


@dataclass(frozen=True, slots=True)
class Split:
    """All code points in classes: `within[n]` are the numbers of the sets that hold every code point of class `n`."""

    within: tuple[frozenset[int], ...]
    _starts: tuple[int, ...]
    _classes: tuple[int, ...]

    @staticmethod
    def by(sets: Sequence[CharSet]) -> Split:
        """Return the coarsest classes such that each set is a union of some."""
        changes: dict[int, list[int]] = {0: []}
        for number, one in enumerate(sets):
            for low, high in one.ranges:
                changes.setdefault(low, []).append(number)
                changes.setdefault(high + 1, []).append(number)
        numbers: dict[frozenset[int], int] = {}
        starts, classes, inside = [], [], frozenset[int]()
        for start in sorted(changes):
            if start > LAST:
                break
            # A set whose range ends where its next one starts never occurs: ranges do not touch.
            inside = inside.symmetric_difference(changes[start])
            starts.append(start)
            classes.append(numbers.setdefault(inside, len(numbers)))
        return Split(tuple(numbers), tuple(starts), tuple(classes))

    def class_of(self, char: str) -> int:
        """Return the number of the class that a character is in."""
        return self._classes[bisect_right(self._starts, ord(char)) - 1]

    def intervals(self) -> Iterator[tuple[int, int, int]]:
        """Yield the first and last code point of each stretch of one class, and the class."""
        for (low, after), one in zip(pairwise((*self._starts, LAST + 1)), self._classes, strict=True):
            yield low, after - 1, one

    def sets(self) -> list[CharSet]:
        """Return the code points of each class, by its number."""
        ranges: list[list[tuple[int, int]]] = [[] for _ in self.within]
        for low, high, one in self.intervals():
            ranges[one].append((low, high))
        return [CharSet.of(each) for each in ranges]


def all_chars() -> str:
    """Return a text of all code points in their order, lone surrogates included."""
    # Decoding an array is far quicker than joining a million characters.
    return array("I", range(LAST + 1)).tobytes().decode(f"utf-32-{sys.byteorder[0]}e", "surrogatepass")
