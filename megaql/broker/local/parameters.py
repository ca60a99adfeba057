"""Request parameters: names, types and which are required, refused as boto3 refuses them before it sends anything.

A maintainer keeps one rule: this table says what botocore's service model says (`data/sqs/2012-11-05/service-2.json`)
and nothing more; what a value may be is the operations' own business. A value is never repeated in a message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.local.errors import PARAM_VALIDATION, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Structure:
    """A dict with known names; `members` gives each one's shape."""

    members: dict[str, Shape]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list or tuple whose members all have one shape."""

    member: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """A dict from any text to values of one shape."""

    value: Shape


@dataclass(frozen=True, slots=True)
class Scalar:
    """A plain value; `name` is how a message calls it."""

    types: tuple[type, ...]
    name: str = field(default="")


Shape = Structure | ListOf | MapOf | Scalar

TEXT: Final = Scalar((str,), "<class 'str'>")
INTEGER: Final = Scalar((int,), "<class 'int'>")
BINARY: Final = Scalar((bytes, bytearray, str), "<class 'bytes'>, <class 'bytearray'>, <class 'str'>")
TEXTS: Final = ListOf(TEXT)
TEXT_MAP: Final = MapOf(TEXT)

_ATTRIBUTE: Final = Structure(
    {
        "DataType": TEXT,
        "StringValue": TEXT,
        "BinaryValue": BINARY,
        "StringListValues": TEXTS,
        "BinaryListValues": ListOf(BINARY),
    },
    ("DataType",),
)
_CONTENT: Final[dict[str, Shape]] = {
    "MessageBody": TEXT,
    "DelaySeconds": INTEGER,
    "MessageAttributes": MapOf(_ATTRIBUTE),
    "MessageSystemAttributes": MapOf(_ATTRIBUTE),
    "MessageDeduplicationId": TEXT,
    "MessageGroupId": TEXT,
}
_LEASE: Final[dict[str, Shape]] = {"ReceiptHandle": TEXT, "VisibilityTimeout": INTEGER}
_PAGE: Final[dict[str, Shape]] = {"NextToken": TEXT, "MaxResults": INTEGER}


def _queue(members: dict[str, Shape] | None = None, *required: str) -> Structure:
    return Structure({"QueueUrl": TEXT, **(members or {})}, ("QueueUrl", *required))


def _batch(members: dict[str, Shape], *required: str) -> Structure:
    entry = Structure({"Id": TEXT, **members}, ("Id", *required))
    return _queue({"Entries": ListOf(entry)}, "Entries")


#: Operation name → shape of its request.
REQUESTS: Final[dict[str, Structure]] = {
    "GetQueueUrl": Structure({"QueueName": TEXT, "QueueOwnerAWSAccountId": TEXT}, ("QueueName",)),
    "GetQueueAttributes": _queue({"AttributeNames": TEXTS}),
    "SetQueueAttributes": _queue({"Attributes": TEXT_MAP}, "Attributes"),
    "CreateQueue": Structure({"QueueName": TEXT, "Attributes": TEXT_MAP, "tags": TEXT_MAP}, ("QueueName",)),
    "DeleteQueue": _queue(),
    "PurgeQueue": _queue(),
    "ListQueues": Structure({"QueueNamePrefix": TEXT, **_PAGE}),
    "ListDeadLetterSourceQueues": _queue(_PAGE),
    "SendMessage": _queue(_CONTENT, "MessageBody"),
    "SendMessageBatch": _batch(_CONTENT, "MessageBody"),
    "ReceiveMessage": _queue(
        {
            "AttributeNames": TEXTS,
            "MessageSystemAttributeNames": TEXTS,
            "MessageAttributeNames": TEXTS,
            "MaxNumberOfMessages": INTEGER,
            "VisibilityTimeout": INTEGER,
            "WaitTimeSeconds": INTEGER,
            "ReceiveRequestAttemptId": TEXT,
        }
    ),
    "DeleteMessage": _queue({"ReceiptHandle": TEXT}, "ReceiptHandle"),
    "DeleteMessageBatch": _batch({"ReceiptHandle": TEXT}, "ReceiptHandle"),
    "ChangeMessageVisibility": _queue(_LEASE, "ReceiptHandle", "VisibilityTimeout"),
    "ChangeMessageVisibilityBatch": _batch(_LEASE, "ReceiptHandle"),
    "TagQueue": _queue({"Tags": TEXT_MAP}, "Tags"),
    "UntagQueue": _queue({"TagKeys": TEXTS}, "TagKeys"),
    "ListQueueTags": _queue(),
    "StartMessageMoveTask": Structure(
        {"SourceArn": TEXT, "DestinationArn": TEXT, "MaxNumberOfMessagesPerSecond": INTEGER}, ("SourceArn",)
    ),
    "ListMessageMoveTasks": Structure({"SourceArn": TEXT, "MaxResults": INTEGER}, ("SourceArn",)),
    "CancelMessageMoveTask": Structure({"TaskHandle": TEXT}, ("TaskHandle",)),
}


def check(operation: str, request: Mapping[str, Any], shapes: Mapping[str, Structure] = REQUESTS) -> None:
    """Refuse a request whose parameters boto3 would refuse, naming every problem at once."""
    problems = list(_problems(request, shapes[operation], ""))
    if problems:
        raise Refused(PARAM_VALIDATION, "Parameter validation failed:\n" + "\n".join(problems))


def _problems(value: object, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, Scalar):
        if not isinstance(value, shape.types) or (isinstance(value, bool) and bool not in shape.types):
            yield _wrong_type(value, path, shape.name)
    elif isinstance(shape, Structure):
        yield from _structure_problems(value, shape, path)
    elif isinstance(shape, ListOf):
        if not isinstance(value, list | tuple):
            yield _wrong_type(value, path, "<class 'list'>, <class 'tuple'>")
            return
        for index, member in enumerate(value):
            yield from _problems(member, shape.member, f"{path}[{index}]")
    elif not isinstance(value, dict):
        yield _wrong_type(value, path, "<class 'dict'>")
    else:
        for key, member in value.items():
            yield from _problems(key, TEXT, f"{path} (key)")
            yield from _problems(member, shape.value, f"{path}.{key}")


def _structure_problems(value: object, shape: Structure, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _wrong_type(value, path, "<class 'dict'>")
        return
    where = path.lstrip(".") or "input"
    for name in shape.required:
        if name not in value:
            yield f'Missing required parameter in {where}: "{name}"'
    for name, member in value.items():
        known = shape.members.get(name)
        if isinstance(known, Scalar) and type(member) in known.types:
            continue  # the usual case, ahead of the general one because every send passes here
        if known is None:
            yield f'Unknown parameter in {where}: "{name}", must be one of: {", ".join(shape.members)}'
        else:
            yield from _problems(member, known, f"{path}.{name}")


def _wrong_type(value: object, path: str, valid: str) -> str:
    return f"Invalid type for parameter {path.lstrip('.')}, type: {type(value)}, valid types: {valid}"
