import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from megaql.broker.message import Message, typed_value
from megaql.lang.record import ENVELOPE_FIELDS, MISSING

SYSTEM = {
    "SentTimestamp": "1588550400123",
    "ApproximateFirstReceiveTimestamp": "1588550401000",
    "ApproximateReceiveCount": "3",
    "MessageGroupId": "g",
    "MessageDeduplicationId": "d",
    "SequenceNumber": "00000000000000000007",
}


def message(body="x", attributes=None, system=SYSTEM):
    return Message(
        "m-1", body, receipt_handle="secret-handle", attributes=attributes or {}, system=system, queue="orders"
    )


@pytest.mark.parametrize(
    ("data_type", "text", "value"),
    [
        ("String", "abc", "abc"),
        ("String.email", "a@b", "a@b"),
        ("String", "5", "5"),
        ("String.Array", '["a", 1, 0.1, null, true]', ["a", 1, Decimal("0.1"), None, True]),
        ("String.Array", "not json", "not json"),
        ("String.Array", '{"a": 1}', '{"a": 1}'),
        ("String.Array", "[" * 100_000, "[" * 100_000),
        ("Number", "5", 5),
        ("Number", "-5", -5),
        ("Number.int", "9007199254740993", 9007199254740993),
        ("Number", "0.1", Decimal("0.1")),
        ("Number", "1e3", Decimal(1000)),
        ("Number", "twelve", "twelve"),
    ],
)
def test_typed_text(data_type, text, value):
    found = typed_value({"DataType": data_type, "StringValue": text})
    assert found == value
    assert type(found) is type(value)


def test_typed_bytes():
    assert typed_value({"DataType": "Binary", "BinaryValue": b"\x00\xff"}) == b"\x00\xff"
    assert typed_value({"DataType": "Binary.gzip", "BinaryValue": bytearray(b"\x00")}) == b"\x00"
    assert typed_value({"DataType": "Binary", "BinaryValue": "AP8="}) == b"\x00\xff"
    assert typed_value({"DataType": "Binary", "BinaryValue": "no base64!"}) == "no base64!"


def test_envelope_has_every_field_that_is_known():
    envelope = message('{"a": 1}', {"tenant": {"DataType": "String", "StringValue": "acme"}}).envelope()
    assert envelope == {
        "id": "m-1",
        "sent_at": datetime(2020, 5, 4, 0, 0, 0, 123000, tzinfo=UTC),
        "first_received_at": datetime(2020, 5, 4, 0, 0, 1, tzinfo=UTC),
        "receive_count": 3,
        "group_id": "g",
        "dedup_id": "d",
        "sequence": "00000000000000000007",
        "size": 8 + 6 + 6 + 4,
        "attributes": {"tenant": "acme"},
        "format": "json",
        "kind": "data",
        "queue": "orders",
    }
    assert envelope.keys() <= set(ENVELOPE_FIELDS)


def test_unknown_fields_are_left_out():
    envelope = Message("m", "hello").envelope()
    assert envelope == {"id": "m", "size": 5, "attributes": {}, "format": "text", "kind": "text", "body": "hello"}


@pytest.mark.parametrize(
    ("body", "document", "mega"),
    [
        ('{"a": 1}', {"a": 1}, False),
        ("hello", MISSING, False),
        ("AP8A/w==", MISSING, False),
        (
            '{"protocol": "mega", "version": 1, "event": {"name": "a.b", "timestamp": "2020-05-04T00:00:00Z"}}',
            None,
            True,
        ),
    ],
    ids=["data", "text", "blob", "mega"],
)
def test_record(body, document, mega):
    record = message(body).record()
    assert record.mega is mega
    if document is not None:
        assert record.body == document
    assert record.envelope["kind"] == message(body).payload.kind


def sns_body(**changes):
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "sns-1",
            "TopicArn": "arn:aws:sns:eu-west-1:123456789012:events",
            "Subject": "News",
            "Message": '{"a": 1}',
            "Timestamp": "2020-05-04T00:00:00.000Z",
            "MessageAttributes": {
                "tenant": {"Type": "String", "Value": "from the envelope"},
                "price": {"Type": "Number", "Value": "0.10"},
                "data": {"Type": "Binary", "Value": "AP8="},
                "tags": {"Type": "String.Array", "Value": '["a", "b"]'},
            },
            **changes,
        }
    )


def test_envelope_of_sns_is_taken_off():
    wrapped = message(sns_body(), {"tenant": {"DataType": "String", "StringValue": "from the queue"}})
    envelope = wrapped.envelope()
    assert wrapped.record().body == {"a": 1}
    assert envelope["topic"] == "arn:aws:sns:eu-west-1:123456789012:events"
    assert envelope["subject"] == "News"
    assert envelope["id"] == "m-1"
    assert envelope["attributes"] == {
        "tenant": "from the queue",
        "price": Decimal("0.10"),
        "data": b"\x00\xff",
        "tags": ["a", "b"],
    }
    assert wrapped.attribute("price") == Decimal("0.10")
    assert wrapped.attribute("none") is None
    assert wrapped.attribute("none", "default") == "default"


def test_body_is_decoded_once(monkeypatch):
    calls = []
    monkeypatch.setattr("megaql.broker.message.decode", lambda body, _: calls.append(body) or "decoded")
    found = message()
    assert (found.decoded, found.decoded) == ("decoded", "decoded")
    assert calls == ["x"]


def test_nothing_secret_in_a_log():
    found = message("the body", {"token": {"DataType": "String", "StringValue": "an attribute"}})
    assert repr(found) == "Message(id='m-1', queue='orders', lease_deadline=None)"


def test_messages_can_be_keys():
    assert {message(): 1}[message()] == 1


@pytest.mark.parametrize("text", ["", "soon", "1e3"])
def test_system_attributes_that_cannot_be_read_are_unknown(text):
    found = message(system={"SentTimestamp": text, "ApproximateReceiveCount": text})
    assert (found.sent_at, found.receive_count) == (None, None)
