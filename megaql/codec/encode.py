"""From a payload to a message body and the attribute that says how it is written.

A maintainer keeps one rule: what is written is read back the same, which is why the format always travels along as an attribute: a text that looks like JSON or
Base64 stays text. What cannot keep that promise is refused here, before it is in a queue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from megaql.codec.decode import FORMAT_ATTRIBUTE, payload_of
from megaql.codec.formats import write_base64
from megaql.codec.payloads import Blob, DataObject, MegaEvent, Payload, Plaintext
from megaql.codec.writers import write_bson, write_json
from megaql.errors import CodecError

if TYPE_CHECKING:
    from megaql.codec.decode import Format

#: What SQS refuses in a body: all but tab, line ends and the characters XML 1.0 allows.
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A body ready to be sent, and how it is written."""

    body: str = field(repr=False)
    format: Format

    @property
    def attributes(self) -> dict[str, dict[str, Any]]:
        """The message attribute to send along, in boto3's form."""
        return {FORMAT_ATTRIBUTE: {"DataType": "String", "StringValue": self.format}}


def encode(payload: Payload | dict[str, Any] | list[Any] | str | bytes, *, bson: bool = False) -> Encoded:
    """Return the body for a payload: JSON, or BSON in Base64 if asked for; text as it is, bytes as Base64.

    A `dict` or `list` is written as it stands. Raises `CodecError`, which names the place, for what the format cannot hold, for text with characters
    that SQS refuses, and for what would be an empty body.
    """
    if isinstance(payload, (dict, list)):
        return _document(payload, bson=bson)
    match payload_of(payload):
        case MegaEvent(document=document) | DataObject(data=document):
            return _document(document, bson=bson)
        case Plaintext(text=text):
            _refuse_bson(bson, "text")
            return Encoded(_checked(text), "text")
        case Blob(data=data):
            _refuse_bson(bson, "bytes")
            return Encoded(_checked(write_base64(data)), "base64")


def _document(document: object, *, bson: bool) -> Encoded:
    if bson:
        return Encoded(write_base64(write_bson(document)), "bson")
    return Encoded(write_json(document), "json")


def _refuse_bson(bson: bool, what: str) -> None:
    if bson:
        raise CodecError(
            f"{what} cannot be written as BSON",
            why="BSON holds documents: events and data objects",
            hint="leave bson out, or put it into an object",
        )


def _checked(body: str) -> str:
    if not body:
        raise CodecError(
            "the payload is empty",
            why="a message body has at least one character",
            hint="send an empty object ({}), or leave the message out",
        )
    if found := _REFUSED.search(body):
        half = "\ud800" <= found[0] <= "\udfff"
        raise CodecError(
            f"the text holds the character U+{ord(found[0]):04X}",
            where=f"character {found.start() + 1}",
            why="SQS accepts tab, line ends and the characters from U+0020 that XML 1.0 allows",
            hint="repair the text: this is half of a surrogate pair, which no encoding of text can hold"
            if half
            else "send it as bytes, which travel as Base64: --bytes on the command line, .encode() in code",
        )
    return body
