"""What a message may hold: size, characters, attributes, group and deduplication ids, delay.

A maintainer keeps two rules. A refusal names the parameter and never repeats its value. And `prepare` is the only way
into a queue, so that nothing is stored which SQS would refuse.

Amazon SQS developer guide: "Amazon SQS message quotas", "message metadata", SendMessage in the API reference.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.broker.local.checksums import attributes_md5, text_md5
from megaql.broker.local.errors import INVALID_CONTENTS, INVALID_VALUE, MISSING_PARAMETER, Refused, invalid_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.broker.local.queues import Queue

#: The most a message with its attributes, and a batch of them, may take. Bytes.
MAX_SIZE: Final = 1 << 20
#: The most message attributes one message may carry.
MAX_ATTRIBUTES: Final = 10
#: The longest delay. Seconds.
MAX_DELAY: Final = 900

_FORBIDDEN: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOKEN: Final = re.compile(r"""[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}""")
_NAME: Final = re.compile(r"(?!(?i:aws\.|amazon\.))(?!\.)(?!.*\.\.)[\w\-.]{1,256}(?<!\.)", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_TYPE: Final = re.compile(r"(String|Number|Binary)(\..+)?")


class Outgoing(NamedTuple):
    """A message that passed the rules, ready to be stored; `size` counts body and attributes, in bytes."""

    body: str
    md5: str
    size: int
    attributes: str | None
    attributes_md5: str | None
    trace_header: str | None
    system_md5: str | None
    group_id: str | None
    dedup_id: str | None
    delay: int | None


def prepare(queue: Queue, entry: Mapping[str, Any]) -> Outgoing:
    """Return a send request, or one entry of a batch, as a message for `queue`; refuse what SQS refuses."""
    body: str = entry["MessageBody"]
    data = _body_bytes(body)
    attributes = _canonical(entry.get("MessageAttributes"))
    system = _canonical(entry.get("MessageSystemAttributes"))
    size = len(data) + (_attributes_size(attributes) if attributes else 0)
    if size > queue.max_size:
        raise Refused(
            INVALID_VALUE,
            f"One or more parameters are invalid. Reason: Message must be shorter than {queue.max_size} bytes.",
        )
    group_id, dedup_id = _ids(queue, entry, data)
    return Outgoing(
        body=body,
        md5=text_md5(data),
        size=size,
        attributes=pack(attributes) if attributes else None,
        attributes_md5=attributes_md5(attributes) if attributes else None,
        trace_header=_trace_header(system) if system else None,
        system_md5=attributes_md5(system) if system else None,
        group_id=group_id,
        dedup_id=dedup_id,
        delay=_delay(queue, entry),
    )


def _canonical(attributes: Mapping[str, Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
    """Return a copy in which binary values are bytes: boto3 takes text there too, and encodes it."""
    if not attributes:
        return {}
    copy = {name: dict(attribute) for name, attribute in attributes.items()}
    for attribute in copy.values():
        if isinstance(attribute.get("BinaryValue"), str):
            attribute["BinaryValue"] = attribute["BinaryValue"].encode()
    return copy


def _body_bytes(body: str) -> bytes:
    if not body:
        raise Refused(MISSING_PARAMETER, "The request must contain the parameter MessageBody.")
    # Printable ASCII, which most bodies are, is known good at the speed of C.
    if not (body.isascii() and body.isprintable()) and _FORBIDDEN.search(body):
        raise Refused(
            INVALID_CONTENTS,
            "Invalid characters found. Valid unicode characters are "
            "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )
    return body.encode()


def _attributes_size(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    if len(attributes) > MAX_ATTRIBUTES:
        raise Refused(
            INVALID_VALUE, f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10]."
        )
    size = 0
    for name, attribute in attributes.items():
        if not _NAME.fullmatch(name):
            raise invalid_value(
                "MessageAttributes",
                "a name has up to 256 letters, digits, _, -, and single inner periods, and no AWS. prefix",
            )
        size += len(name.encode()) + len(attribute["DataType"].encode()) + _value_size(name, attribute)
    return size


def _value_size(name: str, attribute: Mapping[str, Any]) -> int:
    """Return the size in bytes of an attribute's value, and refuse one that does not fit its type."""
    kind = _TYPE.fullmatch(attribute["DataType"])
    if kind is None or len(attribute["DataType"]) > 256:
        raise Refused(
            INVALID_VALUE,
            f"The type of message (user) attribute '{name}' is invalid. You must use only the following supported type "
            "prefixes: Binary, Number, String.",
        )
    if "StringListValues" in attribute or "BinaryListValues" in attribute:
        raise Refused(INVALID_VALUE, "Message attribute list values in SendMessage operation are not supported.")
    wanted, other = ("BinaryValue", "StringValue") if kind[1] == "Binary" else ("StringValue", "BinaryValue")
    value = attribute.get(wanted)
    if not value or other in attribute:
        raise Refused(
            INVALID_VALUE,
            f"The message (user) attribute '{name}' must contain a non-empty value of type '{kind[1]}'"
            f" in {wanted}, and no {other}.",
        )
    if kind[1] == "Binary":
        return len(value)
    if _FORBIDDEN.search(value):
        raise Refused(INVALID_CONTENTS, f"The message (user) attribute '{name}' has characters that are not allowed.")
    if kind[1] == "Number":
        _check_number(name, value)
    return len(value.encode())


def _check_number(name: str, text: str) -> None:
    """Refuse a number outside SQS's range: 38 digits, between 1e-128 and 1e+126."""
    number = Decimal(text) if _NUMBER.fullmatch(text) else None
    if number is None or (number and not -128 <= number.adjusted() <= 126):
        raise Refused(INVALID_VALUE, f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _trace_header(system: Mapping[str, Mapping[str, Any]]) -> str:
    for name, attribute in system.items():
        if name != "AWSTraceHeader":
            raise Refused(INVALID_VALUE, f"Message system attribute name '{name}' is invalid.")
        if attribute["DataType"] != "String" or not attribute.get("StringValue"):
            raise invalid_value("MessageSystemAttributes", "AWSTraceHeader must be a non-empty String")
    return str(system["AWSTraceHeader"]["StringValue"])


def _ids(queue: Queue, entry: Mapping[str, Any], data: bytes) -> tuple[str | None, str | None]:
    group_id, dedup_id = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    for name, value in (("MessageGroupId", group_id), ("MessageDeduplicationId", dedup_id)):
        if value is not None and not _TOKEN.fullmatch(value):
            raise invalid_value(name, "it must be 1 to 128 alphanumeric or punctuation characters")
    if not queue.fifo:
        if dedup_id is not None:
            raise invalid_value(
                "MessageDeduplicationId", "The request includes a parameter that is not valid for this queue type."
            )
        return group_id, None
    if group_id is None:
        raise Refused(MISSING_PARAMETER, "The request must contain the parameter MessageGroupId.")
    if dedup_id is None:
        if not queue.content_dedup:
            raise Refused(
                INVALID_VALUE,
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            )
        dedup_id = hashlib.sha256(data).hexdigest()
    return group_id, dedup_id


def _delay(queue: Queue, entry: Mapping[str, Any]) -> int | None:
    delay: int | None = entry.get("DelaySeconds")
    if delay is None:
        return None
    if queue.fifo and delay:
        raise invalid_value("DelaySeconds", "The request include parameter that is not valid for this queue type.")
    if not 0 <= delay <= MAX_DELAY:
        raise invalid_value("DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
    return None if queue.fifo else delay


def pack(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return message attributes as text for the database; `unpack` reads it."""
    return json.dumps(attributes, default=_binary_text, separators=(",", ":"))


def unpack(text: str) -> dict[str, dict[str, Any]]:
    """Return message attributes in boto3's form."""
    attributes: dict[str, dict[str, Any]] = json.loads(text)
    for attribute in attributes.values():
        if "BinaryValue" in attribute:
            attribute["BinaryValue"] = base64.b64decode(attribute["BinaryValue"])
    return attributes


def _binary_text(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode()
