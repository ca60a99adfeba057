"""Records that nobody sent, written so that every command reads them: a payload where that is enough, else a whole record.

A maintainer keeps one rule: what is written is read back, and given only if the queries say the same of it as of the record.
"""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.message import Message
from megaql.codec.encode import encode
from megaql.codec.envelopes import wrap
from megaql.codec.protocol import is_mega
from megaql.codec.writers import write_json
from megaql.errors import CodecError, ScanError
from megaql.lang.record import MISSING
from megaql.scan.files import read_stream
from megaql.scan.records import dump_line, to_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from megaql.broker.outgoing import Attribute
    from megaql.codec.encode import Encoded
    from megaql.lang.record import Record

#: What an event of the protocol cannot do without, where a record says nothing of it.
_EVENT: Final = {"name": "event", "timestamp": "2026-01-01T00:00:00Z"}

#: Where a message came from that has only a subject.
_TOPIC: Final = "arn:aws:sns:us-east-1:000000000000:topic"

#: SQS's names for fields of the envelope.
_SYSTEM: Final = {
    "receive_count": "ApproximateReceiveCount",
    "sent_at": "SentTimestamp",
    "first_received_at": "ApproximateFirstReceiveTimestamp",
    "group_id": "MessageGroupId",
    "dedup_id": "MessageDeduplicationId",
    "sequence": "SequenceNumber",
}


def line_of(record: Record, verdicts: Callable[[Record], object]) -> str | None:
    """Return a line of JSON that is read as a message with the same verdicts, `None` where there is none.

    There is none for what only code can make: a text that SQS does not take, a size that is not the body's.
    """
    wanted = verdicts(record)
    for line in _lines(record):
        with suppress(ScanError):
            read = list(read_stream(io.BytesIO(line.encode())))
            if len(read) == 1 and isinstance(read[0], Message) and verdicts(read[0].record()) == wanted:
                return line
    return None


def _lines(record: Record) -> Iterator[str]:
    for encoded in _bodies(record):
        if encoded.format == "json":
            yield encoded.body
        for attributes in ({}, encoded.attributes):
            yield dump_line(_bare(to_record(_message(record.envelope, encoded.body, attributes))))


def _bare(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what says nothing, and what is there for readers only."""
    return {name: value for name, value in record.items() if value != "" and name not in {"format", "kind", "payload"}}


def _bodies(record: Record) -> Iterator[Encoded]:
    """Yield bodies that may say what the record's payload says, the plainest first."""
    for payload in _payloads(record):
        for bson in (False, True):
            with suppress(CodecError):
                yield encode(payload, bson=bson)


def _payloads(record: Record) -> Iterator[Any]:
    document = record.body
    if document is MISSING:
        text = record.envelope.get("body")
        yield text if isinstance(text, str) else "text"
        yield b"bytes"
        return
    if isinstance(document, dict) and (record.mega or is_mega(document)):
        event = document.get("event")
        said = event if isinstance(event, dict) else {}
        yield {"protocol": "mega", "version": 1, **document, "event": {**_EVENT, **said}}
    yield document


def _message(envelope: Mapping[str, object], body: str, attributes: Mapping[str, Attribute]) -> Message:
    """Return a message with what the record says of the envelope, as far as a message can have it."""
    given = envelope.get("attributes")
    attributes = {
        **attributes,
        **({name: _attribute(one) for name, one in given.items()} if isinstance(given, dict) else {}),
    }
    topic, subject = envelope.get("topic"), envelope.get("subject")
    if topic is not None or subject is not None:
        body = wrap(
            str(topic or _TOPIC),
            body,
            message_id="message",
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
            subject=None if subject is None else str(subject),
            attributes=attributes,
        )
        attributes = {}
    return Message(
        id=str(envelope.get("id", "")),
        body=body,
        attributes=attributes,
        system={name: _system(envelope[field]) for field, name in _SYSTEM.items() if field in envelope},
        queue=str(envelope.get("queue", "")),
    )


def _attribute(value: object) -> Attribute:
    match value:
        case bytes():
            return {"DataType": "Binary", "BinaryValue": value}
        case list():
            return {"DataType": "String.Array", "StringValue": write_json(value)}
        case int() | float() | Decimal() if not isinstance(value, bool):
            return {"DataType": "Number", "StringValue": str(value)}
        case _:
            return {"DataType": "String", "StringValue": str(value)}


def _system(value: object) -> str:
    return str(round(value.timestamp() * 1000)) if isinstance(value, datetime) else str(value)
