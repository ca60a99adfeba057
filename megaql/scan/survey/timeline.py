"""Counts over time without knowing beforehand how long it will be: bins that grow wider when there are too many of them.

A maintainer keeps two rules. Each width divides the next one, so that bins are joined and never split: counts stay exact. And all series of one
timeline share one width, so that they can be drawn above each other.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Bins that are kept of one series before all become wider.
MAX_BINS: Final = 160

#: Widths of bins, each a part of the next: those of a clock's face up to a day, then weeks. Milliseconds.
WIDTHS: Final = (
    *(1, 5, 10, 50, 100, 500),
    *(1_000, 2_000, 10_000, 30_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000),
    *(10_800_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000),
)

#: Beyond the last of the widths, each is this many times the one before.
FURTHER: Final = 4

#: A picture leaves out so small a part of the messages at either end, where it then shows the rest in detail.
STRAY_SHARE: Final = 0.01

#: How much shorter the time has to become by that.
STRAY_GAIN: Final = 4

#: Columns that any number of messages may have, and so many times its square root for many.
FEW_COLUMNS: Final = 12
COLUMNS_BY_ROOT: Final = 3


class Frame(NamedTuple):
    """The time that a picture shows: columns of a width from `start` on, and how many messages are before and after."""

    start: int
    width: int
    columns: int
    before: int = 0
    after: int = 0

    def row(self, series: Mapping[int, int], own_width: int) -> list[int]:
        """Return a series' counts, one a column."""
        row = [0] * self.columns
        for index, count in series.items():
            place = (index * own_width - self.start) // self.width
            if 0 <= place < self.columns:
                row[place] += count
        return row

    @property
    def starts(self) -> list[int]:
        """When each column begins."""
        return [self.start + place * self.width for place in range(self.columns)]


class Timeline:
    """A clock for any number of series: `add` counts a moment in some of them."""

    def __init__(self) -> None:
        self.width = WIDTHS[0]
        self.all: Counter[int] = Counter()
        self._series: list[Counter[int]] = [self.all]

    def series(self) -> Counter[int]:
        """Return a new series; its keys are bins of the timeline's width."""
        made: Counter[int] = Counter()
        self._series.append(made)
        return made

    def add(self, moment: int, *series: Counter[int]) -> None:
        """Count a moment, in milliseconds after 1970, in the whole and in some series."""
        index = moment // self.width
        self.all[index] += 1
        for one in series:
            one[index] += 1
        while len(self.all) > MAX_BINS:
            self._widen()

    def frame(self, room: int) -> Frame | None:
        """Return the time to show in at most `room` columns, without the strays at its ends.

        `None` where nothing was counted, or there is no room. Few messages get few columns, or most of them would be empty.
        """
        if not self.all or room < 2:
            return None
        room = min(room, max(FEW_COLUMNS, COLUMNS_BY_ROOT * math.isqrt(self.all.total())))
        first, last = min(self.all), max(self.all)
        inner_first, inner_last = self._without_strays()
        if (last - first + 1) >= STRAY_GAIN * (inner_last - inner_first + 1):
            first, last = inner_first, inner_last
        width = next(
            width
            for width in widths(self.width)
            if (last * self.width // width) - (first * self.width // width) + 1 <= room
        )
        start = first * self.width // width * width
        columns = (last * self.width - start) // width + 1
        end = start + columns * width
        before = sum(count for index, count in self.all.items() if index * self.width < start)
        after = sum(count for index, count in self.all.items() if index * self.width >= end)
        return Frame(start, width, columns, before, after)

    def _without_strays(self) -> tuple[int, int]:
        """Return the first and last bin without the part at either end that may be left out."""
        spare = int(self.all.total() * STRAY_SHARE)
        bins = sorted(self.all)
        return _after(spare, bins, self.all), _after(spare, bins[::-1], self.all)

    def _widen(self) -> None:
        wider = next(width for width in widths(self.width) if width > self.width)
        factor = wider // self.width
        for series in self._series:
            joined: Counter[int] = Counter()
            for index, count in series.items():
                joined[index // factor] += count
            series.clear()
            series.update(joined)
        self.width = wider


def _after(spare: int, bins: list[int], counts: Mapping[int, int]) -> int:
    for index in bins:
        spare -= counts[index]
        if spare < 0:
            return index
    return bins[-1]


def widths(least: int) -> Iterator[int]:
    """Yield the widths from one on, without end."""
    yield from (width for width in WIDTHS if width >= least)
    width = WIDTHS[-1] * FURTHER
    while True:
        if width >= least:
            yield width
        width *= FURTHER
