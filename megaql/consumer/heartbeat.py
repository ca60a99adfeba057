"""Which messages in hand need a longer lease, and when.

A lease is extended at half of its length, again and again, while the message is in hand: waiting, running, or behind another of its group. A
maintainer keeps two rules. A lease that has ended is not extended, because the message may be somebody else's by then. And there is a limit,
because a handler that hangs for ever must not keep its message for ever.
"""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import timedelta

    from megaql.consumer.held import Held

#: The part of a lease after which it is extended.
BEAT: Final = 0.5

#: The part of a lease after which an extension that failed is tried again.
SECOND_BEAT: Final = 0.1


class Heartbeat:
    """Not thread-safe: the worker's own thread uses it. Times are on its monotonic clock, in seconds."""

    def __init__(self, lease: timedelta, longest: timedelta) -> None:
        self._lease = lease.total_seconds()
        self._longest = longest.total_seconds()
        self._beats: list[tuple[float, int, Held]] = []
        self._numbers = itertools.count()

    def watch(self, held: Held, now: float, *, soon: bool = False) -> None:
        """Look after a message from now on; `soon` where the last extension failed."""
        held.beat = next(self._numbers)
        at = now + self._lease * (SECOND_BEAT if soon else BEAT)
        heapq.heappush(self._beats, (at, held.beat, held))

    def next_at(self) -> float | None:
        """Return when the next extension is due; `None` while nothing is looked after."""
        while self._beats and self._beats[0][2].decided:
            heapq.heappop(self._beats)
        return self._beats[0][0] if self._beats else None

    def due(self, now: float) -> list[Held]:
        """Return the messages to extend now; whoever extends them tells `watch` how it went."""
        due = []
        while self._beats and self._beats[0][0] <= now:
            _, beat, held = heapq.heappop(self._beats)
            if beat == held.beat and self._worth(held, now):
                due.append(held)
        return due

    def _worth(self, held: Held, now: float) -> bool:
        """Say whether a message is still in hand, still ours, and not in hand for too long."""
        return not held.decided and not held.lease_ended(now) and now + self._lease <= held.received_at + self._longest
