"""Messages that no subscription takes: what becomes of them, and how people learn of it.

A maintainer keeps one rule: they are never silently gone. Each is counted, and the log says once a minute how many of which events.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, get_args

from megaql.consumer.journal import LOGGER
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from megaql.codec.payloads import Payload

Policy = Literal["delete", "return", "dead-letter"]

#: Seconds between two summaries in the log.
SUMMARY_INTERVAL: Final = 60.0

#: Different events that are counted by name between two summaries; the rest are counted together, so that no sender can fill the memory.
MOST_NAMES: Final = 200

#: Names in one summary.
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


class UnmatchedCount:
    """Counts between two summaries. Not thread-safe: the worker's own thread uses it."""

    def __init__(self, queue: str, now: float) -> None:
        self._queue = queue
        self._counts: Counter[str] = Counter()
        self._next = now + SUMMARY_INTERVAL

    def add(self, name: str, reason: str) -> None:
        """Count one message by its label and, where a subscription could not decide, why."""
        key = f"{name} ({reason})" if reason else name
        self._counts[key if key in self._counts or len(self._counts) < MOST_NAMES else "others"] += 1

    def due(self) -> float | None:
        """Return when the next summary is due, on the monotonic clock in seconds; `None` while there is nothing to say."""
        return self._next if self._counts else None

    def tell(self, now: float) -> None:
        """Log the summary and begin anew."""
        self._next = now + SUMMARY_INTERVAL
        if not self._counts:
            return
        shown = [f"{name} {count}" for name, count in self._counts.most_common(NAMES_SHOWN)]
        if len(self._counts) > NAMES_SHOWN:
            shown.append(f"and {len(self._counts) - NAMES_SHOWN} more")
        LOGGER.warning(
            "%d matched no subscription: %s",
            self._counts.total(),
            ", ".join(shown),
            extra={"queue": self._queue},
        )
        self._counts.clear()
