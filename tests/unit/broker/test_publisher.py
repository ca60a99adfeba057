from datetime import timedelta
from decimal import Decimal

import pytest

from megaql.broker.local.sns import sns_client
from megaql.broker.outgoing import Outgoing
from megaql.broker.publisher import Publisher, attribute
from megaql.broker.queue import Queue
from megaql.broker.topic import Topic
from megaql.codec.payloads import Blob, MegaEvent, Plaintext
from megaql.errors import BadTarget, BrokerError, CodecError, QueueNotFound


def received(name="orders"):
    return Queue.open(f"local:{name}").receive(visibility=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (MegaEvent(name="item.added", attributes={"quantity": 5}), "mega"),
        ({"a": Decimal("0.1")}, "data"),
        ([1, 2], "data"),
        ("AP8A/w==", "text"),
        ('{"looks": "like data"}', "text"),
        (Plaintext("5"), "text"),
        (b"\x00\xff", "blob"),
        (Blob(b"plain"), "blob"),
    ],
)
def test_what_is_published_is_received(payload, kind):
    Publisher("local:orders").publish(payload)
    (message,) = received()
    assert message.payload.kind == kind


@pytest.mark.parametrize("bson", [False, True])
def test_format_travels_along(bson):
    Publisher("local:orders").publish({"a": 1}, bson=bson)
    (message,) = received()
    assert message.attribute("megaql.format") == ("bson" if bson else "json")
    assert message.record().body == {"a": 1}


def test_attributes_of_every_type():
    given = {"s": "x", "i": 5, "d": Decimal("0.10"), "f": 0.5, "b": b"\x00", "l": ["a", 1], "t": True}
    Publisher("local:orders").publish("x", attributes=given)
    (message,) = received()
    expected = {**given, "f": Decimal("0.5"), "t": "true"}
    assert {name: message.attribute(name) for name in given} == expected


def test_attributes_in_botos_form_are_taken_as_they_are():
    form = {"DataType": "String.mail", "StringValue": "x"}
    assert attribute("a", form) == form


def test_attribute_that_cannot_be_sent():
    with pytest.raises(BrokerError, match="the attribute 'when' cannot be sent") as caught:
        attribute("when", object())
    assert "not object" in caught.value.why


def test_queue_is_made_with_the_first_message():
    publisher = Publisher("local:orders")
    with pytest.raises(QueueNotFound):
        Queue.open("local:orders")
    assert publisher.publish("x") == received()[0].id


def test_batch():
    result = Publisher("local:orders").publish_batch([{"n": number} for number in range(12)] + [Outgoing("as it is")])
    assert len(result.done) == 13
    assert result.failed == []
    messages = [*received(), *received()]
    assert {message.id for message in messages} == set(result.message_ids)


def test_fifo_needs_a_group():
    publisher = Publisher("local:orders.fifo")
    for attempt in (
        lambda: publisher.publish("x"),
        lambda: publisher.publish_batch(["x"]),
        lambda: publisher.publish_batch([Outgoing("x")]),
    ):
        with pytest.raises(BrokerError, match="needs a message group") as caught:
            attempt()
        assert "--group" in caught.value.hint


def test_fifo_group_and_deduplication():
    publisher = Publisher("local:orders.fifo")
    first = publisher.publish("x", group_id="g", dedup_id="d")
    assert publisher.publish("y", group_id="g", dedup_id="d") == first
    (message,) = received("orders.fifo")
    assert (message.body, message.group_id, message.dedup_id) == ("x", "g", "d")


def test_delay():
    Publisher("local:orders").publish("x", delay=timedelta(minutes=1))
    assert received() == []
    assert Queue.open("local:orders").info().delayed == 1


def test_payload_that_cannot_be_written_makes_no_queue():
    with pytest.raises(CodecError):
        Publisher("local:orders").publish({"a": object()})
    with pytest.raises(QueueNotFound):
        Queue.open("local:orders")


def test_bad_target_shows_at_once():
    with pytest.raises(BadTarget):
        Publisher("local:")


def test_topic():
    publisher = Publisher("local-topic:events")
    publisher.publish({"nobody": "listens"})
    topic = Topic.open("local-topic:events")
    queue = Queue.open("local:orders", create=True)
    sns_client().subscribe(TopicArn=topic.arn, Protocol="sqs", Endpoint=queue.arn)
    sent = publisher.publish(MegaEvent(name="a.b"), attributes={"tenant": "acme"})
    (message,) = received()
    assert message.decoded.sns.message_id == sent
    assert message.payload.name == "a.b"
    assert message.attribute("tenant") == "acme"
    assert len(publisher.publish_batch(["x"] * 11).done) == 11


def test_a_topics_subject_is_what_queries_see():
    publisher = Publisher("local-topic:events")
    queue = Queue.open("local:orders", create=True)
    sns_client().subscribe(TopicArn=publisher.destination.arn, Protocol="sqs", Endpoint=queue.arn)
    publisher.publish({"n": 1}, subject="Stock is low ☃")
    publisher.publish_batch([{"n": 2}, publisher.outgoing({"n": 3}, subject="another")], subject="x" * 100)
    publisher.publish({"n": 4})
    seen = {message.payload.data["n"]: message.decoded.sns.subject for message in received()}
    assert seen == {1: "Stock is low ☃", 2: "x" * 100, 3: "another", 4: None}


@pytest.mark.parametrize("subject", ["", "x" * 101, "two\nlines", "a\x07bell", "a\x85b", "\ud800", 17])
def test_a_subject_that_sns_would_refuse_is_refused_before_anything_is_sent(subject):
    with pytest.raises(BrokerError, match="this is no subject for a topic") as caught:
        Publisher("local-topic:events").publish("x", subject=subject)
    assert "1 to 100 characters" in caught.value.why
    with pytest.raises(QueueNotFound):
        Topic.open("local-topic:events")


def test_a_queue_has_no_subject():
    with pytest.raises(BrokerError) as caught:
        Publisher("local:orders").publish_batch(["x"], subject="News")
    assert str(caught.value) == (
        "a queue has no subject\n"
        "  where: local:orders\n"
        "  why: only SNS has a subject line, in the envelope around a message\n"
        "  next: publish to a topic; or put it into the payload or an attribute: publish(…, attributes={…})"
    )


def test_topic_has_no_delay():
    with pytest.raises(BrokerError, match="a topic cannot delay a message"):
        Publisher("local-topic:events").publish("x", delay=timedelta(seconds=1))


def test_topic_that_is_missing_is_not_made_by_opening():
    with pytest.raises(QueueNotFound, match="local-topic:events does not exist"):
        Topic.open("local-topic:events")


def test_fifo_topic():
    publisher = Publisher("local-topic:events.fifo")
    with pytest.raises(BrokerError, match="needs a message group"):
        publisher.publish("x")
    assert publisher.publish("x", group_id="g") == publisher.publish("x", group_id="g")


def test_publisher_shows_its_target_and_nothing_else():
    assert repr(Publisher("local:orders")) == "Publisher('local:orders')"


def test_a_delay_of_another_type_is_named():
    with pytest.raises(BrokerError, match="a delay cannot be of type int") as caught:
        Publisher("local:orders").publish("x", delay=5)
    assert "timedelta(seconds=30)" in caught.value.hint


def test_ten_attributes_are_one_too_many_beside_the_format():
    attributes = {f"a{number}": number for number in range(10)}
    with pytest.raises(BrokerError, match="the message has 11 attributes") as caught:
        Publisher("local:orders").publish("x", attributes=attributes)
    assert "megaql.format included" in caught.value.what
    assert "megaql.format" in caught.value.why
    assert "9 of your own" in caught.value.hint
    del attributes["a9"]
    assert Publisher("local:orders").publish("x", attributes=attributes)


@pytest.mark.parametrize(("target", "most"), [("local:orders", "1,048,576"), ("local-topic:orders", "262,144")])
def test_a_message_that_is_too_large_is_told_with_its_size(target, most):
    with pytest.raises(BrokerError, match=r"the message has 1,100,0\d\d bytes") as caught:
        Publisher(target).publish("x" * 1_100_000, attributes={"tenant": "acme"})
    assert most in caught.value.what
    assert "attribute" in caught.value.why
    assert caught.value.hint


def test_attributes_taken_from_another_message_do_not_say_how_the_body_is_written():
    publisher = Publisher("local:orders")
    publisher.publish(b"\x00\x01")
    (blob,) = received()
    publisher.publish("[1]", attributes=blob.attributes)
    (text,) = received()
    assert text.payload == Plaintext("[1]")


@pytest.mark.parametrize("payload", ["abc", b"abc", {"a": 1}])
def test_one_payload_is_no_batch(payload):
    with pytest.raises(BrokerError, match="publish_batch takes several payloads, and was given one"):
        Publisher("local:orders").publish_batch(payload)


def test_a_list_that_is_no_attribute_is_named():
    with pytest.raises(BrokerError, match="the attribute 'tags' cannot be sent") as caught:
        Publisher("local:orders").publish("x", attributes={"tags": [b"a"]})
    assert caught.value.why == "a list holds strings, numbers, booleans and None, not bytes"


def test_a_list_keeps_exact_numbers():
    assert attribute("sizes", [Decimal("0.10"), None, "ä"])["StringValue"] == '[0.10,null,"ä"]'
