"""Telling the queue that messages in hand need more time.

A maintainer keeps one rule: no extension is sent for a lease that may have ended, not even by a client that tries a request again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.broker.guard import sends_only_while
from megaql.consumer.journal import LOGGER, one_line
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from megaql.broker.batches import Failure
    from megaql.broker.message import Message
    from megaql.broker.queue import Queue
    from megaql.consumer.held import Held

#: The part of a lease that is kept for the way of an extension to the queue: nothing is sent later.
TRAVEL: Final = 0.1


@dataclass(frozen=True, slots=True)
class Extension:
    """What the queue said of one message: which copy of it was asked for, `until` when it is ours now, `None` where that did not change; `lost` where it is not ours any more."""

    held: Held
    message: Message
    until: float | None
    lost: bool = False


class Extender:
    """Extends leases in batches. As thread-safe as the queue's client."""

    def __init__(self, queue: Queue, lease: timedelta, *, monotonic: Callable[[], float]) -> None:
        self._queue = queue
        self._lease = lease
        self._monotonic = monotonic

    def extend(self, messages: Sequence[Held]) -> list[Extension]:
        """Ask for a whole lease from now for messages whose leases are ours; never raises."""
        travel = self._lease.total_seconds() * TRAVEL
        began = self._monotonic()
        asked = [(held, held.message) for held in messages]

        def in_time() -> bool:
            soon = self._monotonic() + travel
            return not any(held.lease_ended(soon) for held in messages)

        try:
            with sends_only_while(self._queue.client, in_time):
                result = self._queue.set_visibility([message for _, message in asked], self._lease)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again while there is time
            LOGGER.warning(
                "the leases of %s could not be extended: %s",
                counted(len(messages), "message"),
                one_line(error),
                extra={"queue": self._queue.name},
            )
            return [Extension(held, message, None) for held, message in asked]
        failed = {failure.entry.id: failure for failure in result.failed}
        until = began + self._lease.total_seconds()
        return [self._answer(held, message, failed.get(message.id), until) for held, message in asked]

    def _answer(self, held: Held, message: Message, failure: Failure[Message] | None, until: float) -> Extension:
        if failure is None:
            return Extension(held, message, until)
        LOGGER.warning(
            "the lease of message %s could not be extended: %s: %s",
            message.id,
            failure.code,
            failure.message,
            extra={"queue": self._queue.name, "message_id": message.id},
        )
        return Extension(held, message, None, lost=not failure.retryable)
