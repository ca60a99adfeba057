"""Changing parts of a message's body and attributes where it stands: inside SNS envelopes, in JSON or BSON, everything else as it was.

A maintainer keeps three rules. A path means what it means in a query: a name on an array is applied to each element, and `event.x` is an event's attribute
wherever its publisher wrote it. A body in which nothing changes is returned byte for byte. And the numbers that stay keep their digits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from megaql.codec.formats import read_base64, read_bson, read_json, write_base64
from megaql.codec.writers import write_bson, write_json
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.nodes import Index, Key, Path, Root
from megaql.lang.paths import BODY, Where, resolve
from megaql.lang.reasons import Reason
from megaql.lang.record import MEGA_EVENT_FIELDS, MISSING, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.broker.message import Message
    from megaql.broker.outgoing import Attribute

#: A document as it was sent: what JSON or BSON says.
Document: TypeAlias = "dict[str, Any] | list[Any]"

#: Where a value stands: the object or array that holds it, and its name or position there.
Place: TypeAlias = "tuple[Any, str | int]"

#: An array is made longer by one element at a time, and never longer than this.
MAX_INDEX: Final = 10_000

_EVENT: Final = Key("event")
_ATTRIBUTES: Final = Key("attributes")


class DoesNotFit(ValueError):  # noqa: N818 - an answer about a path and a document
    """A path leads into something else than an object or array, or past an array's end; `step` is what has no place there."""

    def __init__(self, step: str | int) -> None:
        super().__init__(f"{step!r} has no place in what stands before it")
        self.step = step


class Uncertain(ValueError):  # noqa: N818 - as above
    """A document is too large to say of each of its values whether a path leads there."""


def with_document(message: Message, change: Callable[[Document], bool]) -> Message | None:
    """Return the message with its document changed; itself where `change` returns False, None where its payload is no document.

    `change` is given the document as it was sent, which it changes in place. What it raises passes through.
    """
    decoded = message.decoded
    if decoded.format not in {"json", "bson"}:
        return None
    body = _changed(message.body, len(decoded.envelopes), change, bson=decoded.format == "bson")
    return message if body == message.body else with_body(message, body)


def with_body(message: Message, body: str) -> Message:
    """Return the message with another body; nothing that was decoded of the old one is kept."""
    return replace(message, body=body)


def with_envelope(message: Message, change: Callable[[dict[str, Any]], bool]) -> Message:
    """Return the message with each SNS envelope around it changed in place by `change`, if any says that it is."""
    body = _envelopes_changed(message.body, len(message.decoded.envelopes), change)
    return message if body == message.body else with_body(message, body)


def with_attributes(message: Message, attributes: dict[str, Attribute]) -> Message:
    """Return the message with other attributes."""
    return replace(message, attributes=attributes)


def _changed(body: str, envelopes: int, change: Callable[[Document], bool], *, bson: bool) -> str:
    if envelopes:
        outer = read_json(body)
        if not isinstance(outer, dict):
            raise TypeError("an envelope is an object")
        inner = _changed(outer["Message"], envelopes - 1, change, bson=bson)
        if inner == outer["Message"]:
            return body
        return write_json(outer | {"Message": inner})
    if bson:
        document: Document = read_bson(read_base64(body))
        return write_base64(write_bson(document)) if change(document) else body
    document = read_json(body)
    return write_json(document) if change(document) else body


def _envelopes_changed(body: str, envelopes: int, change: Callable[[dict[str, Any]], bool]) -> str:
    if not envelopes:
        return body
    outer = read_json(body)
    if not isinstance(outer, dict):
        raise TypeError("an envelope is an object")
    inner = _envelopes_changed(outer["Message"], envelopes - 1, change)
    changed = change(outer)
    if inner != outer["Message"]:
        outer["Message"] = inner
        changed = True
    return write_json(outer) if changed else body


def places(document: Document, path: Path, *, mega: bool) -> list[Place]:
    """Return where the values stand that a path leads to; none where it leads nowhere. Raises `Uncertain`."""
    found: dict[tuple[int, str | int], Place] = {}
    for variant in _variants(path, mega=mega):
        try:
            values = resolve(variant, Record(document), {}, Budget())
        except OutOfBudget:
            raise Uncertain from None
        for value, where in values:
            if isinstance(value, Reason):
                raise Uncertain
            if value is not MISSING and where is not None and where != BODY:
                holder, step = _place(document, where)
                found[id(holder), step] = holder, step
    return list(found.values())


def assign(document: Document, path: Path, value: object, *, mega: bool) -> bool:
    """Set what a path leads to, or make it where it leads nowhere; return whether anything changed.

    Raises `DoesNotFit` where it cannot be made, and `Uncertain`.
    """
    there = places(document, path, mega=mega)
    changed = False
    for holder, step in there:
        if not _same(holder[step], value):
            holder[step] = value
            changed = True
    if not there:
        put(document, steps_of(_variants(path, mega=mega)[-1]), value)
    return changed or not there


def remove(document: Document, path: Path, *, mega: bool) -> bool:
    """Take away what a path leads to; return whether there was anything. Raises `Uncertain`."""
    there = places(document, path, mega=mega)
    # An array's elements go from its end, so that the positions of the others hold.
    there.sort(key=lambda place: place[1] if isinstance(place[1], int) else -1, reverse=True)
    for place in there:
        holder: Any = place[0]
        if place[1] in (range(len(holder)) if isinstance(holder, list) else holder):
            del holder[place[1]]
    return bool(there)


def steps_of(path: Path) -> list[str | int]:
    """Return a path's names and positions. Raises `DoesNotFit` for one that may lead to many places."""
    steps: list[str | int] = []
    for segment in path.segments:
        match segment:
            case Key(name):
                steps.append(name)
            case Index(position):
                steps.append(position)
            case _:
                raise DoesNotFit("[*]")
    return steps


def put(document: Document, steps: Sequence[str | int], value: object) -> None:
    """Set one place of a document, making the objects and arrays on the way. Raises `DoesNotFit`."""
    place: Any = document
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        new = value if after is None else [] if isinstance(after, int) else {}
        if isinstance(step, str) and isinstance(place, dict):
            if after is None:
                place[step] = new
            place = place.setdefault(step, new)
        elif isinstance(step, int) and isinstance(place, list) and 0 <= step <= min(len(place), MAX_INDEX):
            if step == len(place):
                place.append(new)
            elif after is None:
                place[step] = new
            place = place[step]
        else:
            raise DoesNotFit(step)


def _variants(path: Path, *, mega: bool) -> list[Path]:
    """Return a path in each form that an event may have been written in; the last one is the protocol's own."""
    if not mega or len(path.segments) < 2 or path.segments[0] != _EVENT:
        return [path]
    _, second, *rest = path.segments
    if second == _ATTRIBUTES and rest:
        if isinstance(rest[0], Key) and rest[0].name not in MEGA_EVENT_FIELDS:
            return [Path((_EVENT, *rest), Root.BODY), path]
    elif isinstance(second, Key) and second.name not in MEGA_EVENT_FIELDS:
        return [path, Path((_EVENT, _ATTRIBUTES, second, *rest), Root.BODY)]
    return [path]


def _place(document: Document, where: Where) -> Place:
    steps = list(_steps(where))[::-1][1:]
    holder: Any = document
    for step in steps[:-1]:
        holder = holder[step]
    return holder, steps[-1]


def _steps(where: Where | None) -> Iterator[str | int]:
    while where is not None:
        where, step = where
        yield step


def _same(old: object, new: object) -> bool:
    """Whether a value is another one exactly: `1` is neither `True` nor `1.0`."""
    return type(old) is type(new) and old == new
