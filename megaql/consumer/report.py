"""What one run of a consumer did, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace
from enum import Enum, StrEnum
from typing import Final, NamedTuple


class UnknownCause(NamedTuple):
    """Why a subscription could not decide: the clause as it is written in its query, and a sentence that names paths and kinds, never values."""

    subscription: str
    clause: str
    reason: str


class Tally(StrEnum):
    """What became of a message; the values are the fields of `RunReport`."""

    __hash__ = str.__hash__  # an enum's own is a function in Python, and this counts messages

    HANDLED = "handled"
    RETRIED = "retried"
    REJECTED = "rejected"
    KEPT = "kept"
    UNMATCHED = "unmatched"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    RETURNED = "returned"


class Stopped(Enum):
    """Why a run ended."""

    EMPTY = "the queue was empty"
    LIMIT = "the limit was reached"
    ASKED = "it was asked to stop"
    AT_ONCE = "it was asked to stop at once, or did not drain in time"


@dataclass(frozen=True, slots=True)
class RunReport:
    """Counts of messages that were received; one that came several times counts each time, as what became of it that time.

    `received` is the sum of those after it up to `returned`, unless the run ended before the queue had answered. `undone` counts what the
    queue could not be told (a delete or a return that failed): those messages come back by themselves when their lease ends.
    """

    #: Messages the queue handed over.
    received: int = 0
    #: All their handlers were done; deleted.
    handled: int = 0
    #: A handler failed or asked for it again; returned with a delay.
    retried: int = 0
    #: A handler rejected it; it is in the dead-letter queue, and comes no more.
    rejected: int = 0
    #: A handler rejected it and no dead-letter queue took it: it is still in the queue, comes again, and counts again.
    kept: int = 0
    #: No subscription took it.
    unmatched: int = 0
    #: No subscription took it, and at least one could not decide.
    unknown: int = 0
    #: Its lease ended before its handlers were done; the queue gives it out again.
    expired: int = 0
    #: Given back at the end of the run: not started, or not finished in time.
    returned: int = 0
    #: Settlements that failed.
    undone: int = 0
    #: Processes that ended without having been asked to, with `processes`: what they had in hand comes back when its lease ends.
    died: int = 0
    #: Why subscriptions could not decide, counted over the `unknown` messages; one message counts for each subscription that could not.
    unknown_causes: Counter[UnknownCause] = field(default_factory=Counter, hash=False)
    stopped: Stopped = Stopped.ASKED
    #: The signal that ended the run, if one did.
    signal: int | None = None

    def plus(self, other: RunReport) -> RunReport:
        """Return the counts of both together, with the way in which this one ended."""
        counts = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        return replace(self, **counts)

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON can say it: the causes as a list, the most frequent first, and `stopped` by its name in lower case."""
        causes = [{**cause._asdict(), "count": count} for cause, count in self.unknown_causes.most_common()]
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return told | {"unknown_causes": causes, "stopped": self.stopped.name.lower()}


#: The fields that are counts.
COUNTS: Final = tuple(one.name for one in fields(RunReport) if one.name not in {"stopped", "signal"})
