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
from megaql.cli import options
from megaql.cli.publishing import templates
from megaql.cli.reading import badlines
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
    from megaql.cli.publishing.templates import Copies, Fill

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

    @property
    def named(self) -> tuple[str, bool]:
        """The option of a payload that is text, and whether it was typed there and not read from elsewhere."""
        if self.event is not None:
            return "--event", True
        option, given = ("--data", self.data) if self.data is not None else ("--text", self.text or "")
        return option, given != "-" and not given.startswith("@")


@dataclass(frozen=True, slots=True)
class EventParts:
    """What stands in the payload besides its name."""

    assignments: Sequence[str]
    domain: str | None = None
    subject: str | None = None
    publisher: str | None = None

    def templates(self, copies: Copies) -> bool:
        """Say whether there is anything to fill in."""
        texts = {"--domain": self.domain, "--subject": self.subject, "--publisher": self.publisher}
        return copies.templates(
            {"--set": _values(self.assignments)} | {option: [text] for option, text in texts.items()}
        )

    def filled(self, fill: Fill) -> EventParts:
        """Return the parts with their templates filled in."""
        return EventParts(
            [_with_value(fill, one) for one in self.assignments],
            _maybe(fill, self.domain),
            _maybe(fill, self.subject),
            _maybe(fill, self.publisher),
        )


@dataclass(frozen=True, slots=True)
class Envelope:
    """What travels around the payload."""

    attributes: Sequence[str]
    group: str | None = None
    dedup: str | None = None
    delay: timedelta | None = None
    bson: bool = False

    def filled(self, fill: Fill) -> Envelope:
        """Return the envelope with the templates of its values filled in."""
        return replace(
            self,
            attributes=[_with_value(fill, one) for one in self.attributes],
            group=_maybe(fill, self.group),
            dedup=_maybe(fill, self.dedup),
        )


def _maybe(fill: Fill, text: str | None) -> str | None:
    return None if text is None else fill(text)


def _with_value(fill: Fill, text: str) -> str:
    """Fill in the value of `NAME=VALUE`, and never the name."""
    name, sign, value = text.partition("=")
    return f"{name}{sign}{fill(value)}"


def _values(texts: Sequence[str]) -> list[str]:
    return [text.partition("=")[2] for text in texts]


def outgoing(
    world: Environment, publisher: Publisher, choice: Choice, parts: EventParts, envelope: Envelope, copies: Copies
) -> Iterator[Outgoing | BadLine]:
    """Return the messages to send, everything but a file's own lines checked before the first one; unreadable lines stand between them."""
    choice.check()
    _check_envelope(envelope, copies)
    around = copies.templates(
        {"--attr": _values(envelope.attributes), "--group": [envelope.group], "--dedup": [envelope.dedup]}
    )
    if choice.source is not None:
        if copies.count > 1 or envelope.bson or parts.assignments or envelope.dedup or copies.fill:
            raise typer.BadParameter(
                "records are sent as they were: no --count, --bson, --set, --dedup, --fill", param_hint="--from"
            )
        _attributes(envelope)  # a wrong one is told before the first message
        return _records(world, publisher, choice.source, envelope, copies if around else None)
    body = _body(world, choice, parts)
    in_body = _in_body(world, choice, body, copies)
    changing = parts.templates(copies) or around or in_body

    def draft(seq: int) -> Outgoing:
        fill = copies.filling(seq).fill if changing else str
        beside = envelope.filled(fill)
        return publisher.outgoing(
            _payload(choice, fill(body) if in_body and isinstance(body, str) else body, parts.filled(fill)),
            bson=envelope.bson,
            attributes=_attributes(beside),
            group_id=beside.group,
            dedup_id=beside.dedup,
            delay=envelope.delay,
        )

    first = draft(1)
    fresh = copies.count > 1 and envelope.dedup is None and publisher.target.name.endswith(".fifo")
    each = (draft(seq) if changing and seq > 1 else first for seq in range(1, copies.count + 1))
    return (replace(one, dedup_id=str(uuid.uuid4())) if fresh else one for one in each)


def _in_body(world: Environment, choice: Choice, body: str | bytes, copies: Copies) -> bool:
    """Say whether there is anything to fill in within a payload; what comes from a file or standard input is a template only where that is said."""
    if isinstance(body, bytes):
        if copies.fill:
            raise typer.BadParameter("bytes are sent as they are", param_hint="--fill")
        return False
    option, typed = choice.named
    if not typed and copies.fill is None and (name := templates.known(body)):
        world.say(f"{{{{{name}}}}} in {option} is sent as it stands; --fill fills it in, --no-fill says nothing of it")
    return copies.templates({option: [body]}, typed=typed)


def _check_envelope(envelope: Envelope, copies: Copies) -> None:
    if envelope.dedup and copies.count > 1 and (copies.fill is False or not templates.tells_apart(envelope.dedup)):
        raise typer.BadParameter(
            "copies with one deduplication id would arrive as one message; {{seq}} or {{uuid}} in it tells them apart",
            param_hint="--dedup",
        )
    if envelope.delay is not None and envelope.delay > MAX_DELAY:
        raise typer.BadParameter("a queue delays a message by 15 minutes at most", param_hint="--delay")


def _body(world: Environment, choice: Choice, parts: EventParts) -> str | bytes:
    """Return what the payload is made of as it was given: the event's name, or text or bytes, read from where they are."""
    named = [name for name in ("domain", "subject", "publisher") if getattr(parts, name) is not None]
    if choice.event is None and named:
        raise typer.BadParameter("this belongs to an event; add --event NAME", param_hint=f"--{named[0]}")
    if choice.event is not None:
        return choice.event
    if choice.data is not None:
        return _text(world, choice.data)
    if parts.assignments:
        raise typer.BadParameter("only events and data have parts to set", param_hint="--set")
    return _text(world, choice.text) if choice.text is not None else _bytes(world, choice.binary or "")


def _payload(choice: Choice, body: str | bytes, parts: EventParts) -> Publishable:
    if isinstance(body, bytes):
        return body
    if choice.event is not None:
        return _event(body, parts)
    return _data(body, parts.assignments) if choice.data is not None else body


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
    from megaql.cli.messages.fields import read_field  # noqa: PLC0415 - the parser is loaded only when something is set

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


def _attributes(envelope: Envelope) -> dict[str, Any]:
    return dict(_attribute(text) for text in envelope.attributes)


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
    world: Environment, publisher: Publisher, path: str, envelope: Envelope, copies: Copies | None
) -> Iterator[Outgoing | BadLine]:
    """Yield a file's messages as they are to be sent, and the lines that are none; with `copies`, what is added to them has templates."""
    from megaql.scan.files import read_file  # noqa: PLC0415 - only for files

    tell = badlines.printer(world, path)
    attributes = _attributes(envelope) if copies is None else {}
    seq = 0
    for item in read_file(path):
        if isinstance(item, BadLine):
            tell(item)
            yield item
        else:
            seq += 1
            around = envelope if copies is None else envelope.filled(copies.filling(seq).fill)
            yield _again(publisher, item, around, attributes if copies is None else _attributes(around))


def _again(publisher: Publisher, message: Message, envelope: Envelope, attributes: dict[str, Any]) -> Outgoing:
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
