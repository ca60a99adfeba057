"""Messages and events for tests, made without a broker.

A maintainer keeps one rule: a message made here is what a queue would have given out had the payload been published with `megaql.Publisher`: the same body,
the same attributes, the same envelope.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from megaql.broker.message import Message
from megaql.broker.publisher import attribute
from megaql.codec.encode import encode
from megaql.codec.envelopes import wrap
from megaql.codec.payloads import MegaEvent
from megaql.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from megaql.broker.publisher import Publishable
    from megaql.codec.payloads import MegaObject


def mega_event(
    name: str = "test.happened",
    *,
    timestamp: datetime | str | None = None,
    domain: str | None = None,
    subject: str | None = None,
    publisher: str | None = None,
    object: MegaObject | None = None,  # noqa: A002 - the protocol's own name
    **attributes: Any,
) -> MegaEvent:
    """Return a MEGA event; what is no field of the protocol is one of the event's attributes: `mega_event("item.added", quantity=5)`.

    An event with an attribute that has a field's name is made with `megaql.MegaEvent`. Errors: `CodecError`.
    """
    return MegaEvent(
        name,
        timestamp=timestamp,
        domain=domain,
        subject=subject,
        publisher=publisher,
        attributes=attributes,
        object=object,
    )


def message(
    payload: Publishable | None = None,
    *,
    body: str | None = None,
    bson: bool = False,
    attributes: Mapping[str, object] | None = None,
    topic: str | None = None,
    subject: str | None = None,
    queue: str = "queue",
    id: str | None = None,  # noqa: A002 - the message's own name for it
    sent_at: datetime | None = None,
    receive_count: int = 1,
    first_received_at: datetime | None = None,
    group_id: str | None = None,
    dedup_id: str | None = None,
) -> Message:
    """Return a message as a queue gives it out, for `query.matches(message)` and `handler(message.payload, message)`.

    The payload is written as our publisher writes it, `megaql.format` included; `body` is the text of a publisher that is not ours. `topic` (an ARN, or
    a name) wraps it in SNS's envelope, with the attributes inside. Attributes are Python values or boto3's dicts. Times are now unless given, in
    UTC where they have no zone. Errors: `CodecError` for what cannot be written, `BrokerError` for an attribute.
    """
    if (payload is None) is (body is None):
        raise TypeError("message() takes a payload, or body= for a text as it is: one of the two")
    given = {name: attribute(name, value) for name, value in (attributes or {}).items()}
    if payload is not None:
        encoded = encode(payload, bson=bson)
        body, given = encoded.body, {**given, **encoded.attributes}
    sent = sent_at or datetime.now(UTC)
    if topic is not None:
        body, given = _wrapped(topic, str(body), subject, given, sent), {}
    system = {
        "SentTimestamp": _milliseconds(sent),
        "ApproximateReceiveCount": str(receive_count),
        "ApproximateFirstReceiveTimestamp": _milliseconds(first_received_at or sent),
        "MessageGroupId": group_id,
        "MessageDeduplicationId": dedup_id,
    }
    return Message(
        id=id or str(uuid.uuid4()),
        body=str(body),
        attributes=given,
        system={name: value for name, value in system.items() if value is not None},
        queue=queue,
    )


def messages_from(path: str | Path) -> list[Message]:
    """Return the messages of a file: what `megaql peek --save` or `-o ndjson` wrote, `aws sqs receive-message` output, or a payload a line.

    Raises `ScanError` for a file that cannot be read, and for a line that holds no message.
    """
    # A test that reads no file has no use for all that reads one.
    from megaql.scan.documents import BadLine  # noqa: PLC0415 - as above
    from megaql.scan.files import read_file  # noqa: PLC0415 - as above

    found: list[Message] = []
    for item in read_file(str(path)):
        if isinstance(item, BadLine):
            raise ScanError("A line holds no message", where=f"{path}, line {item.line}", why=item.why)
        found.append(item)
    return found


def _wrapped(topic: str, text: str, subject: str | None, attributes: Mapping[str, Any], sent: datetime) -> str:
    arn = topic if topic.startswith("arn:") else f"arn:aws:sns:local:000000000000:{topic}"
    return wrap(arn, text, message_id=str(uuid.uuid4()), timestamp=sent, subject=subject, attributes=attributes)


def _milliseconds(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str(round(aware.timestamp() * 1000))
