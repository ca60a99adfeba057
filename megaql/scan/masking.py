"""Values that must not leave the queue, made unreadable before a message is written anywhere.

Equal values of one snapshot get equal masks, so that they can still be counted and compared; the key behind the masks is made for one snapshot and kept nowhere. A
maintainer keeps two rules: where it is uncertain what has to be masked, the whole body is; and a masked text is masked wherever else the message
has it, since an address is as readable in a subject line as in its own field.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from megaql.codec.writers import write_json
from megaql.errors import CodecError, ScanError
from megaql.lang.nodes import Key, Path, Root
from megaql.scan.rewriting import Uncertain, places, with_attributes, with_body, with_document, with_envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.broker.message import Message
    from megaql.scan.rewriting import Document

#: A masked text is looked for elsewhere in its message if it has so many characters; shorter ones are in everything.
TELLING: Final = 6

#: The part of the envelope that each path may name, besides `@attributes.NAME`.
_SYSTEM: Final = {"group_id": "MessageGroupId", "dedup_id": "MessageDeduplicationId"}


#: The system attributes whose texts are the sender's.
_SENDERS: Final = frozenset({*_SYSTEM.values(), "AWSTraceHeader"})


class Masks:
    """Masks the values that some paths lead to. One object for one snapshot."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._body = [path for path in paths if path.root is Root.BODY]
        self._envelope = [_envelope_place(path) for path in paths if path.root is not Root.BODY]
        self._key = secrets.token_bytes(32)

    def masked(self, message: Message) -> Message:
        """Return the message with every value masked that the paths lead to."""
        texts: set[str] = set()
        message = self._with_body(message, texts)
        for place, name in self._envelope:
            message = self._with_envelope(message, place, name, texts)
        telling = sorted((text for text in texts if len(text) >= TELLING), key=len, reverse=True)
        return self._without(message, telling) if telling else message

    def mask(self, value: object) -> str:
        """Return what stands in the place of a value."""
        try:
            text = write_json(value)
        except CodecError:  # a value that only BSON has
            text = repr(value)
        return f"masked-{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:10]}"

    def _with_body(self, message: Message, texts: set[str]) -> Message:
        if not self._body:
            return message
        mega = message.payload.kind == "mega"

        def change(document: Document) -> bool:
            changed = False
            for path in self._body:
                for holder, step in places(document, path, mega=mega):
                    _collect(holder[step], texts)
                    if holder[step] is not None:
                        holder[step] = self.mask(holder[step])
                        changed = True
            return changed

        try:
            changed = with_document(message, change)
        except (Uncertain, CodecError):
            changed = None
        return self._whole(message) if changed is None else changed

    def _whole(self, message: Message) -> Message:
        return with_body(message, self.mask(message.body))

    def _with_envelope(self, message: Message, place: str, name: str, texts: set[str]) -> Message:
        match place:
            case "body":
                return self._whole(message)
            case "attributes":
                return self._with_attribute(message, name, texts)
            case "subject":
                return with_envelope(message, lambda envelope: self._member(envelope, "Subject", texts))
            case _:
                if (value := message.system.get(name)) is None:
                    return message
                texts.add(value)
                return replace(message, system={**message.system, name: self.mask(value)})

    def _with_attribute(self, message: Message, name: str, texts: set[str]) -> Message:
        def change(envelope: dict[str, Any]) -> bool:
            attributes = envelope.get("MessageAttributes")
            attribute = attributes.get(name) if isinstance(attributes, dict) else None
            if not isinstance(attribute, dict) or not self._member(attribute, "Value", texts):
                return False
            attribute["Type"] = "String"
            return True

        message = with_envelope(message, change)
        attribute = message.attributes.get(name)
        if attribute is None:
            return message
        value = attribute.get("StringValue", attribute.get("BinaryValue"))
        _collect(value, texts)
        masked = {"DataType": "String", "StringValue": self.mask(value)}
        return with_attributes(message, {**message.attributes, name: masked})

    def _member(self, holder: dict[str, Any], name: str, texts: set[str]) -> bool:
        if holder.get(name) is None:
            return False
        _collect(holder[name], texts)
        holder[name] = self.mask(holder[name])
        return True

    def _without(self, message: Message, texts: list[str]) -> Message:
        """Mask texts wherever they stand in the message's strings."""

        def clean(value: Any) -> Any:
            match value:
                case str():
                    for text in texts:
                        if text in value:
                            value = value.replace(text, self.mask(text))
                    return value
                case dict():
                    return {key: clean(item) for key, item in value.items()}
                case list():
                    return [clean(item) for item in value]
                case _:
                    return value

        try:
            changed = with_document(message, lambda document: _refill(document, clean(document)))
        except CodecError:
            changed = self._whole(message)
        message = with_body(message, clean(message.body)) if changed is None else changed
        message = with_envelope(
            message,
            lambda envelope: _refill(
                envelope, {**clean(envelope), "Type": envelope["Type"], "Message": envelope["Message"]}
            ),
        )
        attributes = {
            name: {**clean(dict(attribute)), "DataType": attribute["DataType"]}
            for name, attribute in message.attributes.items()
        }
        system = {name: clean(text) if name in _SENDERS else text for name, text in message.system.items()}
        return replace(message, attributes=attributes, system=system)


def _refill(document: Document, new: Document) -> bool:
    """Let a document be another one; return whether that changes it."""
    if new == document:
        return False
    document.clear()
    document.update(new) if isinstance(document, dict) else document.extend(new)
    return True


def _collect(value: Any, texts: set[str]) -> None:
    """Take note of all texts in a value."""
    match value:
        case str():
            texts.add(value)
        case dict():
            for item in value.values():
                _collect(item, texts)
        case list():
            for item in value:
                _collect(item, texts)


def _envelope_place(path: Path) -> tuple[str, str]:
    """Return what a path of the envelope names: the place and the name there."""
    match path.segments:
        case (Key("attributes"), Key(name)):
            return "attributes", name
        case (Key("body" | "subject" as place),):
            return place, ""
        case (Key(name),) if name in _SYSTEM:
            return "system", _SYSTEM[name]
        case _:
            raise ScanError(
                "This part of the envelope cannot be masked",
                why="it is no text of the message's own",
                hint="mask paths of the payload, @body, @subject, @group_id, @dedup_id or @attributes.NAME",
            )
