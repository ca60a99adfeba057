"""How one run goes: the settings it was started with, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from megaql.consumer.backoff import Backoff

#: How long a receive waits for messages. An idle consumer that is asked to stop needs as long, at worst; the shorter, the more requests.
POLL_WAIT: Final = timedelta(seconds=5)

#: The same for a queue of the embedded broker, where a request costs next to nothing and a person waits for Ctrl-C.
LOCAL_WAIT: Final = timedelta(seconds=1)

#: The same for a run that ends when the queue is empty: SQS answers for all its servers only where it may wait a second.
ONCE_WAIT: Final = timedelta(seconds=1)

#: The part of a lease that a receive may wait, at most.
WAIT_SHARE: Final = 0.25

#: With a shorter lease than this, a receive does not wait: one second, the shortest wait, would be half of it.
SHORTEST_POLLED_LEASE: Final = timedelta(seconds=2)

#: What is kept of the drain timeout for giving back what did not finish in the rest of it.
RELEASE_TIME: Final = timedelta(seconds=2)

#: What there is for giving back even where the drain timeout leaves nothing: one request's time.
LEAST_RELEASE_TIME: Final = timedelta(seconds=0.5)

#: How long a message's lease is extended while it is in hand; a handler that takes longer is taken for one that never returns.
LONGEST_HANDLING: Final = timedelta(hours=1)

#: Receives that run side by side, at most. One at 10 ms of round trip brings about 400 messages a second, eight bring thousands.
MOST_POLLERS: Final = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """How one run goes; see `App.run`. `lease` is the visibility timeout that is in force, `visibility` the one to ask for."""

    lease: timedelta
    poll_backoff: Backoff
    visibility: timedelta | None = None
    once: bool = False
    limit: int | None = None
    concurrency: int = 1
    drain_timeout: timedelta = timedelta(seconds=25)
    wait: timedelta | None = None
    local: bool = False
    longest_handling: timedelta = LONGEST_HANDLING
    most_pollers: int = MOST_POLLERS

    @property
    def poll_wait(self) -> timedelta:
        """How long a receive waits, in whole seconds.

        A lease counts from before its receive, so a message that arrives late in a long poll has the less of it left.
        """
        wait = (
            self.wait if self.wait is not None else ONCE_WAIT if self.once else LOCAL_WAIT if self.local else POLL_WAIT
        )
        seconds = self.lease.total_seconds() * WAIT_SHARE
        return min(wait, timedelta(seconds=max(1, int(seconds)) if self.lease >= SHORTEST_POLLED_LEASE else 0))

    @property
    def release_time(self) -> timedelta:
        """How long giving back may take at the end of a drain timeout."""
        return max(min(RELEASE_TIME, self.drain_timeout / 2), LEAST_RELEASE_TIME)
