"""One trace from a publisher through a server to the handler, over a queue, over a topic, and by X-Ray's header."""

from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from megaql.broker.publisher import Publisher
from megaql.consumer.app import App
from megaql.consumer.tracing import Tracing


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    exporter.provider = TracerProvider()
    exporter.provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def handled(world, url, spans):
    """Handle one message of a queue; returns the span of the sender and the handler's."""
    app = App(world.open(url), middleware=[Tracing(provider=spans.provider)])
    app.subscribe("a == 1", subscription="one")(lambda _data: None)
    assert app.run(limit=1, wait=timedelta(seconds=1)).handled == 1
    return spans.get_finished_spans()


def assert_one_trace(sent, processed):
    assert (sent.name.split()[0], processed.name.split()[0]) == ("send", "process")
    assert processed.context.trace_id == sent.context.trace_id
    assert processed.parent.span_id == processed.links[0].context.span_id == sent.context.span_id


def publisher(world, target, spans):
    # A queue of the embedded broker is named by its target, not by a URL.
    if world.server == "local":
        target = f"local{'-topic' if ':sns:' in target else ''}:{target.rpartition('/')[2].rpartition(':')[2]}"
    return Publisher(target, connection=world.connection, tracing=spans.provider)


def test_over_a_queue(world, spans):
    url = world.queue()
    sent = publisher(world, url, spans).publish({"a": 1})
    send, process = handled(world, url, spans)
    assert_one_trace(send, process)
    assert process.attributes["messaging.message.id"] == send.attributes["messaging.message.id"] == sent


@pytest.mark.parametrize("raw", ["false", "true"])
def test_over_a_topic(world, spans, raw):
    topic, url = world.topic(), world.queue()
    world.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=world.arn(url), Attributes={"RawMessageDelivery": raw})
    publisher(world, topic, spans).publish({"a": 1})
    assert_one_trace(*handled(world, url, spans))


def test_beside_nine_attributes_by_the_header_of_xray(world, spans):
    url = world.queue()
    publisher(world, url, spans).publish({"a": 1}, attributes={f"a{number}": "x" for number in range(9)})
    assert_one_trace(*handled(world, url, spans))
