"""The envelope that SNS puts around a message on its way to a queue: taken off, and for the embedded broker put on.

A maintainer keeps one rule: an envelope is recognised by all of SNS's own marks, so that a publisher's data with a `Message` key stays data. EventBridge's
envelopes are never taken off: their `detail-type` and `source` are what people ask for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.codec.formats import Unreadable, read_base64, write_base64
from megaql.codec.protocol import read_timestamp
from megaql.codec.writers import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOPIC_ARN = re.compile(r"arn:[a-z0-9-]+:sns:[^:]*:[^:]*:[^:]+")

#: A host name that resolves nowhere, by RFC 2606: the embedded broker signs nothing, and nobody must be able to believe it did.
_NOWHERE: Final = "https://sns.local.invalid"


@dataclass(frozen=True, slots=True)
class SnsEnvelope:
    """What SNS says around a message; `attributes` are the message's own, in the form SQS and boto3 give attributes."""

    topic_arn: str
    message_id: str
    timestamp: datetime
    message: str = field(repr=False)
    subject: str | None = None
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)


def unwrap(document: object) -> SnsEnvelope | None:
    """Return the envelope a document is, or `None` if it is not a notification by SNS."""
    if not isinstance(document, dict) or document.get("Type") != "Notification":
        return None
    topic_arn, message_id, message = (document.get(name) for name in ("TopicArn", "MessageId", "Message"))
    if not (isinstance(topic_arn, str) and isinstance(message_id, str) and isinstance(message, str)):
        return None
    timestamp = read_timestamp(document.get("Timestamp"))
    if timestamp is None or not _TOPIC_ARN.fullmatch(topic_arn):
        return None
    subject = document.get("Subject")
    return SnsEnvelope(
        topic_arn,
        message_id,
        timestamp,
        message,
        subject if isinstance(subject, str) else None,
        _attributes(document.get("MessageAttributes")),
    )


def _attributes(sent: object) -> dict[str, dict[str, Any]]:
    """Turn SNS's `{"Type", "Value"}` into SQS's `{"DataType", "StringValue"}`; what is neither is not an attribute."""
    attributes: dict[str, dict[str, Any]] = {}
    for name, attribute in sent.items() if isinstance(sent, dict) else ():
        data_type, value = (attribute.get("Type"), attribute.get("Value")) if isinstance(attribute, dict) else (0, 0)
        if not (isinstance(data_type, str) and isinstance(value, str)):
            continue
        if data_type.partition(".")[0] != "Binary":
            attributes[name] = {"DataType": data_type, "StringValue": value}
            continue
        try:
            attributes[name] = {"DataType": data_type, "BinaryValue": read_base64(value)}
        except Unreadable:
            attributes[name] = {"DataType": "String", "StringValue": value}
    return attributes


def wrap(
    topic_arn: str,
    message: str,
    *,
    message_id: str,
    timestamp: datetime,
    subject: str | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    sequence_number: str | None = None,
) -> str:
    """Return the body that SNS would send to a queue without raw delivery.

    `attributes` are boto3's (`DataType` with `StringValue` or `BinaryValue`), the timestamp is written to the millisecond. The
    signature fields are there, as consumers' models want them, and are placeholders.
    """
    when = timestamp.astimezone(UTC) if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    fields: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": message_id,
        "SequenceNumber": sequence_number,
        "TopicArn": topic_arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z",
        "SignatureVersion": "1",
        "Signature": write_base64(b"not signed: embedded broker"),
        "SigningCertURL": f"{_NOWHERE}/SimpleNotificationService.pem",
        "UnsubscribeURL": f"{_NOWHERE}/?Action=Unsubscribe",
        "MessageAttributes": {name: _sns_attribute(attribute) for name, attribute in (attributes or {}).items()},
    }
    return write_json({name: value for name, value in fields.items() if value or name == "Message"})


def _sns_attribute(attribute: Mapping[str, Any]) -> dict[str, str]:
    if "BinaryValue" in attribute:
        return {"Type": attribute["DataType"], "Value": write_base64(attribute["BinaryValue"])}
    return {"Type": attribute["DataType"], "Value": attribute["StringValue"]}
