"""Spans of handlers: in whose trace, what they say, and what they keep to themselves."""

import sys
from contextlib import contextmanager

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from megaql import Middleware
from megaql.broker.outgoing import Outgoing
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.outcomes import Outcome, Reject, Retry
from megaql.consumer.tracing import Tracing
from megaql.errors import ConsumerError

TRACE, SPAN = 0x5759E988BD862E3FE1BE46A994272793, 0x53995C3F42CD8AD8
PARENT = {"traceparent": {"DataType": "String", "StringValue": f"00-{TRACE:032x}-{SPAN:016x}-01"}}


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@pytest.fixture
def consume(queue, drain, exporter, provider):
    """Handle one message with tracing; returns its spans."""

    def run(handler, *middleware, attributes=PARENT, **settings):
        queue.send(Outgoing('{"card": "4111-1111"}', attributes))
        app = App(queue, backoff=Backoff(random=lambda: 1.0))
        app.add_middleware(Tracing(provider=provider, **settings))
        for one in middleware:
            app.add_middleware(one)
        app.subscribe("exists card", subscription="pay", fatal=KeyError)(handler)
        drain(app, limit=1)
        return exporter.get_finished_spans()

    return run


def test_a_handler_is_a_span_in_the_trace_of_the_sender(consume):
    [span] = consume(lambda _data: None)
    assert (span.name, span.kind) == ("process orders", SpanKind.CONSUMER)
    assert (span.context.trace_id, span.parent.span_id, span.parent.is_remote) == (TRACE, SPAN, True)
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == [(TRACE, SPAN)]
    message_id = span.attributes["messaging.message.id"]
    assert dict(span.attributes) == {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "orders",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": message_id,
        "megaql.subscription": "pay",
        "megaql.receive_count": 1,
        "megaql.outcome": "done",
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_trace_of_its_own_has_a_link(consume):
    [span] = consume(lambda _data: None, own_trace=True)
    assert span.parent is None
    assert span.context.trace_id != TRACE
    assert [link.context.span_id for link in span.links] == [SPAN]


def test_without_a_context_a_trace_begins(consume):
    [span] = consume(lambda _data: None, attributes={})
    assert (span.parent, span.links) == (None, ())


def raising(error):
    def handler(_data):
        raise error

    return handler


@pytest.mark.parametrize(
    ("handler", "outcome", "error"),
    [
        (lambda _data: Outcome.RETRY_LATER, "retry_later", None),
        (raising(Retry()), "retry_later", None),
        (raising(Reject("4111-1111")), "fatal_error", None),
        (raising(ValueError("4111-1111")), "retry_later", "ValueError"),
        (raising(KeyError("4111-1111")), "fatal_error", "KeyError"),
        (lambda _data: Retry(reason="4111-1111"), "retry_later", None),
        (lambda _data: ValueError("4111-1111"), "retry_later", "ValueError"),
    ],
    ids=["RETRY_LATER", "Retry", "Reject", "ValueError", "fatal", "Retry returned", "ValueError returned"],
)
def test_an_outcome_is_told_and_an_error_is_one_without_its_text(consume, handler, outcome, error):
    [span] = consume(handler)
    assert span.attributes["megaql.outcome"] == outcome
    assert span.attributes.get("error.type") == error
    assert (span.status.status_code is StatusCode.ERROR) is (error is not None)
    assert "4111" not in span.to_json()


def test_what_a_handler_does_is_in_its_span_async_too(consume, provider):
    async def handler(_data):
        with provider.get_tracer("test").start_as_current_span("query"):
            pass

    inner, outer = consume(handler)
    assert (inner.name, inner.parent.span_id) == ("query", outer.context.span_id)
    assert trace.get_current_span().get_span_context().span_id == 0


class Refusing(Middleware):
    @contextmanager
    def around_handle(self, handling):
        assert handling.outcome is None
        raise OSError("no connection to 4111")
        yield


def test_a_middleware_within_that_fails_makes_the_span_an_error(consume):
    [span] = consume(lambda _data: None, Refusing())
    assert span.attributes["error.type"] == "OSError"
    assert "megaql.outcome" not in span.attributes
    assert "4111" not in span.to_json()


def test_a_retry_is_another_span_of_the_same_trace(*, world, queue, consume, drain, exporter, provider):
    consume(raising(Retry()))
    world.later(5)
    app = App(queue, middleware=[Tracing(provider=provider)])
    app.subscribe("exists card")(lambda _data: None)
    drain(app)
    first, second = exporter.get_finished_spans()
    assert first.context.trace_id == second.context.trace_id == TRACE
    assert second.attributes["megaql.receive_count"] == 2


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "megaql.broker.tracing", None)
    with pytest.raises(ConsumerError) as caught:
        Tracing()
    assert caught.value.what == "tracing needs the package opentelemetry-api"
    assert caught.value.hint == "pip install 'megaql[otel]'"
