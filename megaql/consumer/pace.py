"""How many messages to hold at once: no more than can be handled before their leases end.

A message that waits in the buffer until its lease ends has been received for nothing, and its receive count has gone up towards the
dead-letter queue. A maintainer keeps one rule: until a handler's time has been measured, nothing is taken that cannot be started now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import timedelta

#: SQS's largest receive.
LARGEST_RECEIVE: Final = 10

#: The part of a lease that buffered messages may use up before they start; the rest is for handling and for surprises.
LEASE_SHARE: Final = 0.5

#: How much of a slow message's time is still believed after the next fast one; high, so that rare slow ones count.
MEMORY: Final = 0.95

#: By how much the time of a fast message may grow with the next slow one.
GROWTH: Final = 1.1


class Pace:
    """Decides how many messages to ask for, from how long messages take. Not thread-safe: the worker's own thread uses it."""

    def __init__(self, concurrency: int, lease: timedelta) -> None:
        self._concurrency = concurrency
        self._lease_seconds = lease.total_seconds()
        self._seconds: float | None = None
        #: What a fast message takes, in seconds: most of them, where a busy machine holds some up; `None` until that is known.
        self.usual: float | None = None

    def observe(self, seconds: float) -> None:
        """Learn how long one message took."""
        if self._seconds is None or self.usual is None:
            self._seconds = self.usual = seconds
            return
        remembered, grown = self._seconds * MEMORY, self.usual * GROWTH
        self._seconds = seconds if seconds > remembered else remembered  # noqa: FURB136 - max and min take as long as all of this
        self.usual = seconds if seconds < grown else grown  # noqa: FURB136 - as above

    def capacity(self, receives: int = 1) -> int:
        """Return how many messages may be in hand, started and waiting, where so many receives run side by side."""
        if self._seconds is None:
            return self._concurrency
        in_time = self._concurrency * self._lease_seconds * LEASE_SHARE / max(self._seconds, 1e-6)
        return max(self._concurrency, int(min(in_time, receives * LARGEST_RECEIVE + self._concurrency)))

    def ahead(self, seconds: float) -> int:
        """Return how many messages the handlers get through in so many seconds; 0 while nothing was measured."""
        return 0 if self._seconds is None else int(self._concurrency * seconds / max(self._seconds, 1e-6))

    def room(self, in_hand: int, idle: int, receives: int = 1) -> int:
        """Return how many messages to ask for now, 0 to wait; `idle` is how many threads will have nothing to do.

        With every thread busy it waits for room for a large receive, so that messages come in batches and not one by one.
        """
        capacity = self.capacity(receives)
        free = capacity - in_hand
        if free <= 0 or (idle <= 0 and free < min(capacity // 2, LARGEST_RECEIVE)):
            return 0
        return min(free, LARGEST_RECEIVE)
