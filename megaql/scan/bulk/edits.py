"""Edits of messages on their way from one queue to another: parts set and parts taken away.

A maintainer keeps one rule: what cannot be edited is not sent. A message that an edit does not fit stays where it is, and is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.broker.publisher import attribute
from megaql.errors import CodecError, MegaQLError, ScanError
from megaql.lang.nodes import Key, Path, Root
from megaql.scan.rewriting import (
    DoesNotFit,
    Uncertain,
    assign,
    remove,
    steps_of,
    with_attributes,
    with_document,
    with_envelope,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from megaql.broker.message import Message
    from megaql.scan.rewriting import Document

#: What `unset` puts in the place of a value.
UNSET: Final = object()


class CannotEdit(Exception):  # noqa: N818 - an answer about one message
    """An edit does not fit a message; the text says why and quotes nothing of the message."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: `path` as the query language reads it, `text` as it was written, and the value, `UNSET` for none."""

    path: Path
    text: str
    value: object = UNSET

    def check(self) -> None:
        """Refuse a path that no edit can have. Raises `ScanError`."""
        if self.path.root is Root.ENVELOPE:
            if _attribute_name(self.path) is None:
                raise _refused(self.text, "of the envelope only attributes can be changed: @attributes.NAME")
            return
        if self.path.root is not Root.BODY:
            raise _refused(self.text, "it begins with no part of a message")
        if self.value is not UNSET:
            try:
                steps_of(self.path)
            except DoesNotFit:
                if any(
                    not isinstance(segment, Key) and type(segment).__name__ == "Deep" for segment in self.path.segments
                ):
                    raise _refused(self.text, "** stands for any place, and a value is set at certain ones") from None


def edited(message: Message, edits: Sequence[Edit]) -> Message:
    """Return the message with all edits made, in their order; itself where none changes anything. Raises `CannotEdit`."""
    for edit in edits:
        name = _attribute_name(edit.path)
        message = _with_attribute(message, name, edit.value) if name is not None else _with_part(message, edit)
    return message


def _with_part(message: Message, edit: Edit) -> Message:
    mega = message.payload.kind == "mega"

    def change(document: Document) -> bool:
        if edit.value is UNSET:
            return remove(document, edit.path, mega=mega)
        return assign(document, edit.path, edit.value, mega=mega)

    try:
        changed = with_document(message, change)
    except DoesNotFit as error:
        raise CannotEdit(f"{edit.text} does not fit into it: {error}") from None
    except Uncertain:
        raise CannotEdit(f"it is too large to look for {edit.text} in it") from None
    except CodecError as error:
        raise CannotEdit(f"{edit.text}: {error.what}") from None
    if changed is None:
        if edit.value is UNSET:
            return message
        raise CannotEdit(f"its body is {_kind(message)}, which has no part {edit.text}")
    return changed


def _with_attribute(message: Message, name: str, value: object) -> Message:
    """Set or remove a message attribute, and the same one in the SNS envelopes around the payload where they have it."""
    attributes = dict(message.attributes)
    if value is UNSET:
        attributes.pop(name, None)
    else:
        try:
            attributes[name] = attribute(name, value)
        except MegaQLError as error:
            raise CannotEdit(f"@attributes.{name}: {error.why or error.what}") from None

    def change(envelope: dict[str, Any]) -> bool:
        there = envelope.get("MessageAttributes")
        if not isinstance(there, dict) or name not in there:
            return False
        if value is UNSET:
            del there[name]
        else:
            new = attributes[name]
            there[name] = {"Type": new["DataType"], "Value": new.get("StringValue", "")}
        return True

    changed = with_envelope(message, change)
    return changed if attributes == message.attributes else with_attributes(changed, attributes)


def _attribute_name(path: Path) -> str | None:
    """Return NAME of `@attributes.NAME`, None for any other path."""
    if path.root is not Root.ENVELOPE:
        return None
    match path.segments:
        case (Key("attributes"), Key(name)):
            return name
        case _:
            return None


def _kind(message: Message) -> str:
    return "plain text" if message.decoded.format == "text" else "bytes"


def _refused(text: str, why: str) -> ScanError:
    return ScanError(
        "This cannot be edited", where=text, why=why, hint="write a.b, items[0].sku, items[*].price or @attributes.NAME"
    )
