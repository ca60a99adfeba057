"""How long to wait before trying again: exponential, with full jitter.

A maintainer keeps one rule: no delay handed to SQS passes its limit, which counts from the receive, not from now.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable

#: The longest that SQS keeps a message invisible, counted from when it was received.
LONGEST_LEASE: Final = timedelta(hours=12)

#: What a request may take to reach SQS, kept clear of the limit.
REQUEST_TIME: Final = timedelta(seconds=60)

#: Doublings past which a delay is capped anyway; it keeps the arithmetic small for messages received a million times.
_MOST_DOUBLINGS: Final = 32


@dataclass(frozen=True, slots=True)
class Backoff:
    """A random delay between nothing and `base`, doubled at each further try, never more than `cap`.

    The whole range is random ("full jitter"), so that messages which failed together do not come back together.
    """

    base: timedelta = timedelta(seconds=5)
    cap: timedelta = timedelta(minutes=15)
    random: Callable[[], float] = field(default=random.random, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.base <= self.cap <= LONGEST_LEASE:
            raise ConsumerError(
                "the back-off's times do not fit",
                where=f"Backoff(base={self.base}, cap={self.cap})",
                why=f"they must be 0 ≤ base ≤ cap ≤ {LONGEST_LEASE}, SQS's longest visibility timeout",
            )

    def delay(self, tries: int) -> timedelta:
        """Return the delay after the given number of tries, 1 for the first."""
        doubled = self.base.total_seconds() * 2.0 ** min(max(tries, 1) - 1, _MOST_DOUBLINGS)
        return timedelta(seconds=min(self.cap.total_seconds(), doubled) * self.random())


def within_limit(delay: timedelta, held: timedelta) -> timedelta:
    """Return the delay, cut to what SQS still allows a message that has been held for a time."""
    return max(timedelta(0), min(delay, LONGEST_LEASE - REQUEST_TIME - held))
