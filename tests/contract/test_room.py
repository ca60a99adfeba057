"""The broker room over every server: `Queue`, `Topic`, `Publisher` and `Message` as the rest of the program uses them."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.publisher import Publisher
from megaql.broker.queue import Queue
from megaql.broker.topic import Topic
from megaql.codec.payloads import MegaEvent
from megaql.errors import BrokerError, QueueNotFound, ReceiptHandleExpired

SECOND = timedelta(seconds=1)


def receive_all(queue, count):
    messages = []
    for _ in range(20):
        if len(messages) >= count:
            break
        messages += queue.receive(wait=SECOND)
    return messages


def test_publish_receive_and_delete(world):
    url = world.queue()
    event = MegaEvent(name="item.added", attributes={"quantity": 5})
    attributes = {"tenant": "acme", "price": Decimal("0.10"), "raw": b"\x00\xff"}
    sent = Publisher(url, connection=world.connection).publish(event, bson=True, attributes=attributes)
    queue = world.open(url)
    (message,) = queue.receive(wait=SECOND, visibility=timedelta(seconds=30))
    assert message.id == sent
    assert message.payload.name == "item.added"
    assert message.decoded.format == "bson"
    assert message.attribute("tenant") == "acme"
    assert message.attribute("price") == Decimal("0.10")
    assert message.attribute("raw") == b"\x00\xff"
    assert message.receive_count == 1
    assert message.sent_at <= message.first_received_at
    assert queue.info().in_flight == 1
    result = queue.delete([message])
    assert (result.done, result.failed) == ([message], [])
    info = queue.info()
    assert (info.visible, info.in_flight) == (0, 0)


def test_sending_more_than_a_batch(world):
    queue = world.open(world.queue())
    entries = [Outgoing(f"{number}") for number in range(25)]
    result = queue.send_batch(entries)
    assert result.done == entries
    assert result.failed == []
    messages = receive_all(queue, 25)
    assert {message.id for message in messages} == set(result.message_ids)
    assert len(queue.delete(messages).done) == 25


def test_sending_more_bytes_than_a_batch(world):
    queue = world.open(world.queue())
    entries = [Outgoing(str(number) * 200_000) for number in range(7)]
    assert queue.send_batch(entries).done == entries
    assert sorted(message.body[0] for message in receive_all(queue, 7)) == list("0123456")


def test_bad_entry_is_reported_and_the_others_are_sent(world):
    queue = world.open(world.queue())
    entries = [Outgoing("good"), Outgoing("bad \x01"), Outgoing("also good")]
    result = queue.send_batch(entries)
    assert result.done == [entries[0], entries[2]]
    assert [(failure.entry, failure.retryable) for failure in result.failed] == [(entries[1], False)]
    assert len(receive_all(queue, 2)) == 2


def test_returning_messages(world):
    queue = world.open(world.queue())
    queue.send_batch([Outgoing(str(number)) for number in range(12)])
    messages = receive_all(queue, 12)
    assert len(queue.set_visibility(messages, timedelta(0)).done) == 12
    assert {message.id for message in receive_all(queue, 12)} == {message.id for message in messages}


def test_queue_describes_itself(world):
    dead = world.queue()
    policy = json.dumps({"deadLetterTargetArn": world.arn(dead), "maxReceiveCount": 4})
    queue = world.open(world.queue(RedrivePolicy=policy, VisibilityTimeout="7"))
    info = queue.info()
    assert info.visibility_timeout == timedelta(seconds=7)
    assert info.retention == timedelta(days=4)
    assert (info.redrive.dead_letter_arn, info.redrive.max_receive_count) == (world.arn(dead), 4)
    assert queue.dead_letter_queue().url == dead
    assert world.open(dead).dead_letter_queue() is None
    assert queue.arn == world.arn(queue.url)


def test_queue_by_name_and_arn(world):
    url = world.queue()
    name, arn = url.rsplit("/", 1)[-1], world.arn(url)
    targets = [f"local:{name}", arn] if world.server == "local" else [name, arn]
    for target in targets:
        assert Queue.open(target, world.connection).url == url


def test_queue_that_is_not_there(world):
    queue = world.open(world.queue())
    world.sqs.delete_queue(QueueUrl=queue.url)
    with pytest.raises(QueueNotFound) as caught:
        queue.receive(visibility=SECOND)
    assert caught.value.hint
    with pytest.raises(QueueNotFound):
        Queue.open(f"local:{queue.name}" if world.server == "local" else queue.name, world.connection)


def test_fifo_batch_keeps_its_order(world):
    queue = world.open(world.queue(".fifo", ContentBasedDeduplication="true"))
    entries = [Outgoing(f"{number:02}", group_id="g") for number in range(15)]
    assert queue.send_batch(entries).done == entries
    seen = []
    for _ in range(10):
        messages = queue.receive(wait=SECOND)
        seen += [message.body for message in messages]
        queue.delete(messages)
        if len(seen) == 15:
            break
    assert seen == [entry.body for entry in entries]


def test_stale_handle_is_told_as_such(world):
    queue = world.open(world.queue(".fifo", ContentBasedDeduplication="true"))
    queue.send(Outgoing("x", group_id="g"))
    (message,) = queue.receive(wait=SECOND)
    queue.delete([message])
    try:
        result = queue.set_visibility([message], SECOND)
    except ReceiptHandleExpired:
        return
    assert [failure.entry for failure in result.failed] == [message]
    assert not result.failed[0].retryable


def test_topic_to_queue(world):
    url = world.queue()
    if world.server == "local":
        name = world.name()
        publisher = Publisher(f"local-topic:{name}")
        publisher.publish({"before": "anyone listens"})
        topic = Topic.open(f"local-topic:{name}")
    else:
        topic = Topic.open(world.topic(), world.connection)
        publisher = Publisher(topic.arn, connection=world.connection)
    world.sns.subscribe(TopicArn=topic.arn, Protocol="sqs", Endpoint=world.arn(url))
    publisher.publish(MegaEvent(name="item.added"), attributes={"tenant": "acme"})
    result = publisher.publish_batch([{"n": number} for number in range(12)])
    assert len(result.done) == 12
    messages = receive_all(world.open(url), 13)
    assert {message.payload.kind for message in messages} == {"mega", "data"}
    (event,) = [message for message in messages if message.payload.kind == "mega"]
    envelope = event.envelope()
    assert envelope["topic"] == topic.arn
    assert envelope["attributes"]["tenant"] == "acme"
    assert envelope["format"] == "json"


def test_publishing_many_to_a_topic(world):
    """More than a batch in entries and in bytes, in the attributes' types, wrapped as SNS wraps them."""
    topic, url = world.topic(), world.queue()
    world.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=world.arn(url))
    attributes = {"tenant": "acme", "price": Decimal("0.10"), "tags": ["new", 5, True], "fresh": True}
    payloads = [{"n": number, "note": "x" * 40_000} for number in range(13)]
    result = Publisher(topic, connection=world.connection).publish_batch(payloads, attributes=attributes)
    assert (len(result.done), len(set(result.message_ids)), result.failed) == (13, 13, [])
    messages = receive_all(world.open(url), 13)
    assert sorted(message.payload.data["n"] for message in messages) == list(range(13))
    assert all(
        message.typed_attributes
        == {
            "tenant": "acme",
            "price": Decimal("0.10"),
            "tags": ["new", 5, True],
            "fresh": "true",
            "megaql.format": "json",
        }
        for message in messages
    )


def test_publishing_to_a_fifo_topic_keeps_the_order(world):
    topic = world.topic(".fifo", ContentBasedDeduplication="true")
    url = world.queue(".fifo", ContentBasedDeduplication="true")
    world.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=world.arn(url))
    result = Publisher(topic, connection=world.connection).publish_batch(
        [{"n": number} for number in range(12)], group_id="g"
    )
    assert len(result.done) == 12
    queue, seen = world.open(url), []
    while len(seen) < 12 and (messages := queue.receive(wait=SECOND)):
        seen += [message.payload.data["n"] for message in messages]
        queue.delete(messages)
    assert seen == list(range(12))


def test_topic_that_is_not_there(world):
    target = "local-topic:never" if world.server == "local" else f"{world.topic()}-never"
    with pytest.raises(QueueNotFound):
        Topic.open(target, world.connection).publish(Outgoing("x"))


def test_errors_have_four_parts(world):
    queue = world.open(world.queue())
    world.sqs.delete_queue(QueueUrl=queue.url)
    with pytest.raises(BrokerError) as caught:
        queue.send(Outgoing("secret"))
    error = caught.value
    assert all((error.what, error.where, error.why, error.hint))
    assert "secret" not in str(error)
