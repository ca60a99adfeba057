"""Spans of handlers for OpenTelemetry: `pip install 'megaql[otel]'`.

    app = megaql.App("local:orders", middleware=[Tracing()])

A maintainer keeps one rule: a span says which message, which subscription and what came of it, and nothing of what is in the message or in the text of an exception.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from megaql.consumer.middleware import Middleware
from megaql.consumer.outcomes import Reject, Retry
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import Span, TracerProvider
    from opentelemetry.util.types import AttributeValue

    from megaql.consumer.middleware import Handling


class Tracing(Middleware):
    """Opens a span around each call of a handler, in the trace that the message brings.

    The span is a child of the sender's, so that a request and all it set off are one trace; with `own_trace` it begins a trace of its own, for
    senders whose traces would become too large. Either way it has a link to the sender's. `provider` is the one that the program has set, unless another
    is given.

    Raises `ConsumerError` where the OpenTelemetry API is not installed.
    """

    def __init__(self, *, provider: TracerProvider | None = None, own_trace: bool = False) -> None:
        try:
            from megaql.broker.tracing import failed, read, tracer  # noqa: PLC0415 - it imports an extra, needed here only
        except ImportError as error:
            raise ConsumerError(
                "tracing needs the package opentelemetry-api",
                where="Tracing()",
                why=f"it is an extra of MegaQL, and does not import: {error}",
                hint="pip install 'megaql[otel]'",
            ) from error
        self._tracer = tracer(provider)
        self._read = read
        self._failed = failed
        self._own_trace = own_trace

    @contextmanager
    def around_handle(self, handling: Handling) -> Iterator[None]:
        """Call the handler in a span, current for an `async` handler too."""
        from opentelemetry import context, trace  # noqa: PLC0415 - as above

        sent = self._read(handling.message)
        links = [trace.Link(trace.get_current_span(sent).get_span_context())] if sent is not None else []
        token = context.attach(context.Context() if sent is None or self._own_trace else sent)
        try:
            with self._tracer.start_as_current_span(
                f"process {handling.message.queue}",
                kind=trace.SpanKind.CONSUMER,
                attributes=_about(handling),
                links=links,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                try:
                    yield
                    if handling.error is not None:  # it was returned, which means the same
                        self._note_error(span, handling.error)
                except BaseException as error:
                    self._note_error(span, error)
                    raise
                finally:
                    if handling.outcome is not None:
                        span.set_attribute("megaql.outcome", handling.outcome.name.lower())
        finally:
            context.detach(token)

    def _note_error(self, span: Span, error: BaseException) -> None:
        """Let what a handler, or a middleware within this one, raised make the span an error; `Retry` and `Reject` are answers."""
        if not isinstance(error, (Retry, Reject)):
            self._failed(span, type(error).__qualname__)


def _about(handling: Handling) -> dict[str, AttributeValue]:
    message = handling.message
    about: dict[str, AttributeValue] = {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": message.queue,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": message.id,
        "megaql.subscription": handling.subscription,
    }
    return about | ({"megaql.receive_count": message.receive_count} if message.receive_count is not None else {})
