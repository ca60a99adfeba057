"""What a run shows of its health: when it last got on, and whether handling takes so long that leases are short.

A maintainer keeps one rule: progress is that a message finished, or that a poll was answered while a handler's thread was free, never that a thread is alive. A consumer on a dead
connection has only living threads.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from megaql.consumer.journal import LOGGER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

#: Messages whose time is remembered.
REMEMBERED: Final = 200

#: Messages between two looks at their times; the first look needs as many.
BETWEEN_LOOKS: Final = 20

#: The share of messages that has to fit, and into which part of a lease.
SHARE: Final = 0.95
NEAR: Final = 0.8


class Vitals:
    """Written by the worker's own thread; `quiet_for` may be asked by any."""

    def __init__(self, queue: str, lease: timedelta, *, monotonic: Callable[[], float]) -> None:
        self._queue = queue
        self._lease = lease.total_seconds()
        self._monotonic = monotonic
        self._progress_at = monotonic()
        self._times: deque[float] = deque(maxlen=REMEMBERED)
        self._unseen = 0
        self._warned = False

    def got_on(self) -> None:
        """Take note of progress."""
        self._progress_at = self._monotonic()

    def quiet_for(self) -> float:
        """Return for how many seconds there has been no progress; a run begins with some."""
        return self._monotonic() - self._progress_at

    def took(self, seconds: float) -> None:
        """Take note of how long a message was handled; warns once where leases are too short for most of them."""
        if self._warned:
            return
        self._times.append(seconds)
        self._unseen += 1
        if self._unseen < BETWEEN_LOOKS:
            return
        self._unseen = 0
        if max(self._times) < self._lease * NEAR:
            return
        slow = sorted(self._times)[int(len(self._times) * SHARE)]
        if slow < self._lease * NEAR:
            return
        self._warned = True
        LOGGER.warning(
            "one message in twenty takes %.3g s or more, and the lease is %g s: only extending it in time keeps such a message from being "
            "handled twice; raise the visibility timeout",
            slow,
            self._lease,
            extra={"queue": self._queue},
        )
