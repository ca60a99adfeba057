"""Publishing what is too large for a message, and reading it back, wrapped and not."""

import json
from datetime import UTC, datetime

import pytest

import megaql
from megaql import LargePayloads, Message, Publisher
from megaql.broker.large.pointer import Pointer
from megaql.broker.queue import Queue
from megaql.codec.envelopes import wrap
from megaql.errors import BrokerError

BIG = "x" * 1_100_000
#: Of the payload that pointers here point to, `{"a": 1}`.
SIZE = {"DataType": "Number", "StringValue": "8"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:t"


class Memory:
    """Objects by bucket and key."""

    def __init__(self):
        self.objects = {}

    def put(self, pointer, data):
        self.objects[pointer] = data

    def get(self, pointer, most):
        if pointer not in self.objects:
            raise BrokerError("there is no such object", code="NoSuchKey")
        return self.objects[pointer][:most]

    def delete(self, pointer):
        self.objects.pop(pointer, None)


@pytest.fixture
def memory():
    return Memory()


def large(memory, location="s3://bucket/in", **settings):
    return LargePayloads(location, store=memory, **settings)


def received(target):
    (message,) = Queue.open(target).receive()
    return message


@pytest.mark.parametrize(
    ("payload", "bson"),
    [({"a": BIG}, False), ({"a": BIG}, True), ("{" + BIG, False), (BIG.encode(), False), ([1, BIG], False)],
    ids=["json", "bson", "text", "bytes", "array"],
)
def test_a_large_payload_is_a_pointer_on_the_way_and_itself_again(memory, payload, bson):
    Publisher("local:q", large_payloads=large(memory)).publish(payload, bson=bson, attributes={"tenant": "acme"})
    message = received("local:q")
    ((pointer, data),) = memory.objects.items()
    assert pointer.bucket == "bucket"
    assert pointer.key.startswith("in/")
    assert message.body == pointer.body
    assert message.attributes["ExtendedPayloadSize"] == {"DataType": "Number", "StringValue": str(len(data))}
    fetched = large(memory).fetched(message)
    assert fetched.payload == megaql.codec.decode.payload_of(payload)
    assert fetched.envelope()["attributes"] == {"tenant": "acme", "megaql.format": fetched.decoded.format}
    assert (fetched.id, fetched.receipt_handle, fetched.lease_deadline) == (
        message.id,
        message.receipt_handle,
        message.lease_deadline,
    )
    assert fetched.decoded.reason == ""


def test_what_fits_goes_as_it_is(memory):
    Publisher("local:q", large_payloads=large(memory)).publish({"a": 1})
    message = received("local:q")
    assert memory.objects == {}
    assert large(memory).fetched(message) is message


def test_a_threshold_of_ones_own(memory):
    publisher = Publisher("local:q", large_payloads=large(memory, threshold=0))
    publisher.publish({"a": 1})
    assert list(memory.objects.values()) == [b'{"a":1}']
    assert large(memory).fetched(received("local:q")).payload.data == {"a": 1}


def test_a_topic_takes_less_than_a_queue(memory):
    queue, topic = Queue.open("local:q", create=True), Publisher("local-topic:t", large_payloads=large(memory))
    app = megaql.App("local:q")
    app.subscribe(catch_all=True)(print)
    app.connect("local-topic:t")
    topic.publish({"a": "x" * 300_000}, attributes={"tenant": "acme"})
    (message,) = queue.receive()
    assert len(memory.objects) == 1
    fetched = large(memory).fetched(message)
    assert fetched.payload.data == {"a": "x" * 300_000}
    envelope = fetched.envelope()
    assert envelope["topic"].endswith(":t")
    assert envelope["attributes"] == {"tenant": "acme", "megaql.format": "json"}


def test_a_batch_says_of_the_given_entries_what_became_of_them(memory):
    publisher = Publisher("local:q", large_payloads=large(memory))
    entries = [publisher.outgoing(payload) for payload in ({"a": 1}, {"a": BIG}, "bad")]
    result = publisher.publish_batch(entries)
    assert result.done == entries
    assert len(memory.objects) == 1


def test_nothing_is_stored_before_it_is_published(memory):
    publisher = Publisher("local:q", large_payloads=large(memory))
    assert publisher.outgoing({"a": BIG}).body.startswith('{"a":"xxx')
    assert memory.objects == {}


def test_a_large_payload_takes_an_attribute(memory):
    publisher = Publisher("local:q", large_payloads=large(memory))
    with pytest.raises(BrokerError) as caught:
        publisher.publish({"a": BIG}, attributes={f"a{number}": 1 for number in range(9)})
    assert "ExtendedPayloadSize" in caught.value.why
    assert "give 8 of your own at most" in caught.value.hint
    assert memory.objects == {}


def test_without_large_payloads_it_is_an_error_as_ever():
    with pytest.raises(BrokerError) as caught:
        Publisher("local:q").publish({"a": BIG})
    assert "large_payloads=" in caught.value.hint


def test_fifo_deduplicates_by_the_payload_and_not_by_the_pointer(memory):
    publisher = Publisher("local:q.fifo", large_payloads=large(memory))
    for _ in range(2):
        publisher.publish({"a": BIG}, group_id="g")
    assert len(Queue.open("local:q.fifo").receive()) == 1


def pointing(pointer, *, wrapped=0, attribute="ExtendedPayloadSize"):
    body, attributes = pointer.body, {attribute: SIZE, "tenant": {"DataType": "String", "StringValue": "acme"}}
    for _ in range(wrapped):
        when = datetime(2026, 1, 1, tzinfo=UTC)
        body, attributes = wrap(TOPIC, body, message_id="n", timestamp=when, attributes=attributes), {}
    return Message("m", body, "handle", attributes)


@pytest.mark.parametrize("wrapped", [0, 1, 2])
@pytest.mark.parametrize("attribute", ["ExtendedPayloadSize", "SQSLargePayloadSize"])
def test_pointers_in_envelopes(memory, wrapped, attribute):
    pointer = Pointer("bucket", "anywhere")
    memory.put(pointer, b'{"a": 1}')
    message = pointing(pointer, wrapped=wrapped, attribute=attribute)
    fetched = large(memory).fetched(message)
    assert fetched.payload.data == {"a": 1}
    assert (fetched.body, fetched.receipt_handle) == ('{"a": 1}', "handle")
    assert len(fetched.decoded.envelopes) == wrapped
    assert fetched.typed_attributes == {"tenant": "acme"}
    assert megaql.compile('a == 1 and @attributes.tenant == "acme"').matches(fetched)


@pytest.mark.parametrize("wrapped", [0, 1])
def test_a_bucket_that_nobody_named_is_not_read(memory, wrapped):
    pointer = Pointer("foreign", "k")
    memory.put(pointer, b'{"a": 1}')
    message = pointing(pointer, wrapped=wrapped)
    fetched = large(memory).fetched(message)
    assert fetched.payload.data == json.loads(pointer.body)
    assert fetched.decoded.reason == "the payload lies in the bucket foreign, which large_payloads does not name"
    assert large(memory).pointer(message) is None
    large(memory).delete(message)
    assert pointer in memory.objects
    assert large(memory, also=["foreign"]).fetched(message).payload.data == {"a": 1}


@pytest.mark.parametrize(
    ("location", "place", "goes"),
    [
        ("s3://bucket/in", ("bucket", "in/1"), True),
        ("s3://bucket", ("bucket", "backup"), True),
        ("s3://bucket/in", ("bucket", "backup"), False),
        ("s3://bucket/in", ("bucket", "inner/1"), False),
        ("s3://bucket/in", ("archive", "in/1"), False),
    ],
)
def test_only_what_lies_where_payloads_are_kept_is_deleted(memory, location, place, goes):
    pointer = Pointer(*place)
    memory.put(pointer, b'{"a": 1}')
    settings = large(memory, location, also=["archive"])
    assert settings.fetched(pointing(pointer)).payload.data == {"a": 1}
    settings.delete(pointing(pointer))
    assert (pointer not in memory.objects) is goes


def test_a_payload_that_is_gone_or_no_text(memory):
    with pytest.raises(BrokerError) as caught:
        large(memory).fetched(pointing(Pointer("bucket", "k")))
    assert caught.value.code == "NoSuchKey"
    memory.put(Pointer("bucket", "k"), b"\xff\xfe")
    with pytest.raises(BrokerError) as caught:
        large(memory).fetched(pointing(Pointer("bucket", "k")))
    assert caught.value.what == "the payload is no text"


@pytest.mark.parametrize("data", [b"<html>sign in</html>", b'{"a": 1', b""], ids=["page", "cut", "empty"])
def test_a_payload_of_another_size_than_its_message_says(memory, data):
    """A proxy on the way answered in the bucket's place, or somebody wrote the object over: a text that no subscription takes would be deleted."""
    memory.put(Pointer("bucket", "k"), data)
    with pytest.raises(BrokerError) as caught:
        large(memory).fetched(pointing(Pointer("bucket", "k")))
    error = caught.value
    assert error.what == f"the payload has {len(data)} bytes, and its message says 8"
    assert (error.code, error.where) == ("PayloadChanged", "s3://bucket/k")
    assert error.why
    assert error.hint


@pytest.mark.parametrize(
    "size", ["12", "9", "10", "many", ""], ids=["bytes", "characters", "units", "no number", "none"]
)
def test_other_clients_count_characters_or_nothing(memory, size):
    memory.put(Pointer("bucket", "k"), '{"a":"\U0001f600"}'.encode())
    message = pointing(Pointer("bucket", "k"))
    message.attributes["ExtendedPayloadSize"] = {"DataType": "Number", "StringValue": size}
    assert large(memory).fetched(message).payload.data == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    "body", ["s3BucketName", '{"s3BucketName": 1}', '{"Type": "Notification", "s3BucketName": 1}', "[" * 10**5]
)
def test_bodies_that_mention_a_bucket(memory, body):
    message = Message("m", f"{body} s3BucketName", "h", {"ExtendedPayloadSize": SIZE})
    assert large(memory).fetched(message) is message


def test_a_wrong_place_is_an_error_at_once():
    for make in (Publisher, megaql.App):
        with pytest.raises(BrokerError) as caught:
            make("local:q", large_payloads="my-bucket")
        assert "s3://my-bucket" in caught.value.hint
