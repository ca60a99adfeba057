"""Trace context that travels with a message: written beside its attributes, and read from wherever other producers put it.

It needs the OpenTelemetry API: `pip install 'megaql[otel]'`; importing this module imports it. A maintainer keeps two rules. What is written never pushes out anything of the message's
own: not past ten attributes, not past the size limit. And what is read may be anything: a context that makes no sense is no context.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from megaql.broker.batches import MAX_BYTES as QUEUE_BYTES
from megaql.broker.outgoing import MOST_ATTRIBUTES, Outgoing
from megaql.broker.target import QueueTarget, TopicTarget
from megaql.broker.topic import MAX_BYTES as TOPIC_BYTES
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.trace import Span, Tracer, TracerProvider
    from opentelemetry.util.types import AttributeValue

    from megaql.broker.batches import BatchResult
    from megaql.broker.message import Message
    from megaql.broker.outgoing import Attribute

#: The system attribute in which AWS's services keep a trace context in X-Ray's form. It counts against no limit.
XRAY: Final = "AWSTraceHeader"

#: What X-Ray's header says: the trace in two parts, the span, whether it is sampled.
_ROOT: Final = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_PARENT: Final = re.compile(r"[0-9a-f]{16}")


def tracer(provider: TracerProvider | None) -> Tracer:
    """Return MegaQL's tracer, of the provider that the program has set unless another is given."""
    return trace.get_tracer("megaql", tracer_provider=provider)


def read(message: Message) -> Context | None:
    """Return the context that a message brings, by the propagators the program has set; `None` for none.

    Its own attributes come first, then those of an SNS envelope, then X-Ray's header. Never raises, whatever they say.
    """
    sns = message.decoded.sns
    for attributes in (message.attributes, sns.attributes if sns else {}):
        context = _extracted(_texts(attributes))
        if context is not None:
            return context
    return _from_xray(message.system.get(XRAY, ""))


def _extracted(carrier: dict[str, str]) -> Context | None:
    try:
        context = propagate.extract(carrier, context=Context())
    except Exception:  # noqa: BLE001 - a propagator of the program's choice, on what any sender has written
        return None
    return context if trace.get_current_span(context).get_span_context().is_valid else None


def _texts(attributes: Mapping[str, Attribute]) -> dict[str, str]:
    texts = ((name, attribute.get("StringValue")) for name, attribute in attributes.items())
    return {name: text for name, text in texts if isinstance(text, str)}


def _from_xray(header: str) -> Context | None:
    parts = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    root, parent = _ROOT.fullmatch(parts.get("Root", "")), parts.get("Parent", "")
    if root is None or not _PARENT.fullmatch(parent):
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if parts.get("Sampled") == "1" else TraceFlags.DEFAULT)
    span = SpanContext(int(root[1] + root[2], 16), int(parent, 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(NonRecordingSpan(span), Context()) if span.is_valid else None


def write(entry: Outgoing, target: QueueTarget | TopicTarget) -> Outgoing:
    """Return a message with the current context beside it, as far as there is room.

    Where there is none for `traceparent`, a queue gets X-Ray's header instead, and a topic, which takes no such header, nothing.
    """
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    if any(name in entry.attributes for name in carrier):
        return entry  # somebody has said already which trace it belongs to
    most = QUEUE_BYTES if isinstance(target, QueueTarget) else TOPIC_BYTES
    told = entry
    for name in sorted(carrier, key=lambda name: name != "traceparent"):
        more = replace(told, attributes={**told.attributes, name: {"DataType": "String", "StringValue": carrier[name]}})
        if carrier[name] and len(more.attributes) <= MOST_ATTRIBUTES and more.size() <= most:
            told = more
        elif name == "traceparent":
            return _with_xray(entry) if isinstance(target, QueueTarget) else entry
    return told


def _with_xray(entry: Outgoing) -> Outgoing:
    span = trace.get_current_span().get_span_context()
    if XRAY in entry.system or not span.is_valid:
        return entry
    root, parent = trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id)
    header = f"Root=1-{root[:8]}-{root[8:]};Parent={parent};Sampled={int(span.trace_flags.sampled)}"
    return replace(entry, system={**entry.system, XRAY: {"DataType": "String", "StringValue": header}})


class Sending:
    """Spans of what a publisher sends, and their context beside each message. Thread-safe."""

    def __init__(self, target: QueueTarget | TopicTarget, provider: TracerProvider | None) -> None:
        self._target = target
        self._tracer = tracer(provider)

    def write(self, entry: Outgoing) -> Outgoing:
        """Return a message with the current context beside it."""
        return write(entry, self._target)

    @contextmanager
    def span(self, **attributes: AttributeValue) -> Iterator[Span]:
        """Open a span for one or several messages; an error makes it one, without its text."""
        name = self._target.name
        about: dict[str, AttributeValue] = {
            "messaging.system": "aws_sqs" if isinstance(self._target, QueueTarget) else "aws.sns",
            "messaging.destination.name": name,
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            **{f"messaging.{key}": value for key, value in attributes.items()},
        }
        with self._tracer.start_as_current_span(
            f"send {name}",
            kind=SpanKind.PRODUCER,
            attributes=about,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                code = error.code if isinstance(error, BrokerError) else ""
                failed(span, code or type(error).__qualname__)
                raise

    def note(self, span: Span, result: BatchResult[Outgoing]) -> None:
        """Make a span an error where not all of its messages were accepted."""
        if result.failed:
            failed(span, result.failed[0].code)


def failed(span: Span, kind: str) -> None:
    """Make a span an error of a kind."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
