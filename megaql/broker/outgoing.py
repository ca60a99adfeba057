"""A message on its way out, before a queue or topic has given it an id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta  # noqa: TC003 - dataclass fields are resolved at run time by tools
from typing import Any, Final

from megaql.errors import BrokerError

#: Message attributes of one SQS message, at most; SNS drops a raw message with more on its way to a queue.
MOST_ATTRIBUTES: Final = 10

#: A message attribute as boto3 has it: `{"DataType": "String", "StringValue": "x"}` or with `BinaryValue`.
Attribute = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What to send: the body as it goes over the wire and everything that travels beside it.

    `delay` (whole seconds, up to 15 minutes) is for standard queues; `group_id` is needed on FIFO queues and topics. `system` are message
    system attributes (`AWSTraceHeader`) in boto3's form. `subject` is the subject line of SNS, for topics.
    """

    body: str = field(repr=False)
    attributes: Mapping[str, Attribute] = field(default_factory=dict, repr=False)
    group_id: str | None = None
    dedup_id: str | None = None
    delay: timedelta | None = None
    system: Mapping[str, Attribute] = field(default_factory=dict, repr=False)
    subject: str | None = field(default=None, repr=False)

    def size(self) -> int:
        """Return the bytes that SQS counts against its limits: the body, and name, type and value of each attribute."""
        return body_and_attributes_size(self.body, self.attributes)


def check_size(entry: Outgoing, most: int, where: str) -> None:
    """Refuse a message of more than `most` bytes before it is sent, since the services do not say how large it was."""
    if (size := entry.size()) > most:
        raise BrokerError(
            f"the message has {size:,} bytes, and the limit is {most:,}",
            where=where,
            why="the body counts, and the name, type and value of each attribute",
            hint='send less in one message, or keep large payloads in a bucket: large_payloads="s3://my-bucket"',
            code="InvalidParameterValue",
        )


def body_and_attributes_size(body: str, attributes: Mapping[str, Attribute]) -> int:
    """Return the size of a message in bytes, as SQS and SNS count it."""
    total = _bytes(body)
    for name, attribute in attributes.items():
        value = attribute.get("BinaryValue", attribute.get("StringValue", ""))
        total += _bytes(name) + _bytes(attribute.get("DataType", ""))
        total += len(value) if isinstance(value, bytes | bytearray) else _bytes(value)
    return total


def _bytes(text: object) -> int:
    # What is no Unicode text has a size too; that it cannot be sent is for the service to say.
    return len(str(text).encode("utf-8", "surrogatepass"))
