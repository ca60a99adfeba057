"""Messages that no subscription takes: what becomes of them, and how people learn of it.

A maintainer keeps one rule: they are never silently gone. Each is counted, and the log says once a minute how many of which events.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from megaql.consumer.journal import LOGGER
from megaql.consumer.report import UnknownCause
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from megaql.codec.payloads import Payload

Policy = Literal["delete", "return", "dead-letter"]

#: Seconds between two summaries in the log.
SUMMARY_INTERVAL: Final = 60.0

#: Different events that are counted by name between two summaries; the rest are counted together, so that no sender can fill the memory.
MOST_NAMES: Final = 200

#: The same for causes of UNKNOWN, over a whole run.
MOST_CAUSES: Final = 200

#: Names, and causes, in one summary.
NAMES_SHOWN: Final = 10

#: An event's name is cut here. Code points.
LONGEST_NAME: Final = 100


def checked_policy(setting: str, value: str) -> Policy:
    """Return a policy as given by a user; raises `ConsumerError` for one that does not exist."""
    if value not in get_args(Policy):
        raise ConsumerError(
            f"{setting}={value!r} is not something to do with a message",
            hint=f"one of {', '.join(map(repr, get_args(Policy)))}",
        )
    return value  # type: ignore[return-value] # checked against the literals just now


def label(payload: Payload) -> str:
    """Return what a payload is counted as: an event's name, cut, or the kind of payload."""
    # The protocol keeps control characters out of names, so that a line of the log stays a line.
    return (payload.name if payload.kind == "mega" else payload.kind)[:LONGEST_NAME]


class Unmatched(NamedTuple):
    """A message that no subscription takes, as it is counted: its label, and why subscriptions could not decide."""

    label: str
    causes: tuple[UnknownCause, ...] = ()


#: What causes are counted as beyond `MOST_CAUSES`.
OTHER_CAUSES: Final = UnknownCause("others", "", "")


class UnmatchedCount:
    """Counts between two summaries, and causes of UNKNOWN over the run. Not thread-safe: the worker's own thread uses it."""

    def __init__(self, queue: str, now: float) -> None:
        self._queue = queue
        self._counts: Counter[str] = Counter()
        self._recent: Counter[UnknownCause] = Counter()
        self._next = now + SUMMARY_INTERVAL
        #: Why subscriptions could not decide, over the run.
        self.causes: Counter[UnknownCause] = Counter()

    def add(self, one: Unmatched) -> None:
        """Count one message by its label and, where subscriptions could not decide, why."""
        key = f"{one.label} ({one.causes[0].reason})" if one.causes else one.label
        self._counts[key if key in self._counts or len(self._counts) < MOST_NAMES else "others"] += 1
        for cause in one.causes:
            kept = cause if cause in self.causes or len(self.causes) < MOST_CAUSES else OTHER_CAUSES
            self.causes[kept] += 1
            self._recent[kept] += 1

    def due(self) -> float | None:
        """Return when the next summary is due, on the monotonic clock in seconds; `None` while there is nothing to say."""
        return self._next if self._counts else None

    def tell(self, now: float) -> None:
        """Log the summary and begin anew."""
        self._next = now + SUMMARY_INTERVAL
        if not self._counts:
            return
        LOGGER.warning(
            "%d matched no subscription: %s",
            self._counts.total(),
            _most_common(self._counts),
            extra={"queue": self._queue, "counts": dict(self._counts.most_common(NAMES_SHOWN))},
        )
        if self._recent:
            LOGGER.warning(
                "queries could not decide: %s",
                _most_common(Counter({cause_text(cause): count for cause, count in self._recent.items()})),
                extra={
                    "queue": self._queue,
                    "causes": [
                        {**cause._asdict(), "count": count} for cause, count in self._recent.most_common(NAMES_SHOWN)
                    ],
                },
            )
        self._counts.clear()
        self._recent.clear()


def cause_text(cause: UnknownCause) -> str:
    """Return a cause of UNKNOWN as people read it."""
    return f"{cause.subscription}: {cause.clause} ({cause.reason})" if cause.reason else cause.subscription


def _most_common(counts: Counter[str]) -> str:
    shown = [f"{name} {count}" for name, count in counts.most_common(NAMES_SHOWN)]
    if len(counts) > NAMES_SHOWN:
        shown.append(f"and {len(counts) - NAMES_SHOWN} more")
    return ", ".join(shown)
