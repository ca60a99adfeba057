"""The line on a terminal that says how far a long piece of work is.

A maintainer keeps three rules: only a terminal sees it; work that is over within a second shows none, for nobody could read it; and what it says of the
time that is left is said as a guess, since SQS's counts are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.cli.environment import Environment

#: How often the line changes. Seconds.
EVERY: Final = 0.1

#: Work is silent for this long. Seconds.
SILENT: Final = 1.0

#: The bar's length where the terminal has room for it. Characters.
BAR: Final = 20

#: A guess at the time that is left needs this much of the work behind it. A part of one.
GUESS_FROM: Final = 0.02


class Progress:
    """A line on a terminal's standard error that is written over, and gone at the end. `clock` is in seconds, for tests."""

    def __init__(self, world: Environment, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._world = world
        self._clock = clock
        self._began = clock()
        self._last = self._began + SILENT - EVERY
        self._shown = False

    @property
    def seconds(self) -> float:
        """How long the work goes on."""
        return self._clock() - self._began

    def show(self, text: Callable[[], str]) -> None:
        """Change the line to what `text` returns, but not more often than anyone can read."""
        now = self._clock()
        if now - self._last >= EVERY:
            self._last = now
            self._shown = True
            self._world.stderr.write(f"\r\x1b[K{text()[: self._world.width - 1]}")
            self._world.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._shown = False
            self._world.stderr.write("\r\x1b[K")
            self._world.stderr.flush()


def how_far(what: str, done: int, total: int | None, seconds: float, width: int, *, exact: bool = False) -> str:
    """Return a progress line: what was done, and where the total is known, about or `exact`, how much of it, how fast, and what is left.

    `seconds` is how long it took so far. The bar and the guess are left out where the line has no room for them.
    """
    if not total or done > total:
        return f"{what} …"
    part = done / total
    speed = done / seconds if seconds > 0 else 0
    filled = int(part * BAR)
    texts = [
        what,
        f"of {'' if exact else 'about '}{total:,}",
        f"{'█' * filled}{'░' * (BAR - filled)} {int(part * 100)}%",
        f"{speed:,.0f}/s" if speed >= 1 else "",
        f"about {_span((total - done) / speed)} left" if speed and part >= GUESS_FROM else "",
    ]
    line = texts[0]
    for text in texts[1:]:
        if text and len(line) + 2 + len(text) < width:
            line += f"  {text}"
    return line


def _span(seconds: float) -> str:
    """Return a time as somebody who waits wants it: `40 s`, `3 min`, `2 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds)):,} s"
    return f"{round(seconds / 60):,} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"
