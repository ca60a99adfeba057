"""Messages as records, one JSON object a line: what `peek -o ndjson` and `peek --save` write, and every command reads.

A record carries everything a message had, so that it can be published again: `body` is the exact text, `attributes` are all attributes with
their types, `system` is what SQS said that has no field of its own. `payload` is for readers. A maintainer keeps two rules:
`from_record(to_record(message))` is the message (its receipt handle and lease aside), and nothing is read from `payload`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.message import Message
from megaql.errors import ScanError
from megaql.scan.readable import readable, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

#: The version that `"megaql": 1` names.
VERSION: Final = 1


def _milliseconds_to_time(text: str) -> str:
    return timestamp(datetime.fromtimestamp(int(text) / 1000, UTC))


def _time_to_milliseconds(text: str) -> str:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str(round(aware.timestamp() * 1000))


def _count_to_text(value: object) -> str:
    if not isinstance(value, int):
        raise TypeError
    return str(value)


def _same_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


#: SQS's names of a message's system attributes: the record's field, and how its value is written and read.
_SYSTEM_FIELDS: Final[dict[str, tuple[str, Callable[[str], Any], Callable[[Any], str]]]] = {
    "SentTimestamp": ("sent_at", _milliseconds_to_time, _time_to_milliseconds),
    "ApproximateReceiveCount": ("receive_count", int, _count_to_text),
    "ApproximateFirstReceiveTimestamp": ("first_received_at", _milliseconds_to_time, _time_to_milliseconds),
    "MessageGroupId": ("group_id", str, _same_text),
    "MessageDeduplicationId": ("dedup_id", str, _same_text),
    "SequenceNumber": ("sequence", str, _same_text),
}


def to_record(message: Message) -> dict[str, Any]:
    """Return a message as a record of plain JSON values: times in RFC 3339 UTC, binary attributes in Base64."""
    record: dict[str, Any] = {"megaql": VERSION, "id": message.id, "queue": message.queue}
    rest = dict(message.system)
    for name, (field, write, _) in _SYSTEM_FIELDS.items():
        if name in rest:
            try:
                record[field] = write(rest[name])
            except (ValueError, OverflowError, OSError):  # no number, or no time that a calendar has: it stays as it is
                continue
            del rest[name]
    if rest:
        record["system"] = rest
    if message.attributes:
        record["attributes"] = {name: _written(attribute) for name, attribute in message.attributes.items()}
    decoded = message.decoded
    record["format"] = decoded.format
    record["kind"] = decoded.payload.kind
    record["payload"] = _payload(message)
    record["body"] = message.body
    return record


def to_line(message: Message) -> str:
    """Return a message's record as one line of JSON, without a line end."""
    return dump_line(to_record(message))


def dump_line(value: Any) -> str:
    """Return plain JSON values as one line that any UTF-8 file can hold, without a line end."""
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        line.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say and UTF-8 cannot
        return json.dumps(value, separators=(",", ":"))
    return line


def is_record(value: object) -> bool:
    """Whether a decoded line is a record and not a payload: it says `"megaql"` and has a text as `body`."""
    return isinstance(value, dict) and "megaql" in value and isinstance(value.get("body"), str)


def from_record(record: Mapping[str, Any]) -> Message:
    """Return the message a record was made from; without a receipt handle, for it cannot be deleted or released.

    Raises `ScanError` where a field is not what `to_record` writes, naming the field.
    """
    if record.get("megaql") != VERSION:
        raise ScanError("A record of an unknown version", why='only `"megaql": 1` is known here')
    system = {name: _text(value, f"system.{name}") for name, value in _mapping(record, "system").items()}
    for name, (field, _, read) in _SYSTEM_FIELDS.items():
        if record.get(field) is not None:
            system[name] = _read_field(field, record[field], read)
    attributes = _mapping(record, "attributes")
    return Message(
        id=_text(record.get("id", ""), "id"),
        queue=_text(record.get("queue", ""), "queue"),
        body=_text(record.get("body"), "body"),
        receipt_handle=None,
        attributes={name: _read(attribute, f"attributes.{name}") for name, attribute in attributes.items()},
        system=system,
    )


def from_received(entry: Mapping[str, Any]) -> Message:
    """Return the message of an entry that `aws sqs receive-message` printed, whose binary values are Base64.

    Its receipt handle is left behind. Raises `ScanError` where a field is not what AWS writes, naming the field.
    """
    attributes = _mapping(entry, "MessageAttributes")
    return Message(
        id=_text(entry.get("MessageId"), "MessageId"),
        body=_text(entry.get("Body"), "Body"),
        receipt_handle=None,
        attributes={name: _read(attribute, f"MessageAttributes.{name}") for name, attribute in attributes.items()},
        system={name: _text(value, f"Attributes.{name}") for name, value in _mapping(entry, "Attributes").items()},
    )


def _payload(message: Message) -> Any:
    """Return what people read: the document, the text; null for a blob, which the body holds."""
    payload = message.decoded.payload
    if payload.kind == "text":
        return payload.text
    return readable(payload.document)


def _written(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for key, value in attribute.items()
    }


def _read(attribute: object, where: str) -> dict[str, Any]:
    """Return one message attribute as boto3 gives it: `DataType` and `StringValue` or, as bytes, `BinaryValue`."""
    if not isinstance(attribute, Mapping):
        raise _wrong(where, "is not an object with DataType and a value")
    read: dict[str, Any] = {"DataType": _text(attribute.get("DataType"), f"{where}.DataType")}
    if "BinaryValue" in attribute:
        try:
            read["BinaryValue"] = base64.b64decode(_text(attribute["BinaryValue"], where), validate=True)
        except binascii.Error:
            raise _wrong(f"{where}.BinaryValue", "is not Base64") from None
    else:
        read["StringValue"] = _text(attribute.get("StringValue"), f"{where}.StringValue")
    return read


def _mapping(record: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = record.get(field) or {}
    if not isinstance(value, Mapping):
        raise _wrong(field, "is not an object")
    return value


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise _wrong(field, "is not a string")
    return value


def _read_field(field: str, value: object, read: Callable[[Any], str]) -> str:
    try:
        return read(value)
    except (ValueError, TypeError, OverflowError):
        raise _wrong(field, "cannot be read") from None


def _wrong(field: str, why: str) -> ScanError:
    return ScanError("A field of a message cannot be read", where=field, why=f"{field} {why}")
