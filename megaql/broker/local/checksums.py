"""The MD5 digests SQS answers with, so that a sender can check what arrived.

A maintainer keeps the byte layout of the SQS developer guide ("Calculating the MD5 message digest for message
attributes"): names sorted; each of name, type and value preceded by its length, four bytes big-endian; one byte tells
text (1) from binary (2) before the value.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def text_md5(data: bytes) -> str:
    """Return the hexadecimal MD5 of a body's UTF-8 bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def attributes_md5(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the hexadecimal MD5 of message attributes in boto3's form (`DataType`, `StringValue` or `BinaryValue`)."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        for text in (name, attribute["DataType"]):
            data = text.encode()
            digest.update(len(data).to_bytes(4, "big") + data)
        binary = "BinaryValue" in attribute
        value = bytes(attribute["BinaryValue"]) if binary else attribute["StringValue"].encode()
        digest.update((b"\x02" if binary else b"\x01") + len(value).to_bytes(4, "big") + value)
    return digest.hexdigest()
