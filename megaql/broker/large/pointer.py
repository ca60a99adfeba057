"""The convention of Amazon's extended clients for a message whose payload lies in S3.

The body is a JSON array of a class name, kept from the first implementation, and the bucket and key; a message attribute has the payload's size. A
maintainer keeps one rule: what another library wrote is read, the older names too, and what is written is what every one of them reads.

Reference: amazon-sqs-python-extended-client-lib, amazon-sns-python-extended-client-lib and payload-offloading-java-common-lib-for-aws.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.broker.outgoing import Attribute

#: The message attribute that has the payload's size in bytes, and by which a pointer is known.
SIZE_ATTRIBUTE: Final = "ExtendedPayloadSize"
#: The same, and the class in the body, as clients before 2020 wrote them.
SIZE_ATTRIBUTES: Final = frozenset({SIZE_ATTRIBUTE, "SQSLargePayloadSize"})
_CLASS: Final = "software.amazon.payloadoffloading.PayloadS3Pointer"
_CLASSES: Final = frozenset({_CLASS, "com.amazon.sqs.javamessaging.MessageS3Pointer"})

#: A pointer is short; anything longer need not be parsed. Characters.
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a payload lies."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def body(self) -> str:
        """The body of the message that points."""
        return json.dumps([_CLASS, {"s3BucketName": self.bucket, "s3Key": self.key}])


def read(body: str, attributes: Mapping[str, Attribute]) -> Pointer | None:
    """Return the pointer that a message is; `None` for one with a payload of its own."""
    if SIZE_ATTRIBUTES.isdisjoint(attributes) or len(body) > _LONGEST or "s3BucketName" not in body:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    match found:
        case [str(name), {"s3BucketName": str(bucket), "s3Key": str(key)}] if name in _CLASSES and bucket and key:
            return Pointer(bucket, key)
    return None


def size(attributes: Mapping[str, Attribute]) -> int | None:
    """Return the payload's size that stands beside a pointer, `None` where that is no number."""
    for name in SIZE_ATTRIBUTES & attributes.keys():
        text = str(attributes[name].get("StringValue", ""))
        if text.isascii() and text.isdigit():
            return int(text)
    return None


def without_size(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, Any]]:
    """Return message attributes as they were before the payload went elsewhere."""
    return {name: dict(value) for name, value in attributes.items() if name not in SIZE_ATTRIBUTES}
