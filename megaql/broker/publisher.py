"""Publishing: payloads to a queue or a topic, from one object that is made once and used from anywhere.

A maintainer keeps one rule: what a publisher writes, the codec reads back as the same payload, so the `megaql.format` attribute that the
codec asks for always travels along.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.batches import MAX_BYTES as MAX_QUEUE_BYTES
from megaql.broker.batches import BatchResult
from megaql.broker.large.payloads import LargePayloads
from megaql.broker.large.pointer import SIZE_ATTRIBUTE
from megaql.broker.outgoing import MOST_ATTRIBUTES, Attribute, Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import AMBIENT, Connection, QueueTarget, TopicTarget, parse_target
from megaql.broker.topic import MAX_BYTES as MAX_TOPIC_BYTES
from megaql.broker.topic import Topic
from megaql.codec.decode import FORMAT_ATTRIBUTE
from megaql.codec.encode import encode
from megaql.codec.writers import write_json
from megaql.errors import BrokerError

#: The longest subject of SNS. Code points.
LONGEST_SUBJECT: Final = 100

_SUBJECT: Final = re.compile(rf"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{{1,{LONGEST_SUBJECT}}}")

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opentelemetry.trace import TracerProvider

    from megaql.broker.tracing import Sending
    from megaql.codec.payloads import Payload
    from megaql.lang.nodes import Path

    #: What can be published: a payload, or the plain Python value that one is made of.
    Publishable = Payload | dict[str, Any] | list[Any] | str | bytes


class Publisher:
    """Publishes to one queue or topic. Thread-safe.

    The target is read at once, so that a wrong one shows early, and opened with the first message. A queue or topic of the embedded broker
    is made when it is missing; one on AWS never is.

    `expose` names parts of the payload (`["event.name"]`) that travel as message attributes too, for the filter policies of topics. With `large_payloads` (`"s3://bucket/prefix"`) what the target would not take goes into
    the bucket, and a pointer to it is sent.

    With `tracing` each call is a span of OpenTelemetry's (`megaql[otel]`), whose context travels beside the messages: `True` for the provider that the program has
    set, or a provider.
    """

    def __init__(
        self,
        target: str | QueueTarget | TopicTarget,
        *,
        connection: Connection = AMBIENT,
        expose: Sequence[str] = (),
        large_payloads: str | LargePayloads | None = None,
        tracing: bool | TracerProvider = False,
    ) -> None:
        self.target = target if isinstance(target, (QueueTarget, TopicTarget)) else parse_target(target)
        self._connection = connection
        self._exposed = _paths_of(expose) if expose else {}
        self._large = LargePayloads.of(large_payloads, connection)
        self._destination: Queue | Topic | None = None
        self._opening = threading.Lock()
        self._tracing = _sending(self.target, tracing) if tracing else None

    def __repr__(self) -> str:
        return f"Publisher({self.target.text!r})"

    @property
    def destination(self) -> Queue | Topic:
        """The queue or topic, opened on first use."""
        with self._opening:
            if self._destination is None:
                if isinstance(self.target, QueueTarget):
                    self._destination = Queue.open(self.target, self._connection, create=True)
                else:
                    self._destination = Topic.open(self.target, self._connection, create=True)
            return self._destination

    def publish(
        self,
        payload: Publishable,
        *,
        bson: bool = False,
        attributes: Mapping[str, object] | None = None,
        group_id: str | None = None,
        dedup_id: str | None = None,
        delay: timedelta | None = None,
        subject: str | None = None,
    ) -> str:
        """Publish one payload and return the message id.

        Attributes are Python values (`str`, `int`, `float`, `Decimal`, `bytes`, a list) or boto3's own dicts. `delay` is for standard queues,
        in whole seconds. `subject` is for topics: the subject line of mails, and `@subject` for queries; a MEGA event's own is a field of the event. Errors: `CodecError` for a payload the format cannot hold, `BrokerError` for everything else.
        """
        return self.send(
            self.outgoing(
                payload,
                bson=bson,
                attributes=attributes,
                group_id=group_id,
                dedup_id=dedup_id,
                delay=delay,
                subject=subject,
            )
        )

    def send(self, entry: Outgoing) -> str:
        """Send one message that `outgoing` made and return its id."""
        # The payload goes first: the tracing takes what room there is among the attributes then.
        entry = self._as_sent(entry)
        if self._tracing is None:
            return self._send(entry)
        with self._tracing.span() as span:
            message_id = self._send(self._tracing.write(entry))
            span.set_attribute("messaging.message.id", message_id)
        return message_id

    def publish_batch(
        self,
        payloads: Iterable[Publishable | Outgoing],
        *,
        bson: bool = False,
        attributes: Mapping[str, object] | None = None,
        group_id: str | None = None,
        delay: timedelta | None = None,
        subject: str | None = None,
    ) -> BatchResult[Outgoing]:
        """Publish many payloads, in batches; the options hold for each of them, and an `Outgoing` is sent as it is.

        The result says of each whether it was accepted; its `message_ids` stand beside `done`.
        """
        if isinstance(payloads, (str, bytes, Mapping)):
            raise BrokerError(
                f"publish_batch takes several payloads, and was given one {type(payloads).__name__}",
                where=self.target.text,
                why="its letters, bytes or keys would each become a message",
                hint="put it into a list, or call publish()",
                code="InvalidParameterValue",
            )
        entries = [
            self._checked(payload)
            if isinstance(payload, Outgoing)
            else self.outgoing(
                payload, bson=bson, attributes=attributes, group_id=group_id, delay=delay, subject=subject
            )
            for payload in payloads
        ]
        sent = [self._as_sent(entry) for entry in entries]
        if self._tracing is None:
            return _as_given(self._send_batch(sent), sent, entries)
        with self._tracing.span(**{"batch.message_count": len(sent)}) as span:
            sent = [self._tracing.write(entry) for entry in sent]  # in the span, whose context it is that they bring
            result = self._send_batch(sent)
            self._tracing.note(span, result)
        return _as_given(result, sent, entries)

    def _send(self, entry: Outgoing) -> str:
        destination = self.destination
        return destination.send(entry) if isinstance(destination, Queue) else destination.publish(entry)

    def _send_batch(self, entries: list[Outgoing]) -> BatchResult[Outgoing]:
        destination = self.destination
        return destination.send_batch(entries) if isinstance(destination, Queue) else destination.publish_batch(entries)

    def outgoing(
        self,
        payload: Publishable,
        *,
        bson: bool = False,
        attributes: Mapping[str, object] | None = None,
        group_id: str | None = None,
        dedup_id: str | None = None,
        delay: timedelta | None = None,
        subject: str | None = None,
    ) -> Outgoing:
        """Return the message that `publish` would send, without sending it."""
        encoded = encode(payload, bson=bson)
        given = {name: attribute(name, value) for name, value in (attributes or {}).items()}
        if self._exposed:
            from megaql.broker import exposure  # noqa: PLC0415 - it brings the language

            given |= exposure.attributes(payload, self._exposed)
        # The codec's own attribute comes last: it alone knows how the body is written.
        beside = {**given, **encoded.attributes}
        return self._checked(Outgoing(encoded.body, beside, group_id, dedup_id, delay, subject=subject))

    def _as_sent(self, entry: Outgoing) -> Outgoing:
        """Return a message as it goes out: one that is too large as a pointer to its payload, which is in the bucket by then."""
        topic = isinstance(self.target, TopicTarget)
        if self._large is None or not self._large.takes(entry, MAX_TOPIC_BYTES if topic else MAX_QUEUE_BYTES):
            return entry
        if not topic and len(entry.attributes) >= MOST_ATTRIBUTES:
            raise _too_many_attributes(entry, self.target.text, f", and a large payload needs {SIZE_ATTRIBUTE} as well")
        return self._large.offloaded(entry, fifo=self.target.name.endswith(".fifo"))

    def _checked(self, entry: Outgoing) -> Outgoing:
        """Refuse what this kind of destination cannot take, with a clearer word than the service's."""
        target = self.target
        if target.name.endswith(".fifo") and not entry.group_id:
            raise BrokerError(
                "a FIFO queue or topic needs a message group",
                where=target.text,
                why="messages are in order within their group, and none was given",
                hint='give one: publish(…, group_id="customer-17"), or --group on the command line',
                code="MissingParameter",
            )
        if isinstance(target, QueueTarget) and len(entry.attributes) > MOST_ATTRIBUTES:
            raise _too_many_attributes(entry, target.text)
        if not (entry.delay is None or isinstance(entry.delay, timedelta)):
            raise BrokerError(
                f"a delay cannot be of type {type(entry.delay).__name__}",
                where=target.text,
                why="a number alone has no unit",
                hint="give a datetime.timedelta: publish(…, delay=timedelta(seconds=30))",
                code="InvalidParameterValue",
            )
        if isinstance(target, TopicTarget) and entry.delay:
            raise BrokerError(
                "a topic cannot delay a message",
                where=target.text,
                why="SNS has no delay",
                hint="set DelaySeconds on the queues that subscribe to the topic",
                code="InvalidParameter",
            )
        if entry.subject is not None:
            _check_subject(entry.subject, target)
        return replace(entry, dedup_id=None) if entry.dedup_id == "" else entry


def _check_subject(subject: str, target: QueueTarget | TopicTarget) -> None:
    """Refuse a subject that has nowhere to go, or that SNS would refuse."""
    if isinstance(target, QueueTarget):
        raise BrokerError(
            "a queue has no subject",
            where=target.text,
            why="only SNS has a subject line, in the envelope around a message",
            hint="publish to a topic; or put it into the payload or an attribute: publish(…, attributes={…})",
            code="InvalidParameterValue",
        )
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise BrokerError(
            "this is no subject for a topic",
            where=target.text,
            why=f"SNS takes one line of 1 to {LONGEST_SUBJECT} characters, without control characters",
            hint="shorten it, and leave it out where there is none; what is longer belongs into the payload",
            code="InvalidParameter",
        )


def _sending(target: QueueTarget | TopicTarget, tracing: bool | TracerProvider) -> Sending:
    try:
        from megaql.broker.tracing import Sending  # noqa: PLC0415 - it imports an extra
    except ImportError as error:
        raise BrokerError(
            "tracing needs the package opentelemetry-api",
            where=f"Publisher({target.text!r}, tracing=…)",
            why=f"it is an extra of MegaQL, and does not import: {error}",
            hint="pip install 'megaql[otel]'",
        ) from error
    return Sending(target, None if isinstance(tracing, bool) else tracing)


def _paths_of(names: Sequence[str]) -> dict[str, Path]:
    from megaql.broker import exposure  # noqa: PLC0415 - it brings the language

    return exposure.paths_of(names)


def _as_given(result: BatchResult[Outgoing], sent: list[Outgoing], entries: list[Outgoing]) -> BatchResult[Outgoing]:
    """Return a result that tells of the entries as they were given, not of the pointers to their payloads."""
    given = {id(one): entry for one, entry in zip(sent, entries, strict=True)}
    done = [given[id(entry)] for entry in result.done]
    failed = [replace(failure, entry=given[id(failure.entry)]) for failure in result.failed]
    return BatchResult(done, failed, result.answers)


def _too_many_attributes(entry: Outgoing, where: str, besides: str = "") -> BrokerError:
    """Return the error for more attributes than SQS takes; it tells of the one that nobody gave."""
    what, why = f"the message has {len(entry.attributes)} attributes", f"SQS allows {MOST_ATTRIBUTES}"
    hint = "put some of them into the payload, where queries see them as well"
    if FORMAT_ATTRIBUTE in entry.attributes:
        what = f"{what}, {FORMAT_ATTRIBUTE} included"
        why = f"{why}, and {FORMAT_ATTRIBUTE}, which says how the body is written, counts too"
        hint = f"give {MOST_ATTRIBUTES - (2 if besides else 1)} of your own at most; {hint}"
    return BrokerError(what, where=where, why=why + besides, hint=hint, code="InvalidParameterValue")


def attribute(name: str, value: object) -> Attribute:
    """Return a Python value as a message attribute in boto3's form; a mapping is one already."""
    match value:
        case Mapping():
            return value
        case bool():
            return {"DataType": "String", "StringValue": "true" if value else "false"}
        case str():
            return {"DataType": "String", "StringValue": value}
        case int() | float() | Decimal():
            return {"DataType": "Number", "StringValue": str(value)}
        case bytes() | bytearray():
            return {"DataType": "Binary", "BinaryValue": bytes(value)}
        case list() | tuple():
            return {"DataType": "String.Array", "StringValue": _array(name, value)}
        case _:
            raise BrokerError(
                f"the attribute {name!r} cannot be sent",
                why=f"a message attribute is a string, a number, bytes or a list, not {type(value).__name__}",
                hint="convert it, for example with str() or isoformat()",
                code="InvalidAttributeValue",
            )


def _array(name: str, value: list[object] | tuple[object, ...]) -> str:
    """Return a list as SNS's filter policies read a `String.Array`: JSON of texts, numbers, booleans and nulls."""
    for item in value:
        if not (item is None or isinstance(item, (str, int, float, Decimal))):
            raise BrokerError(
                f"the attribute {name!r} cannot be sent",
                why=f"a list holds strings, numbers, booleans and None, not {type(item).__name__}",
                hint="convert its elements, for example with str() or isoformat()",
                code="InvalidAttributeValue",
            )
    return write_json(list(value))
