"""How far a scan may go, in matches, messages and time; and the reasons for which one ends.

A maintainer keeps one rule: every way a scan can end has a reason of its own here, because the report says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from megaql.errors import ScanError


class StopReason(Enum):
    """Why a scan ended; the value completes the sentence "stopped: …"."""

    LIMIT = "the limit of matches is reached"
    SCAN = "the number of messages to scan is reached"
    TIME = "the time is up"
    HEADROOM = "as many messages are held as may be, a tenth of what the queue may have in flight or as --hold says"
    EMPTY = "three polls in a row found nothing"
    LAST_LIFE = "a message is on its last life: the next receive moves it to the dead-letter queue"
    RETURNED = "a message came back, since nobody else takes it; to go on would cost every message a life a minute"
    LEASE = "half of the lease is over; reading on could receive the first messages a second time"
    RECEIVES = "a FIFO queue is read with one receive; more would hold up its groups and show little more"
    LATE = "what comes now was sent after this began; what was there before is done"
    SIGNAL = "interrupted"
    END = "the end of the file"
    CLOSED = "the output was closed"
    CALLER = "the reader had enough"
    ERROR = "an error"

    @classmethod
    def of(cls, error: BaseException | None) -> StopReason:
        """Name the way out of a `with` block that the scan itself did not end."""
        if error is None or isinstance(error, GeneratorExit):
            return cls.CALLER
        if isinstance(error, BrokenPipeError):
            return cls.CLOSED
        if isinstance(error, KeyboardInterrupt):
            return cls.SIGNAL
        return cls.ERROR


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a scan may use: `limit` matches, `scan` messages looked at, `duration`; `None` sets no bound.

    `receives` bounds the receives that return something; a FIFO queue has one where this says nothing.
    """

    limit: int | None = None
    scan: int | None = None
    duration: timedelta | None = None
    receives: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("limit", self.limit), ("scan", self.scan), ("receives", self.receives)):
            if value is not None and value < 1:
                raise ScanError(f"A scan's {name} is at least 1, not {value}", hint=f"leave {name} out for no bound")
        if self.duration is not None and self.duration <= timedelta(0):
            raise ScanError("A scan's duration is more than 0 seconds", hint="leave it out for no bound")

    def reached(self, *, matched: int, seen: int) -> StopReason | None:
        """Return which count is used up, if one is."""
        if self.limit is not None and matched >= self.limit:
            return StopReason.LIMIT
        if self.scan is not None and seen >= self.scan:
            return StopReason.SCAN
        return None
