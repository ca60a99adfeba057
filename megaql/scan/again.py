"""A message that was received, as it is sent again: everything of it travels that SQS lets a sender say.

A maintainer keeps one rule about deduplication ids: a FIFO queue drops a message whose id it has taken within five minutes and says that it took
it, so the id a message once had is never sent again. Whoever deletes a message after sending it would lose it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.broker.outgoing import Outgoing

if TYPE_CHECKING:
    from datetime import timedelta

    from megaql.broker.message import Message


def again(
    message: Message,
    *,
    fifo: bool,
    topic: bool,
    dedup_id: str,
    group: str | None = None,
    delay: timedelta | None = None,
) -> Outgoing:
    """Return what sends a message's body, attributes, trace header and group to a queue or, with `topic`, a topic.

    `dedup_id` is used where the destination is `fifo`. `group` comes before the message's own. A standard topic takes no group, and no topic a
    trace header.
    """
    trace = message.system.get("AWSTraceHeader")
    return Outgoing(
        message.body,
        dict(message.attributes),
        group_id=(group or message.group_id) if fifo or not topic else None,
        dedup_id=dedup_id if fifo else None,
        delay=delay,
        system={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}} if trace and not topic else {},
    )
