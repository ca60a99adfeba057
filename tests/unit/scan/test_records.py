"""Messages as records and back."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import bson
import pytest
from bson.decimal128 import Decimal128
from bson.objectid import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from megaql.broker.message import Message
from megaql.codec.encode import encode
from megaql.codec.formats import MAX_NESTING
from megaql.codec.payloads import MegaEvent
from megaql.errors import ScanError
from megaql.scan.readable import readable, timestamp
from megaql.scan.records import dump_line, from_record, is_record, to_line, to_record

SYSTEM = {
    "SentTimestamp": "1588550400123",
    "ApproximateReceiveCount": "3",
    "ApproximateFirstReceiveTimestamp": "1588550401000",
    "MessageGroupId": "customer-7",
    "MessageDeduplicationId": "d-1",
    "SequenceNumber": "18849496460467696128",
    "SenderId": "AIDA",
    "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
    "DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:000000000000:orders",
}
ATTRIBUTES = {
    "tenant": {"DataType": "String", "StringValue": "acme"},
    "weight": {"DataType": "Number.float", "StringValue": "1.50"},
    "trace": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x10"},
    "picture": {"DataType": "Binary.png", "BinaryValue": b""},
}
SNS = json.dumps(
    {
        "Type": "Notification",
        "MessageId": "sns-1",
        "TopicArn": "arn:aws:sns:eu-west-1:000000000000:shop",
        "Message": '{"a": 1}',
        "Timestamp": "2020-05-04T00:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "x",
        "SigningCertURL": "https://example.com/x.pem",
        "UnsubscribeURL": "https://example.com/",
    }
)
EVENT = MegaEvent(name="item.added", timestamp=datetime(2020, 5, 4, tzinfo=UTC), attributes={"quantity": 5})


def message(body='{"a": 1}', **fields):
    return Message(**({"id": "5fea7756", "queue": "orders", "body": body} | fields))


def bson_message(document):
    encoded = encode(document, bson=True)
    return message(encoded.body, attributes=encoded.attributes)


@pytest.mark.parametrize(
    "original",
    [
        message(),
        message(attributes=ATTRIBUTES, system=SYSTEM),
        message("", id=""),
        message("plain text\nwith lines, \u2028 and \U0001f600"),
        message("\ud800 half a pair"),
        message('{"price": 0.10, "huge": 1e400, "long": 12345678901234567890123}'),
        message(SNS),
        message("AP8Q"),
        message('{"megaql": 1, "body": "a payload that looks like a record"}'),
        bson_message(EVENT),
        bson_message({"_id": ObjectId("5f0f0f0f0f0f0f0f0f0f0f0f"), "at": datetime(2020, 5, 4, tzinfo=UTC)}),
    ],
    ids=["bare", "full", "empty", "text", "surrogate", "numbers", "sns", "blob", "lookalike", "mega-bson", "bson"],
)
def test_a_record_is_the_message(original):
    line = to_line(original)
    assert "\n" not in line
    line.encode()
    again = from_record(json.loads(line))
    assert again == original
    assert again.payload == original.payload


@pytest.mark.parametrize("value", ["soon", "1" * 30, "", "-99999999999999999"])
def test_system_values_that_are_no_times_stay_as_they_are(value):
    original = message(system={"SentTimestamp": value, "ApproximateReceiveCount": "many"})
    record = to_record(original)
    assert "sent_at" not in record
    assert from_record(json.loads(to_line(original))) == original


texts = st.text(max_size=40)
attributes = st.one_of(
    st.builds(lambda text: {"DataType": "String", "StringValue": text}, texts),
    st.builds(lambda number: {"DataType": "Number.label", "StringValue": str(number)}, st.integers()),
    st.builds(lambda data: {"DataType": "Binary", "BinaryValue": data}, st.binary(max_size=40)),
)
systems = st.fixed_dictionaries(
    {},
    optional={
        "SentTimestamp": st.integers(0, 4_000_000_000_000).map(str),
        "ApproximateReceiveCount": st.integers(0, 10**9).map(str),
        "ApproximateFirstReceiveTimestamp": st.integers(0, 4_000_000_000_000).map(str),
        "MessageGroupId": texts,
        "MessageDeduplicationId": texts,
        "SequenceNumber": texts,
        "SenderId": texts,
    },
)
bodies = st.one_of(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=8,
    ).map(json.dumps),
    st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode()),
)


@given(bodies, texts, st.dictionaries(texts, attributes, max_size=3), systems)
def test_any_message_survives_its_line(body, name, attributes, system):
    original = message(body, id=name, attributes=attributes, system=system)
    line = to_line(original)
    assert "\n" not in line
    assert from_record(json.loads(line)) == original


def test_the_receipt_handle_and_the_lease_stay_behind():
    again = from_record(to_record(message(receipt_handle="AQEB", lease_deadline=5.0)))
    assert (again.receipt_handle, again.lease_deadline) == (None, None)
    assert "AQEB" not in to_line(message(receipt_handle="AQEB"))


def test_a_records_fields_and_their_order():
    record = to_record(message(attributes=ATTRIBUTES, system=SYSTEM))
    assert list(record) == [
        "megaql",
        "id",
        "queue",
        "sent_at",
        "receive_count",
        "first_received_at",
        "group_id",
        "dedup_id",
        "sequence",
        "system",
        "attributes",
        "format",
        "kind",
        "payload",
        "body",
    ]
    assert record["megaql"] == 1
    assert record["sent_at"] == "2020-05-04T00:00:00.123Z"
    assert record["first_received_at"] == "2020-05-04T00:00:01Z"
    assert record["receive_count"] == 3
    assert record["system"] == {name: SYSTEM[name] for name in list(SYSTEM)[6:]}
    assert record["attributes"]["trace"] == {"DataType": "Binary", "BinaryValue": "AP8Q"}
    assert (record["format"], record["kind"], record["payload"]) == ("json", "data", {"a": 1})


def test_what_is_not_known_is_left_out():
    assert list(to_record(message())) == ["megaql", "id", "queue", "format", "kind", "payload", "body"]


@pytest.mark.parametrize(
    ("original", "kind", "payload"),
    [
        (message("hello"), "text", "hello"),
        (message("AP8QAP8QAP8Q"), "blob", None),
        (message(SNS), "data", {"a": 1}),
    ],
    ids=["text", "blob", "sns"],
)
def test_the_payload_is_what_people_read(original, kind, payload):
    record = to_record(original)
    assert (record["kind"], record["payload"]) == (kind, payload)


def test_a_bson_event_is_readable():
    record = to_record(bson_message(EVENT))
    assert (record["format"], record["kind"]) == ("bson", "mega")
    assert record["payload"]["event"]["name"] == "item.added"
    assert record["payload"]["event"]["attributes"] == {"quantity": 5}
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("0.1"), 0.1),
        (Decimal("5.0"), 5.0),
        (Decimal("0.12345678901234567890"), {"$numberDecimal": "0.12345678901234567890"}),
        (Decimal("1E+400"), {"$numberDecimal": "1E+400"}),
        (Decimal("NaN"), {"$numberDecimal": "NaN"}),
        (float("nan"), {"$numberDouble": "NaN"}),
        (float("-inf"), {"$numberDouble": "-Infinity"}),
        (10**30, 10**30),
        (10**5000, {"$numberDecimal": "1" + "0" * 5000}),
        (b"\x00\xff", {"$binary": {"base64": "AP8=", "subType": "00"}}),
        (datetime(2020, 5, 4, 12, tzinfo=UTC), {"$date": "2020-05-04T12:00:00Z"}),
        (ObjectId("5f0f0f0f0f0f0f0f0f0f0f0f"), {"$oid": "5f0f0f0f0f0f0f0f0f0f0f0f"}),
        (Decimal128("1.5"), {"$numberDecimal": "1.5"}),
        (bson.Int64(7), 7),
        (True, True),
        ((1, [None, "x"]), [1, [None, "x"]]),
        (object, "<class 'object'>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_json_has_no_form_for(value, shown):
    assert readable({"value": value}) == {"value": shown}
    json.dumps(readable(value), allow_nan=False)


@pytest.mark.parametrize("depth", [MAX_NESTING, 5_000])
def test_a_deep_payload_keeps_its_body(depth):
    body = '{"a":' * depth + "1" + "}" * depth
    assert to_record(message(body))["body"] == body
    assert from_record(json.loads(to_line(message(body)))) == message(body)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2020, 5, 4, 1, 2, 3), "2020-05-04T01:02:03Z"),  # noqa: DTZ001 - a time without zone is the point
        (datetime(2020, 5, 4, 1, 2, 3, 456789, UTC), "2020-05-04T01:02:03.456789Z"),
        (datetime(2020, 5, 4, 1, 2, 3, 120000, timezone(timedelta(hours=2))), "2020-05-03T23:02:03.120Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(moment, text):
    assert timestamp(moment) == text


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"body": 5}, "body"),
        ({"id": 5}, "id"),
        ({"queue": []}, "queue"),
        ({"sent_at": "yesterday"}, "sent_at"),
        ({"sent_at": 5}, "sent_at"),
        ({"receive_count": "many"}, "receive_count"),
        ({"group_id": 7}, "group_id"),
        ({"attributes": []}, "attributes"),
        ({"attributes": ["x"]}, "attributes"),
        ({"attributes": {"a": "x"}}, "attributes.a"),
        ({"attributes": {"a": {"StringValue": "x"}}}, "attributes.a.DataType"),
        ({"attributes": {"a": {"DataType": "String"}}}, "attributes.a.StringValue"),
        ({"attributes": {"a": {"DataType": "Binary", "BinaryValue": "%"}}}, "attributes.a.BinaryValue"),
        ({"system": {"SenderId": 5}}, "system.SenderId"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_is_wrong_is_named(change, where):
    record = to_record(message(attributes=ATTRIBUTES, system=SYSTEM)) | change
    if change.get("attributes") == []:
        assert from_record(record).attributes == {}, "PHP's and Lua's JSON writes an empty object like this"
        return
    with pytest.raises(ScanError) as caught:
        from_record(record)
    assert caught.value.where == where


def test_a_sent_time_without_zone_is_utc():
    assert from_record({"megaql": 1, "body": "", "sent_at": "2020-05-04T00:00:00"}).system == {
        "SentTimestamp": "1588550400000"
    }


@pytest.mark.parametrize("value", [5, "x", [], {}, {"megaql": 1}, {"body": "x"}, {"megaql": 1, "body": {}}])
def test_what_is_no_record(value):
    assert not is_record(value)


def test_an_unknown_version_is_refused():
    with pytest.raises(ScanError, match="unknown version"):
        from_record({"megaql": "2", "body": "x"})


def test_a_line_keeps_other_scripts_readable():
    assert dump_line({"name": "山田"}) == '{"name":"山田"}'
