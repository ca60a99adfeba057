"""Trace context beside messages: what is written where there is room, and what is read from whom."""

import sys
from datetime import timedelta

import pytest
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import megaql
from megaql.broker import tracing
from megaql.broker.local.sns import sns_client
from megaql.broker.message import Message
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import parse_target
from megaql.errors import BrokerError

TRACE, SPAN = 0x5759E988BD862E3FE1BE46A994272793, 0x53995C3F42CD8AD8
PARENT = f"00-{TRACE:032x}-{SPAN:016x}-01"
OTHER = f"00-{TRACE + 1:032x}-{SPAN:016x}-01"
XRAY = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
QUEUE, TOPIC = parse_target("local:orders"), parse_target("local-topic:orders")


def texts(**attributes):
    return {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()}


def message(attributes=None, body="{}", **system):
    return Message("m-1", body, attributes=attributes or {}, system=system)


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    exporter.provider = provider
    return exporter


@pytest.fixture
def inside(spans):
    """Let the test run in a span of somebody's, and return it."""
    with spans.provider.get_tracer("test").start_as_current_span("request") as span:
        yield span


def current(span):
    found = span.get_span_context()
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"


# Writing


def test_the_context_goes_beside_the_message(inside):
    entry = Outgoing("{}", texts(a="x"))
    assert tracing.write(entry, QUEUE).attributes == texts(a="x", traceparent=current(inside))
    assert entry.attributes == texts(a="x")


@pytest.mark.usefixtures("inside")
def test_what_else_the_program_propagates_goes_too_as_far_as_there_is_room():
    token = context.attach(baggage.set_baggage("tenant", "acme"))
    try:
        many = texts(**{f"a{number}": "x" for number in range(8)})
        assert list(tracing.write(Outgoing("{}"), QUEUE).attributes) == ["traceparent", "baggage"]
        assert list(tracing.write(Outgoing("{}", many), QUEUE).attributes)[8:] == ["traceparent", "baggage"]
        more = many | texts(b="x")
        assert list(tracing.write(Outgoing("{}", more), QUEUE).attributes)[9:] == ["traceparent"]
    finally:
        context.detach(token)


def test_without_room_a_queue_gets_the_header_of_xray_and_a_topic_nothing(inside):
    full = Outgoing("{}", texts(**{f"a{number}": "x" for number in range(10)}))
    written = tracing.write(full, QUEUE)
    assert written.attributes == full.attributes
    read = tracing.read(message(AWSTraceHeader=written.system["AWSTraceHeader"]["StringValue"]))
    assert trace.get_current_span(read).get_span_context().span_id == inside.get_span_context().span_id
    assert trace.get_current_span(read).get_span_context().trace_id == inside.get_span_context().trace_id
    assert tracing.write(full, TOPIC) == full
    own = Outgoing("{}", full.attributes, system=texts(AWSTraceHeader=XRAY))
    assert tracing.write(own, QUEUE) == own


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(("target", "limit"), [(QUEUE, 1024 * 1024), (TOPIC, 262_144)])
def test_no_message_grows_past_the_size_limit(target, limit):
    room = len("traceparent") + len("String") + len(PARENT)
    fits = tracing.write(Outgoing("x" * (limit - room)), target)
    assert (list(fits.attributes), fits.size()) == (["traceparent"], limit)
    assert tracing.write(Outgoing("x" * (limit - room + 1)), target).attributes == {}


@pytest.mark.usefixtures("inside")
def test_what_somebody_has_written_stays():
    entry = Outgoing("{}", texts(traceparent=PARENT))
    assert tracing.write(entry, QUEUE) is entry


def test_outside_of_a_span_there_is_nothing_to_write():
    entry = Outgoing("{}")
    assert tracing.write(entry, QUEUE) == entry


# Reading


ENVELOPE = """{"Type": "Notification", "MessageId": "n-1", "TopicArn": "arn:aws:sns:eu-west-1:1:orders", "Message": "{}",
"Timestamp": "2026-01-01T00:00:00.000Z", "MessageAttributes": {"traceparent": {"Type": "String", "Value": "%s"}}}"""


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (message(texts(traceparent=PARENT)), TRACE),
        (message(body=ENVELOPE % PARENT), TRACE),
        (message(AWSTraceHeader=XRAY), TRACE),
        (message(AWSTraceHeader=f"Self=1-2-3; {XRAY};Lineage=a:0"), TRACE),
        (message(texts(traceparent=OTHER), ENVELOPE % PARENT, AWSTraceHeader=XRAY), TRACE + 1),
        (message(body=ENVELOPE % OTHER, AWSTraceHeader=XRAY), TRACE + 1),
        (message(texts(traceparent="nonsense"), AWSTraceHeader=XRAY), TRACE),
    ],
    ids=["own", "sns", "xray", "more in it", "own first", "sns before xray", "nonsense before xray"],
)
def test_a_context_is_read_from_where_it_is(given, found):
    read = trace.get_current_span(tracing.read(given)).get_span_context()
    assert (read.trace_id, read.is_remote, read.trace_flags.sampled) == (found, True, True)


@pytest.mark.parametrize(
    "given",
    [
        message(),
        message(texts(traceparent="00-0-0-0")),
        message(texts(traceparent=f"00-{0:032x}-{SPAN:016x}-01")),
        message({"traceparent": {"DataType": "Binary", "BinaryValue": b"\xff"}}),
        message({"traceparent": {"DataType": "String", "StringValue": 5}}),
        message(AWSTraceHeader=""),
        message(AWSTraceHeader=";;=;Root"),
        message(AWSTraceHeader="Root=1-5759e988-bd862e3fe1be46a994272793"),
        message(AWSTraceHeader="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000"),
        message(AWSTraceHeader="Root=1-\uff15759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8"),
    ],
)
def test_what_makes_no_sense_is_no_context(given):
    assert tracing.read(given) is None


def test_a_header_that_is_not_sampled_says_so():
    read = tracing.read(message(AWSTraceHeader=XRAY.replace("Sampled=1", "Sampled=0")))
    assert not trace.get_current_span(read).get_span_context().trace_flags.sampled


def test_a_propagator_that_raises_costs_the_context_and_nothing_else(monkeypatch):
    monkeypatch.setattr(propagate, "extract", lambda *_about, **_more: 1 / 0)
    assert tracing.read(message(texts(traceparent=PARENT))) is None


# The publisher


def test_one_message_is_one_span(spans, inside):
    sent = megaql.Publisher("local:orders", tracing=spans.provider).publish({"a": 1})
    [span] = spans.get_finished_spans()
    assert (span.name, span.kind, span.parent.span_id) == (
        "send orders",
        SpanKind.PRODUCER,
        inside.get_span_context().span_id,
    )
    assert dict(span.attributes) == {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "orders",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.message.id": sent,
    }
    [received] = Queue.open("local:orders").receive(visibility=timedelta(minutes=1))
    read = trace.get_current_span(tracing.read(received)).get_span_context()
    assert (read.trace_id, read.span_id) == (span.context.trace_id, span.context.span_id)


def test_a_batch_is_one_span_to_a_topic(spans):
    Queue.open("local:orders", create=True)
    megaql.Publisher("local-topic:shop", tracing=spans.provider).publish_batch([{"a": 1}, {"a": 2}])
    [span] = spans.get_finished_spans()
    assert span.name == "send shop"
    assert span.attributes["messaging.system"] == "aws.sns"
    assert span.attributes["messaging.batch.message_count"] == 2
    assert span.status.status_code is StatusCode.UNSET


def test_each_message_of_a_batch_brings_the_context_of_its_span(spans):
    entries = [Outgoing('{"a": 1}'), Outgoing('{"a": 2}')]
    result = megaql.Publisher("local:orders", tracing=spans.provider).publish_batch(entries)
    assert result.done == entries
    [span] = spans.get_finished_spans()
    for received in Queue.open("local:orders").receive(visibility=timedelta(minutes=1)):
        assert trace.get_current_span(tracing.read(received)).get_span_context().span_id == span.context.span_id


def test_an_error_is_told_by_its_code(spans):
    with pytest.raises(BrokerError):
        megaql.Publisher("local:orders", tracing=spans.provider).publish("x" * (1024 * 1024 + 1))
    [span] = spans.get_finished_spans()
    assert span.attributes["error.type"] == "InvalidParameterValue"
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())


def test_a_batch_of_which_something_fails_is_an_error(spans):
    result = megaql.Publisher("local:orders", tracing=spans.provider).publish_batch(["fine", Outgoing("bad \x00")])
    assert len(result.failed) == 1
    [span] = spans.get_finished_spans()
    assert span.attributes["error.type"] == result.failed[0].code
    assert span.status.status_code is StatusCode.ERROR


def test_tracing_true_is_the_provider_of_the_program():
    assert megaql.Publisher("local:orders", tracing=True).publish({"a": 1})


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "megaql.broker.tracing", None)
    with pytest.raises(BrokerError) as caught:
        megaql.Publisher("local:orders", tracing=True)
    assert caught.value.what == "tracing needs the package opentelemetry-api"
    assert caught.value.hint == "pip install 'megaql[otel]'"


def test_a_topic_of_the_embedded_broker_carries_the_context(spans):
    client = sns_client()
    topic = client.create_topic(Name="shop")["TopicArn"]
    queue = Queue.open("local:orders", create=True)
    client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    megaql.Publisher("local-topic:shop", tracing=spans.provider).publish({"a": 1})
    client.close()
    [received] = queue.receive(visibility=timedelta(minutes=1))
    [span] = spans.get_finished_spans()
    assert trace.get_current_span(tracing.read(received)).get_span_context().span_id == span.context.span_id
