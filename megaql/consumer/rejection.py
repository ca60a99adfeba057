"""Messages that will never work, on their way to the dead-letter queue.

A maintainer keeps two rules. The copy is the message as it was, body and attributes, and what we add to it never pushes out anything of its
own: not past ten attributes, not past the size limit. And what we add says nothing of the payload.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from megaql.broker.outgoing import MOST_ATTRIBUTES, Outgoing
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.broker.message import Message
    from megaql.broker.queue import Queue

#: SQS's limit on a message: bytes of body and attributes together.
MOST_BYTES: Final = 1024 * 1024

#: A reason is cut here. Code points.
LONGEST_REASON: Final = 1000

# What SQS refuses in a string.
_REFUSED: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a message is dead-lettered: the reason, the subscription that said so, the type of the exception behind it; `""` for none."""

    reason: str
    subscription: str = ""
    error: str = ""

    def attributes(self) -> dict[str, str]:
        """Return the message attributes that tell it, most important first."""
        told = {"megaql.reason": self.reason, "megaql.subscription": self.subscription, "megaql.error": self.error}
        return {name: _REFUSED.sub("�", text)[:LONGEST_REASON] for name, text in told.items() if text}


class DeadLetters:
    """The dead-letter queue of a queue's redrive policy, looked up when it is first needed."""

    def __init__(self, queue: Queue) -> None:
        self._source = queue
        self._queue: Queue | None = None

    def queue(self) -> Queue | None:
        """Return the dead-letter queue, or `None` while there is none; raises `BrokerError`."""
        # "None" is asked again each time: whoever reads the error in the log may set a redrive policy while we run.
        self._queue = self._queue or self._source.dead_letter_queue()
        return self._queue

    def send(self, rejected: Sequence[tuple[Message, Rejection]]) -> list[str] | None:
        """Send copies; returns for each `""`, or why the queue did not take it. `None` where there is no queue. Raises `BrokerError`."""
        queue = self.queue()
        if queue is None:
            return None
        copies = [copy(message, rejection, fifo=queue.fifo) for message, rejection in rejected]
        try:
            failures = queue.send_batch(copies).failed
        except BrokerError:
            self._queue = None  # it may have been deleted, and another one named in the policy
            raise
        refused = {id(failure.entry): f"{failure.code}: {failure.message}" for failure in failures}
        return [refused.get(id(outgoing), "") for outgoing in copies]


def copy(message: Message, rejection: Rejection, *, fifo: bool) -> Outgoing:
    """Return the message as it goes to the dead-letter queue.

    On FIFO it keeps its group, and its id is the deduplication id: a second copy, sent because the first one's delete failed, is dropped by
    the queue.
    """
    trace = message.system.get("AWSTraceHeader")
    outgoing = Outgoing(
        message.body,
        message.attributes,
        group_id=(message.group_id or message.id) if fifo else None,
        dedup_id=message.id if fifo else None,
        system={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}} if trace else {},
    )
    for name, text in rejection.attributes().items():
        attributes = {**outgoing.attributes, name: {"DataType": "String", "StringValue": text}}
        told = replace(outgoing, attributes=attributes)
        if len(attributes) <= MOST_ATTRIBUTES and told.size() <= MOST_BYTES:
            outgoing = told
    return outgoing
