"""Which messages in hand need a longer lease, and when.

A lease is extended when half of its length is left, again and again, while the message is in hand: waiting, running, or behind another of its group. A
maintainer keeps two rules. A lease that has ended is not extended, because the message may be somebody else's by then. And there is a limit,
because a handler that hangs for ever must not keep its message for ever.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import timedelta

    from megaql.consumer.held import Held

#: The part of a lease that is left when it is extended.
BEAT: Final = 0.5

#: The part of a lease after which an extension that failed is tried again.
SECOND_BEAT: Final = 0.1


class Heartbeat:
    """Not thread-safe: the worker's own thread uses it. Times are on its monotonic clock, in seconds."""

    def __init__(self, lease: timedelta, longest: timedelta) -> None:
        self._lease = lease.total_seconds()
        self._longest = longest.total_seconds()
        self._beats: dict[Held, float] = {}  # when each message is extended next
        self._soonest = math.inf  # no beat is before that

    def watch(self, held: Held, now: float, *, soon: bool = False) -> None:
        """Look after a message from now on; `soon` where the last extension failed."""
        if soon:
            at = now + self._lease * SECOND_BEAT
        else:
            # A message that came late in a long poll has less of its lease left: the rest has to do for a second try, on a new connection.
            at = now + self._lease * BEAT
            ends = held.lease_ends
            if ends is not None:
                at = min(at, ends - self._lease * BEAT)
        self._beats[held] = at
        self._soonest = min(self._soonest, at)

    def watch_all(self, messages: list[Held], now: float) -> None:
        """Look after messages that have just been received."""
        at = now + self._lease * BEAT
        self._beats.update(dict.fromkeys(messages, at))
        self._soonest = min(self._soonest, at)

    def forget(self, held: Held) -> None:
        """Look after a message no more: it is known what becomes of it."""
        self._beats.pop(held, None)

    def next_at(self) -> float | None:
        """Return when to ask for what is due; `None` while nothing is looked after."""
        return self._soonest if self._beats else None

    def due(self, now: float) -> list[Held]:
        """Return the messages to extend now; whoever extends them tells `watch` how it went."""
        if now < self._soonest:
            return []
        late = [held for held, at in self._beats.items() if at <= now]
        for held in late:
            del self._beats[held]
        self._soonest = min(self._beats.values(), default=math.inf)
        return [held for held in late if self._worth(held, now)]

    def _worth(self, held: Held, now: float) -> bool:
        """Say whether a message is still ours, and not in hand for too long."""
        return not held.lease_ended(now) and now + self._lease <= held.received_at + self._longest
