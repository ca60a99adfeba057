"""What `publish` sends, from its options: a payload put together, or records read from a file.

A maintainer keeps one rule: a saved record is sent with the body and attributes it had, byte for byte; only its deduplication id is new, for SQS
would drop a message whose id it has seen within five minutes.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from megaql.broker.outgoing import Outgoing
from megaql.broker.target import TopicTarget
from megaql.cli import badlines, options
from megaql.codec import mega
from megaql.codec.formats import Unreadable, read_json
from megaql.codec.payloads import DataObject, MegaEvent
from megaql.errors import CodecError, MegaQLError
from megaql.lang.nodes import Index, Key, Root
from megaql.scan.again import again
from megaql.scan.documents import BadLine
from megaql.scan.rewriting import DoesNotFit, put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.broker.message import Message
    from megaql.broker.publisher import Publishable, Publisher
    from megaql.cli.environment import Environment

#: The sections of a MEGA payload that a `--set` path may begin with; any other path is an attribute of the event.
_SECTIONS: Final = frozenset({"event", "object", "extra"})

#: The longest delay SQS has.
MAX_DELAY: Final = timedelta(minutes=15)

_ATTRIBUTE_NAME: Final = re.compile(
    r"(?P<name>[^:=]+)(?::(?P<type>(?:String|Number|Binary)[^=]*))?=(?P<value>.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which payload was asked for; exactly one of these is given."""

    event: str | None = None
    data: str | None = None
    text: str | None = None
    binary: str | None = None
    source: str | None = None

    def check(self) -> None:
        """Refuse none and several."""
        choices = (
            ("--event", self.event),
            ("--data", self.data),
            ("--text", self.text),
            ("--bytes", self.binary),
            ("--from", self.source),
        )
        given = [option for option, value in choices if value is not None]
        if not given:
            raise typer.BadParameter(
                "say what to send: --event NAME, --data JSON, --text TEXT, --bytes BYTES or --from FILE"
            )
        if len(given) > 1:
            raise typer.BadParameter(f"{given[0]} and {given[1]} exclude each other: a message has one payload")


@dataclass(frozen=True, slots=True)
class EventParts:
    """What stands in the payload besides its name."""

    assignments: Sequence[str]
    domain: str | None = None
    subject: str | None = None
    publisher: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What travels around the payload."""

    attributes: Sequence[str]
    group: str | None = None
    dedup: str | None = None
    delay: timedelta | None = None
    bson: bool = False


def outgoing(
    world: Environment, publisher: Publisher, choice: Choice, parts: EventParts, envelope: Envelope, count: int
) -> Iterator[Outgoing | BadLine]:
    """Return the messages to send, everything but a file's own lines checked before the first one; unreadable lines stand between them."""
    choice.check()
    if envelope.dedup and count > 1:
        raise typer.BadParameter("copies with one deduplication id would arrive as one message", param_hint="--dedup")
    if envelope.delay is not None and envelope.delay > MAX_DELAY:
        raise typer.BadParameter("a queue delays a message by 15 minutes at most", param_hint="--delay")
    attributes = dict(_attribute(text) for text in envelope.attributes)
    if choice.source is not None:
        if count > 1 or envelope.bson or parts.assignments or envelope.dedup:
            raise typer.BadParameter(
                "records are sent as they were: no --count, --bson, --set, --dedup", param_hint="--from"
            )
        return _records(world, publisher, choice.source, attributes, envelope)
    entry = publisher.outgoing(
        _payload(world, choice, parts),
        bson=envelope.bson,
        attributes=attributes,
        group_id=envelope.group,
        dedup_id=envelope.dedup,
        delay=envelope.delay,
    )
    fresh = count > 1 and publisher.target.name.endswith(".fifo")
    return (replace(entry, dedup_id=str(uuid.uuid4()) if fresh else entry.dedup_id) for _ in range(count))


def _payload(world: Environment, choice: Choice, parts: EventParts) -> Publishable:
    named = [name for name in ("domain", "subject", "publisher") if getattr(parts, name) is not None]
    if choice.event is None and named:
        raise typer.BadParameter("this belongs to an event; add --event NAME", param_hint=f"--{named[0]}")
    if choice.event is not None:
        return _event(choice.event, parts)
    if choice.data is not None:
        return _data(_text(world, choice.data), parts.assignments)
    if parts.assignments:
        raise typer.BadParameter("only events and data have parts to set", param_hint="--set")
    if choice.text is not None:
        return _text(world, choice.text)
    return _bytes(world, choice.binary or "")


def _event(name: str, parts: EventParts) -> MegaEvent:
    """Return the event with its parts set, checked against the protocol once more."""
    event = MegaEvent(name, domain=parts.domain, subject=parts.subject, publisher=parts.publisher)
    document = event.document
    for text in parts.assignments:
        path, value = options.assignment(text)
        steps = _steps(path)
        if steps[0] not in _SECTIONS:
            steps = ["event", "attributes", *steps]
        _assign(document, steps, value, path)
    payload = mega.read(document)
    if isinstance(payload, DataObject):
        raise CodecError(
            "This is no MEGA event",
            why=payload.reason,
            hint="correct the --set option that says so",
        )
    return payload


def _data(text: str, assignments: Sequence[str]) -> dict[str, Any] | list[Any]:
    try:
        document = read_json(text)
    except Unreadable as error:
        raise CodecError(
            "The data cannot be read",
            where="--data",
            why=str(error),
            hint="an object or array in JSON; --text sends text as it is",
        ) from None
    for assignment in assignments:
        path, value = options.assignment(assignment)
        _assign(document, _steps(path), value, path)
    return document


def _steps(path: str) -> list[str | int]:
    """Read a `--set` path: names and numbers only."""
    from megaql.cli.fields import read_field  # noqa: PLC0415 - the parser is loaded only when something is set

    found = read_field(path, "--set").path
    steps = [
        segment.name if isinstance(segment, Key) else segment.position
        for segment in found.segments
        if isinstance(segment, Key | Index)
    ]
    if found.root is not Root.BODY or len(steps) < len(found.segments) or not isinstance(steps[0], str):
        raise typer.BadParameter(f"{path!r} is no place in a payload; write a.b or items[0].sku", param_hint="--set")
    return list(steps)


def _assign(document: dict[str, Any] | list[Any], steps: Sequence[str | int], value: object, path: str) -> None:
    """Set one place of a document, making the objects and arrays on the way."""
    try:
        put(document, steps, value)
    except DoesNotFit as error:
        raise typer.BadParameter(f"{path!r} does not fit into the payload: {error}", param_hint="--set") from None


def _attribute(text: str) -> tuple[str, dict[str, Any]]:
    """Read `name=value` or `name:Type=value` into a message attribute in boto3's form."""
    found = _ATTRIBUTE_NAME.fullmatch(text)
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is not NAME=VALUE; NAME:Number=5 and NAME:Binary=@FILE have a type", param_hint="--attr"
        )
    kind, value = found["type"] or "String", found["value"]
    if kind.startswith("Binary"):
        data = _file(value[1:]) if value.startswith("@") else value.encode()
        return found["name"], {"DataType": kind, "BinaryValue": data}
    return found["name"], {"DataType": kind, "StringValue": value}


def _text(world: Environment, given: str) -> str:
    """Return an option's text: as it stands, from `@FILE`, or from standard input for `-`."""
    if given != "-" and not given.startswith("@"):
        return given
    data = world.read_input() if given == "-" else _file(given[1:])
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MegaQLError(
            "This is not text",
            where="standard input" if given == "-" else given[1:],
            why=f"not UTF-8 at byte {error.start + 1}",
            hint="--bytes sends anything",
        ) from None


def _bytes(world: Environment, given: str) -> bytes:
    if given == "-":
        return world.read_input()
    if given.startswith("base64:"):
        try:
            return base64.b64decode(given.removeprefix("base64:"), validate=True)
        except binascii.Error:
            raise typer.BadParameter("what follows base64: is not Base64", param_hint="--bytes") from None
    if not given.startswith("@"):
        raise typer.BadParameter("write @FILE, base64:TEXT, or - for standard input", param_hint="--bytes")
    return _file(given[1:])


def _file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise MegaQLError(
            "A file cannot be read",
            where=name,
            why=error.strerror or str(error),
            hint="@ stands before a file's name; what begins with @ itself can come from standard input (-)",
        ) from None


def _records(
    world: Environment, publisher: Publisher, path: str, attributes: dict[str, Any], envelope: Envelope
) -> Iterator[Outgoing | BadLine]:
    """Yield a file's messages as they are to be sent, and the lines that are none."""
    from megaql.scan.files import read_file  # noqa: PLC0415 - only for files

    tell = badlines.printer(world, path)
    for item in read_file(path):
        if isinstance(item, BadLine):
            tell(item)
            yield item
        else:
            yield _again(publisher, item, attributes, envelope)


def _again(publisher: Publisher, message: Message, attributes: dict[str, Any], envelope: Envelope) -> Outgoing:
    """Return a saved message as it goes out again, with further attributes."""
    outgoing = again(
        message,
        fifo=publisher.target.name.endswith(".fifo"),
        topic=isinstance(publisher.target, TopicTarget),
        dedup_id=str(uuid.uuid4()),
        group=envelope.group,
        delay=envelope.delay,
    )
    return replace(outgoing, attributes={**outgoing.attributes, **attributes})
