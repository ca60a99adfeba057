"""From a message body to a payload, whatever the body is.

A maintainer keeps two rules. Reading never raises and never loses: a body that is nothing better is text, and `reason` says why it
is nothing better. And the order is fixed: the publisher's own `megaql.format` attribute; an object or array in JSON, out of its SNS
envelopes; a bare JSON scalar, which is text; BSON in Base64; Base64; text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from megaql.codec import envelopes, mega
from megaql.codec.formats import Unreadable, is_bson_like, is_json_scalar, read_base64, read_bson, read_json
from megaql.codec.payloads import Blob, DataObject, MegaEvent, Payload, Plaintext
from megaql.codec.places import kind
from megaql.errors import CodecError

if TYPE_CHECKING:
    from megaql.codec.envelopes import SnsEnvelope

#: How a body is written; also the values of the message attribute by which a publisher says so.
Format = Literal["json", "bson", "base64", "text"]

#: The message attribute that settles how a body is read.
FORMAT_ATTRIBUTE: Final = "megaql.format"


@dataclass(slots=True)  # not frozen: one is made for every message, and that takes three times as long
class Decoded:
    """A payload, and how it was found; never changed.

    `envelopes` are the SNS envelopes around it, outermost first. `reason` says why the body is not something better than it
    is: text because its JSON breaks off, data because its event has no name; `""` if there is nothing to say.
    """

    payload: Payload
    format: Format
    envelopes: tuple[SnsEnvelope, ...] = ()
    reason: str = ""

    @property
    def sns(self) -> SnsEnvelope | None:
        """The innermost envelope: of the topic that the payload was published to."""
        return self.envelopes[-1] if self.envelopes else None


def decode(body: str, attributes: Mapping[str, Any] | None = None) -> Decoded:
    """Return what a body holds. Never raises.

    `attributes` are the message's, as boto3 gives them. A `megaql.format` there settles the format of the body as it is, so that an
    envelope someone published on purpose is not taken off; one inside an envelope settles that of the message in it.
    """
    around: list[SnsEnvelope] = []
    reasons: list[str] = []
    while True:
        settled, complaint = _settled(body, attributes)
        found = settled or _detect(body)
        looks_wrapped = settled is None and found.format == "json"
        envelope = envelopes.unwrap(found.payload.document) if looks_wrapped else None
        if envelope is None and not (around or reasons or complaint or found.reason):
            return found
        reasons += filter(None, (complaint, "" if envelope else found.reason))
        if envelope is None:
            return replace(found, envelopes=tuple(around), reason="; ".join(reasons)) if around or reasons else found
        around.append(envelope)
        body, attributes = envelope.message, envelope.attributes


def payload_of(value: object) -> Payload:
    """Return the payload that a value given in code stands for; a `dict` is an event if it says so and keeps the protocol.

    Raises `CodecError` for what is no `dict`, `list`, `str`, `bytes` or payload.
    """
    match value:
        case MegaEvent() | DataObject() | Plaintext() | Blob():
            return value
        case dict():
            return mega.read(value)
        case list():
            return DataObject(value)
        case str():
            return Plaintext(value)
        case bytes():
            return Blob(value)
        case _:
            raise CodecError(
                f"{kind(value)} is no payload",
                why="a payload is a dict, a list, a str, bytes, or one of MegaQL's payload classes",
                hint="convert the value first",
            )


def _settled(body: str, attributes: object) -> tuple[Decoded | None, str]:
    """Read a body as its publisher says it is written, or say why that is impossible."""
    if not attributes:
        return None, ""
    attribute = attributes.get(FORMAT_ATTRIBUTE) if isinstance(attributes, Mapping) else None
    value = attribute.get("StringValue") if isinstance(attribute, Mapping) else None
    if value is None:
        return None, ""
    if value not in get_args(Format):
        return None, f"the attribute {FORMAT_ATTRIBUTE} names no known format"
    try:
        return _read_as(value, body), ""
    except Unreadable as error:
        return None, f"the attribute {FORMAT_ATTRIBUTE} says {value}, and the body is {error}"


def _read_as(name: Format, body: str) -> Decoded:
    match name:
        case "json":
            return _document(read_json(body), "json")
        case "bson":
            return _document(read_bson(read_base64(body)), "bson")
        case "base64":
            return Decoded(Blob(read_base64(body)), "base64")
        case "text":
            return Decoded(Plaintext(body), "text")


def _detect(body: str) -> Decoded:
    """Read a body by its looks."""
    reason = ""
    if body.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        try:
            return _document(read_json(body), "json")
        except Unreadable as error:
            reason = str(error)
    elif not is_json_scalar(body):
        try:
            data = read_base64(body)
        except Unreadable:
            pass
        else:
            return _detect_bson(data)
    return Decoded(Plaintext(body), "text", reason=reason)


def _detect_bson(data: bytes) -> Decoded:
    reason = ""
    if is_bson_like(data):
        try:
            return _document(read_bson(data), "bson")
        except Unreadable as error:
            reason = str(error)
    return Decoded(Blob(data), "base64", reason=reason)


def _document(document: dict[str, Any] | list[Any], name: Format) -> Decoded:
    payload = mega.read(document) if isinstance(document, dict) else DataObject(document)
    return Decoded(payload, name, reason=payload.reason if isinstance(payload, DataObject) else "")
