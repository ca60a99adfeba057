"""Queue attributes: which may be set, within which ranges, and what they are when nobody set them.

A maintainer keeps one rule: attributes are stored as the texts SQS answers with, already valid; defaults are not stored,
so that a default can be told from a choice and creating a queue again with its defaults is no conflict.

Amazon SQS API reference: CreateQueue, SetQueueAttributes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.broker.local.errors import INVALID_ATTRIBUTE_NAME, INVALID_ATTRIBUTE_VALUE, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The one account there is.
ACCOUNT: Final = "000000000000"

#: The prefix of this broker's queue ARNs; the region is "local".
ARN_PREFIX: Final = f"arn:aws:sqs:local:{ACCOUNT}:"

#: Attribute → (least, most, default). Seconds, and bytes for the size.
_NUMBERS: Final = {
    "VisibilityTimeout": (0, 43_200, 30),
    "DelaySeconds": (0, 900, 0),
    "MessageRetentionPeriod": (60, 1_209_600, 345_600),
    "MaximumMessageSize": (1024, 1 << 20, 1 << 20),
    "ReceiveMessageWaitTimeSeconds": (0, 20, 0),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400, 300),
}
#: Attribute → values; those of FIFO queues only are in `_FIFO_ONLY`.
_CHOICES: Final = {
    "FifoQueue": ("true",),
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
_FIFO_ONLY: Final = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_DOCUMENTS: Final = ("RedrivePolicy", "RedriveAllowPolicy", "Policy")
_FREE_TEXT: Final = ("KmsMasterKeyId",)

#: Attributes that a caller may ask for and not set.
COMPUTED: Final = (
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
SETTABLE: Final = (*_NUMBERS, *_CHOICES, *_DOCUMENTS, *_FREE_TEXT)

_STANDARD_DEFAULTS: Final = {
    **{name: str(default) for name, (_, _, default) in _NUMBERS.items() if name != "KmsDataKeyReusePeriodSeconds"},
    "SqsManagedSseEnabled": "true",
}
_FIFO_DEFAULTS: Final = {
    **_STANDARD_DEFAULTS,
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
_QUEUE_ARN: Final = re.compile(r"arn:aws[\w-]*:sqs:[\w-]+:\d{12}:[\w-]{1,80}(?:\.fifo)?", re.ASCII)

#: The largest maxReceiveCount of a redrive policy.
MAX_RECEIVE_COUNT: Final = 1000


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """Where messages go that were received `max_receives` times and never deleted."""

    dead_letter_arn: str
    max_receives: int


def defaults(*, fifo: bool) -> Mapping[str, str]:
    """Return the attributes of a queue nobody configured."""
    return _FIFO_DEFAULTS if fifo else _STANDARD_DEFAULTS


def checked(given: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """Return attributes to store, in one spelling; refuse an unknown name or a value out of range.

    An empty text for a policy or a key takes it away, as in SQS, and stays in the result as such.
    """
    return {name: _checked_value(name, value, fifo=fifo) for name, value in given.items()}


def _checked_value(name: str, value: str, *, fifo: bool) -> str:
    if name not in SETTABLE or (name in _FIFO_ONLY and not fifo):
        raise Refused(INVALID_ATTRIBUTE_NAME, f"Unknown Attribute {name}.")
    if name in _NUMBERS:
        least, most, _ = _NUMBERS[name]
        if not (value.isascii() and value.isdigit() and least <= int(value[:12]) <= most):
            raise invalid_attribute(name, f"it must be a whole number from {least} to {most}")
        return str(int(value))
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise invalid_attribute(name, f"it must be {' or '.join(_CHOICES[name])}")
        return value
    if name == "RedrivePolicy" and value:
        redrive(value)
    elif name in _DOCUMENTS and value:
        _document(name, value)
    return value


def invalid_attribute(name: str, reason: str) -> Refused:
    """Return the refusal for an attribute's value."""
    return Refused(INVALID_ATTRIBUTE_VALUE, f"Invalid value for the parameter {name}: {reason}.")


def _document(name: str, text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise invalid_attribute(name, "it must be a JSON object")
    return document


def redrive(text: str) -> RedrivePolicy:
    """Return a redrive policy read from its JSON text; refuse one that SQS refuses."""
    document = _document("RedrivePolicy", text)
    arn, count = document.get("deadLetterTargetArn"), document.get("maxReceiveCount")
    if not isinstance(arn, str) or not _QUEUE_ARN.fullmatch(arn):
        raise invalid_attribute("RedrivePolicy", "deadLetterTargetArn must be the ARN of a queue")
    if isinstance(count, str) and count.isascii() and count.isdigit():
        count = int(count[:6])
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_RECEIVE_COUNT:
        raise invalid_attribute("RedrivePolicy", f"maxReceiveCount must be from 1 to {MAX_RECEIVE_COUNT}")
    return RedrivePolicy(arn, count)


def allows(text: str, source_arn: str) -> bool:
    """Return whether a dead-letter queue's RedriveAllowPolicy lets `source_arn` use it."""
    if not text:
        return True
    document = _document("RedriveAllowPolicy", text)
    permission = document.get("redrivePermission", "allowAll")
    if permission == "byQueue":
        sources = document.get("sourceQueueArns")
        return isinstance(sources, list) and source_arn in sources
    return permission == "allowAll"
