"""A message in a few words: a short id, what happened, and the part of its payload that differs from message to message."""

from __future__ import annotations

import json
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any, Final

from megaql.codec.payloads import Blob, DataObject, MegaEvent, Plaintext
from megaql.plural import counted
from megaql.scan.readable import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.broker.message import Message

#: Characters of an id that tell messages apart on one screen.
SHORT_ID: Final = 8

#: A preview is made of no more text than this, however long the payload. Characters.
MAX_PREVIEW: Final = 400


def id_text(message: Message) -> str:
    """Return the start of a message's id."""
    return message.id[:SHORT_ID]


def event_text(message: Message) -> str:
    """Return an event's name, and the kind of anything else in parentheses."""
    payload = message.payload
    return payload.name if isinstance(payload, MegaEvent) else f"({payload.kind})"


def payload_text(message: Message) -> str:
    """Return one line of what the payload says: an event's attributes and object, data as JSON, text, the size of a blob."""
    match message.payload:
        case MegaEvent() as event:
            shown = dict(event.attributes)
            if event.object is not None:
                shown |= {"object": event.object.current or event.object.document}
            return _compact(shown).removeprefix("{").removesuffix("}")
        case DataObject(data=data):
            return _compact(data)
        case Plaintext(text=text):
            return text[:MAX_PREVIEW]
        case Blob(data=data):
            return counted(len(data), "byte")


def _compact(value: object) -> str:
    start = _start_of(value, count())
    return json.dumps(readable(start), ensure_ascii=False, separators=(", ", ": "))[:MAX_PREVIEW]


def _start_of(value: object, numbers: Iterator[int]) -> object:
    """Return as much of a value as a preview can show: each value in it takes a character at least, and gets the next of the numbers."""
    if isinstance(value, dict):
        return {key: _start_of(one, numbers) for key, one in _first(value.items(), numbers)}
    if isinstance(value, list):
        return [_start_of(one, numbers) for one in _first(value, numbers)]
    return value[:MAX_PREVIEW] if isinstance(value, str) else value


def _first(values: Iterable[Any], numbers: Iterator[int]) -> Iterator[Any]:
    return takewhile(lambda _: next(numbers) < MAX_PREVIEW, values)
