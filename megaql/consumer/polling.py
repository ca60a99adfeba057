"""How many receives run side by side, and when the next one may begin.

A maintainer keeps two rules. The number grows only while receives come back full, because every further one is a request that is paid for, and
on an idle queue one is enough. And a failure slows all of them down together, since it is the same queue that they ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from megaql.consumer.backoff import Backoff

#: Seconds from the start of an empty receive to the next one, at least: a server that does not wait must not be asked without end.
EMPTY_INTERVAL: Final = 0.1


class Polling:
    """Not thread-safe: the worker's own thread uses it. Times are on its monotonic clock, in seconds."""

    def __init__(self, most: int, backoff: Backoff, now: float) -> None:
        self._most = most
        self._backoff = backoff
        self._next_at = self._began_at = now
        #: How many receives there should be side by side.
        self.wanted = 1
        #: The sizes asked for by the receives that are under way.
        self.asked: list[int] = []
        #: Receives that failed, one after the other; those that failed side by side are one, since they met the same trouble.
        self.failures = 0
        self._begun_since = True  # a receive has begun since the last failure
        #: The last receive brought nothing.
        self.dry = False
        #: Nothing was in hand or asked for when the last receive began, and nothing has come since.
        self.conclusive = False

    @property
    def pending(self) -> int:
        """How many messages the receives under way may bring."""
        return sum(self.asked)

    def may_begin(self, now: float) -> bool:
        """Say whether one more receive may begin."""
        return len(self.asked) < self.wanted and now >= self._next_at

    def paused_until(self, now: float) -> float | None:
        """Return when the next receive may begin, where it is only the time that is waited for."""
        return self._next_at if len(self.asked) < self.wanted and self._next_at > now else None

    def begin(self, size: int, now: float, *, in_hand: int) -> None:
        """Take note of a receive that begins."""
        self.conclusive = not in_hand and not self.asked
        self.asked.append(size)
        self._began_at = now
        self._begun_since = True

    def received(self, asked: int, count: int, *, pause: bool) -> None:
        """Take note of what a receive brought; `pause` keeps a distance after one that brought nothing."""
        self.asked.remove(asked)
        self.failures = 0
        self.dry = not count
        if count:
            self.conclusive = False
        if self.dry:
            self.wanted = max(1, self.wanted - 1)
            if pause:
                self._next_at = self._began_at + EMPTY_INTERVAL
        elif count == asked:
            self.wanted = min(self._most, self.wanted + 1)

    def failed(self, asked: int, now: float) -> float:
        """Take note of a receive that failed; returns for how many seconds there is no further one."""
        self.asked.remove(asked)
        self.wanted = 1
        if self._begun_since:
            self._begun_since = False
            self.failures += 1
            self._next_at = now + self._backoff.delay(self.failures).total_seconds()
        return max(0.0, self._next_at - now)
