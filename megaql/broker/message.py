"""A message as it was received: what SQS said about it, and what its body means once somebody asks.

A maintainer keeps two rules. Decoding waits until it is needed and happens once. And no body or attribute value ever shows in `repr`, because
messages end up in logs.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.outgoing import Attribute, body_and_attributes_size
from megaql.codec.decode import decode
from megaql.lang.record import ENVELOPE_FIELDS, MISSING, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from megaql.codec.decode import Decoded
    from megaql.codec.envelopes import SnsEnvelope
    from megaql.codec.payloads import Payload
    from megaql.codec.skim import Skimmer

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER: Final = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class Message:
    """One message of a queue.

    `attributes` are message attributes in boto3's form, `system` SQS's own (`SentTimestamp` …), all strings. `queue` is the queue's name.
    `lease_deadline` is when the message may be somebody else's, in `time.monotonic()` seconds, counted from before the request was sent;
    `None` where no lease is known (a message from a file).
    """

    id: str
    body: str = field(repr=False)
    receipt_handle: str | None = field(default=None, repr=False)
    attributes: Mapping[str, Attribute] = field(default_factory=dict, repr=False, hash=False)
    system: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    queue: str = ""
    lease_deadline: float | None = None

    @classmethod
    def received(cls, item: Mapping[str, Any], *, queue: str, lease_deadline: float | None) -> Message:
        """Return the message that an entry of `ReceiveMessage`'s answer describes."""
        get = item.get
        self = cls.__new__(cls)
        # At once: a frozen dataclass takes a call for each field, which is ten times as long, for every message.
        self.__dict__.update(
            id=item["MessageId"],
            body=get("Body", ""),
            receipt_handle=get("ReceiptHandle"),
            attributes=get("MessageAttributes") or {},
            system=get("Attributes") or {},
            queue=queue,
            lease_deadline=lease_deadline,
        )
        return self

    @cached_property
    def decoded(self) -> Decoded:
        """The body decoded, with the format that was found and the SNS envelope it came in."""
        return decode(self.body, self.attributes)

    @property
    def payload(self) -> Payload:
        """What the body says: a MEGA event, a data object, text or bytes."""
        return self.decoded.payload

    @property
    def receive_count(self) -> int | None:
        """How often the message was received, this time included."""
        return _integer(self.system.get("ApproximateReceiveCount"))

    @property
    def sent_at(self) -> datetime | None:
        """When the message was sent to the queue, in UTC."""
        return _time(self.system.get("SentTimestamp"))

    @property
    def first_received_at(self) -> datetime | None:
        """When the message was received for the first time, in UTC."""
        return _time(self.system.get("ApproximateFirstReceiveTimestamp"))

    @property
    def group_id(self) -> str | None:
        """The message group, on FIFO queues (and fair standard ones)."""
        return self.system.get("MessageGroupId")

    @property
    def dedup_id(self) -> str | None:
        """The deduplication id, on FIFO queues."""
        return self.system.get("MessageDeduplicationId")

    @property
    def sequence(self) -> str | None:
        """The sequence number, on FIFO queues: 20 digits, to be compared as text."""
        return self.system.get("SequenceNumber")

    @property
    def size(self) -> int:
        """The bytes SQS counts: body and attributes."""
        return body_and_attributes_size(self.body, self.attributes)

    @cached_property
    def typed_attributes(self) -> dict[str, object]:
        """All attributes as Python values, those of an SNS envelope among them; the queue's own win over the envelope's."""
        return self._typed_attributes(self.decoded.sns)

    def _typed_attributes(self, sns: SnsEnvelope | None) -> dict[str, object]:
        wrapped = _typed(sns.attributes) if sns else {}
        return wrapped | _typed(self.attributes)

    def attribute(self, name: str, default: object = None) -> object:
        """Return a message attribute as a Python value.

        `String` is a `str`, `Number` an `int` or an exact `Decimal`, `Binary` bytes, `String.Array` a list; what comes after the dot of any other
        type is a label and changes nothing. A value that breaks its type is given as the string it is.
        """
        return self.typed_attributes.get(name, default)

    def envelope(self) -> dict[str, object]:
        """Return what a query sees as `@…`; a field that is not known is left out, so that its path is missing."""
        return dict(self.record().envelope)

    def _fields(
        self, names: Iterable[str], sns: SnsEnvelope | None, form: str, kind: str, text: str | None = None
    ) -> dict[str, object]:
        """Return the fields of the envelope that are known, of these names; the rest is what the body says."""
        fields: dict[str, object] = {}
        for name in names:
            value: object
            match name:
                case "attributes":
                    value = self._typed_attributes(sns)
                case "topic":
                    value = sns.topic_arn if sns else None
                case "subject":
                    value = sns.subject if sns else None
                case "format":
                    value = form
                case "kind":
                    value = kind
                case "queue":
                    value = self.queue or None
                case "body":
                    value = text
                case _:  # the rest are properties of the same names
                    value = getattr(self, name)
            if value is not None:
                fields[name] = value
        return fields

    def record(self) -> Record:
        """Return what a query sees of this message."""
        return self._decoded_record(self.decoded, ENVELOPE_FIELDS)

    def _decoded_record(self, decoded: Decoded, fields: Iterable[str]) -> Record:
        payload = decoded.payload
        document, kind = payload.document, payload.kind
        text = payload.text if payload.kind == "text" else None
        envelope = self._fields(fields, decoded.sns, decoded.format, kind, text) if fields else {}
        return Record(MISSING if document is None else document, envelope, kind == "mega")

    def skim(self, skimmer: Skimmer, fields: Iterable[str] = ()) -> Record | None:
        """Return what a query sees that reads no more of the body than the skimmer does, and no more of the envelope than `fields`.

        `None` where only `record` can tell: the body has to be decoded whole. Of one that is decoded already, it is there whole. `kind` is known
        only to a skimmer that looks for it.
        """
        decoded = self.__dict__.get("decoded")
        if decoded is not None:
            return self._decoded_record(decoded, fields)
        found = skimmer.read(self.body, self.attributes)
        if found is None:
            return None
        return Record(found.document, self._fields(fields, found.sns, "json", found.kind), mega=found.mega)


def _typed(attributes: Mapping[str, Attribute]) -> dict[str, object]:
    return {name: typed_value(attribute) for name, attribute in attributes.items()}


def typed_value(attribute: Attribute) -> object:
    """Return an attribute's value as a Python value, from boto3's form."""
    data_type = str(attribute.get("DataType", "String"))
    base = data_type.partition(".")[0]
    if base == "Binary":
        return _bytes(attribute.get("BinaryValue", b""))
    text = str(attribute.get("StringValue", ""))
    if base == "Number":
        return _number(text)
    if data_type == "String.Array":
        return _array(text)
    return text


def _bytes(value: object) -> object:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            return value
    return bytes(value) if isinstance(value, bytes | bytearray) else value


def _number(text: str) -> object:
    if _INTEGER.fullmatch(text) and len(text) <= 4000:
        return int(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _array(text: str) -> object:
    try:
        value = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list) else text


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and _INTEGER.fullmatch(text) else None


def _time(milliseconds: str | None) -> datetime | None:
    value = _integer(milliseconds)
    return None if value is None else _EPOCH + timedelta(milliseconds=value)
