"""Messages and events made without a broker, beside what a broker gives out."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import megaql
from megaql.errors import ScanError
from megaql.scan.records import to_line
from megaql.testing import mega_event, message, messages_from

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ATTRIBUTES = {"tenant": "acme", "price": Decimal("0.10"), "raw": b"\x00\xff", "list": ["a", 1]}
PAYLOADS = {
    "event": (mega_event("item.added", quantity=5, timestamp=NOON), {}),
    "bson": ({"at": NOON, "a": [1, 2]}, {"bson": True}),
    "data": ([{"a": 1.5}], {}),
    "text": ("text", {}),
    "blob": (b"\x00\x01", {}),
}


def test_an_event_has_what_it_is_given():
    event = mega_event(
        "user.updated",
        timestamp="2026-11-24T12:00:00Z",
        domain="shop",
        subject="s",
        publisher="p",
        object=megaql.MegaObject({"status": "open"}, id="17"),
        quantity=5,
    )
    assert (event.name, event.domain, event.subject, event.publisher) == ("user.updated", "shop", "s", "p")
    assert (event.timestamp, event.attributes, event.object.id) == (NOON, {"quantity": 5}, "17")
    assert mega_event().name


@pytest.mark.parametrize("case", PAYLOADS)
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "sns"])
def test_a_message_is_what_a_queue_gives_out(broker, case, wrapped):
    payload, options = PAYLOADS[case]
    queue = broker.queue("orders")
    topic = broker.topic("events", queue)
    (topic if wrapped else queue).publish(payload, attributes=ATTRIBUTES, **options)
    (real,) = queue.receive()
    made = message(
        payload, attributes=ATTRIBUTES, queue="orders", topic=topic.arn if wrapped else None, sent_at=NOON, **options
    )
    assert made.payload == real.payload
    assert made.decoded.format == real.decoded.format
    assert made.typed_attributes == real.typed_attributes
    assert made.attributes == real.attributes
    assert made.envelope().keys() == real.envelope().keys()
    assert set(made.system) == set(real.system) - {"SenderId"}
    assert made.body == real.body if not wrapped else json.loads(made.body).keys() == json.loads(real.body).keys()


def test_the_envelope_is_what_it_is_told():
    made = message(
        {"a": 1},
        id="m-1",
        queue="orders.fifo",
        sent_at=NOON.replace(tzinfo=None),
        receive_count=3,
        first_received_at=NOON + timedelta(minutes=1),
        group_id="g",
        dedup_id="d",
    )
    assert (made.id, made.queue, made.group_id, made.dedup_id) == ("m-1", "orders.fifo", "g", "d")
    assert (made.sent_at, made.first_received_at, made.receive_count) == (NOON, NOON + timedelta(minutes=1), 3)
    query = megaql.compile('@receive_count > 2 and @queue == "orders.fifo" and a == 1')
    assert query.matches(made)
    assert message({}).id != message({}).id


def test_a_topic_may_be_a_name_and_has_a_subject():
    made = message({"a": 1}, topic="events", subject="news")
    assert made.envelope()["topic"] == "arn:aws:sns:local:000000000000:events"
    assert made.envelope()["subject"] == "news"


def test_a_body_is_taken_as_it_is():
    made = message(body='{"a": 1}', attributes={"tenant": {"DataType": "String", "StringValue": "acme"}})
    assert made.body == '{"a": 1}'
    assert made.attributes == {"tenant": {"DataType": "String", "StringValue": "acme"}}
    assert made.payload.data == {"a": 1}
    assert message(body="{broken").payload.kind == "text"


@pytest.mark.parametrize("arguments", [{}, {"payload": {}, "body": "{}"}], ids=["neither", "both"])
def test_a_payload_or_a_body(arguments):
    with pytest.raises(TypeError, match="one of the two"):
        message(**arguments)


def test_a_handler_can_be_called_with_a_message():
    app = megaql.App()

    @app.subscribe('event.name == "a"')
    def handler(event, message):
        return event.name, message.attribute("tenant")

    made = message(mega_event("a"), attributes={"tenant": "acme"})
    assert handler(made.payload, made) == ("a", "acme")


def test_messages_of_a_file(tmp_path, broker):
    queue = broker.queue("orders")
    queue.publish({"a": 1}, attributes=ATTRIBUTES)
    queue.publish(b"\x00")
    saved = queue.receive()
    path = tmp_path / "saved.ndjson"
    path.write_text("".join(to_line(one) + "\n" for one in saved), encoding="utf-8")
    read = messages_from(path)
    assert [(one.id, one.body, one.attributes, one.system) for one in read] == [
        (one.id, one.body, one.attributes, one.system) for one in saved
    ]
    assert [one.payload for one in messages_from(str(path))] == [one.payload for one in saved]


def test_a_line_that_holds_no_message_is_an_error(tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text('{"a": 1}\n{"a": \n', encoding="utf-8")
    with pytest.raises(ScanError, match="holds no message") as caught:
        messages_from(path)
    assert caught.value.where == f"{path}, line 2"
