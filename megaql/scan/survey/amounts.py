"""Amounts of many messages: how many in which range, the least and the most, and about which value half of them have.

A maintainer keeps one rule: counts, totals and ends are exact; only quantiles are approximate, within 1 %, and are called so.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The ratio of a quantile's ranges to the next ones, which makes it wrong by 1 % at most.
GAMMA: Final = 1.02

_LOG: Final = math.log(GAMMA)


@dataclass(frozen=True, slots=True)
class Range:
    """The amounts above `above` and up to `most` (`None`: without end), and how many there are."""

    above: float
    most: float | None
    count: int


class Amounts:
    """Counts numbers that are not negative; `bounds` are the upper ends of the ranges, in order."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sketch: Counter[int | None] = Counter()
        self.count = 0
        self.total: float = 0
        self.least: float | None = None
        self.most: float | None = None

    def add(self, amount: float) -> None:
        """Count a number; below 0 counts as 0."""
        amount = max(amount, 0)
        self.count += 1
        self.total += amount
        self.least = amount if self.least is None else min(self.least, amount)
        self.most = amount if self.most is None else max(self.most, amount)
        self._counts[bisect_left(self._bounds, amount)] += 1
        self._sketch[math.ceil(math.log(amount) / _LOG) if amount else None] += 1

    def ranges(self) -> list[Range]:
        """Return the ranges from the first to the last that holds anything."""
        lows = (0, *self._bounds)
        highs = (*self._bounds, None)
        made = [Range(*one) for one in zip(lows, highs, self._counts, strict=True)]
        held = [place for place, one in enumerate(made) if one.count]
        return made[held[0] : held[-1] + 1] if held else []

    def about(self, share: float) -> float | None:
        """Return about the amount that this share of the numbers is not above, wrong by 1 % at most; `None` where there are none."""
        if self.least is None or self.most is None:
            return None
        rank = max(1, math.ceil(share * self.count))
        for key in sorted(self._sketch, key=lambda key: -math.inf if key is None else key):
            rank -= self._sketch[key]
            if rank <= 0:
                near = 0.0 if key is None else 2 * GAMMA**key / (GAMMA + 1)
                return min(max(near, self.least), self.most)
        return self.most
