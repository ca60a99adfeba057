"""Whatever a body is, it is read as something, and the something is predictable."""

import base64
import json
from datetime import UTC, datetime

import bson
import pytest

from megaql.codec.decode import Decoded, decode, payload_of
from megaql.codec.envelopes import wrap
from megaql.codec.payloads import Blob, DataObject, MegaEvent, Plaintext
from megaql.errors import CodecError

TOPIC = "arn:aws:sns:local:000000000000:"
WHEN = datetime(2026, 1, 2, tzinfo=UTC)
EVENT = MegaEvent("item.added", timestamp="2026-01-02", attributes={"quantity": 5})
EVENT_JSON = json.dumps(EVENT.document)
BSON = base64.b64encode(bson.encode({"a": 1})).decode()


def wrapped(body, topic="orders", **more):
    return wrap(TOPIC + topic, body, message_id=topic, timestamp=WHEN, **more)


def says(name):
    return {"megaql.format": {"DataType": "String", "StringValue": name}}


@pytest.mark.parametrize(
    ("body", "payload", "name"),
    [
        (EVENT_JSON, EVENT, "json"),
        ('{"a": 1}', DataObject({"a": 1}), "json"),
        ("[1]", DataObject([1]), "json"),
        ("", Plaintext(""), "text"),
        (" ", Plaintext(" "), "text"),
        ("5", Plaintext("5"), "text"),
        ("1234", Plaintext("1234"), "text"),
        ("true", Plaintext("true"), "text"),
        ("null", Plaintext("null"), "text"),
        ('"quoted"', Plaintext('"quoted"'), "text"),
        ("Hello world!", Plaintext("Hello world!"), "text"),
        ("hello", Plaintext("hello"), "text"),
        (BSON, DataObject({"a": 1}), "bson"),
        (base64.b64encode(bson.encode(EVENT.document)).decode(), EVENT, "bson"),
        ("AAEC", Blob(b"\x00\x01\x02"), "base64"),
        ("ping", Blob(base64.b64decode("ping")), "base64"),
        (base64.b64encode(b'{"a": 1}').decode(), Blob(b'{"a": 1}'), "base64"),
        (base64.b64encode(bson.encode({"a": 1}) + b"\0").decode(), Blob(bson.encode({"a": 1}) + b"\0"), "base64"),
        ("\ud800", Plaintext("\ud800"), "text"),
    ],
)
def test_a_body_is_read_by_its_looks(body, payload, name):
    assert decode(body) == Decoded(payload, name)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ('{"a": 1,', "text", "not JSON: expecting property name enclosed in double quotes at line 1 column 9"),
        (" [NaN]", "text", "not JSON: NaN is not a JSON number"),
        ("[" * 100_000, "text", "not readable JSON: nested deeper than 200 levels"),
        ('{"protocol": "mega", "version": 1}', "data", "$.event: missing"),
        (
            base64.b64encode(bson.encode({"a": "b"}).replace(b"\x02a", b"\x42a")).decode(),
            "blob",
            "not BSON: its length fits, its content does not",
        ),
    ],
    ids=["cut", "nan", "deep", "mega", "bson"],
)
def test_why_a_body_is_nothing_better(body, kind, reason):
    decoded = decode(body)
    assert (decoded.payload.kind, decoded.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("body", "name", "payload"),
    [
        ("ping", "text", Plaintext("ping")),
        ('{"a": 1}', "text", Plaintext('{"a": 1}')),
        (BSON, "base64", Blob(bson.encode({"a": 1}))),
        (BSON, "bson", DataObject({"a": 1})),
        (EVENT_JSON, "json", EVENT),
    ],
)
def test_the_publisher_settles_the_format(body, name, payload):
    assert decode(body, says(name)) == Decoded(payload, name)


@pytest.mark.parametrize(
    ("body", "name", "payload", "reason"),
    [
        (
            "Hi",
            "json",
            Plaintext("Hi"),
            "the attribute megaql.format says json, and the body is not a JSON object or array",
        ),
        ("AAEC", "bson", Blob(b"\0\1\2"), "the attribute megaql.format says bson, and the body is not BSON"),
        ("a!", "base64", Plaintext("a!"), "the attribute megaql.format says base64, and the body is not Base64"),
        ("a!", "xml", Plaintext("a!"), "the attribute megaql.format names no known format"),
        ("{", "x", Plaintext("{"), None),
    ],
)
def test_a_publisher_who_is_wrong_is_not_believed(body, name, payload, reason):
    decoded = decode(body, says(name))
    assert decoded.payload == payload
    if reason is None:
        reason = (
            "the attribute megaql.format names no known format; "
            "not JSON: expecting property name enclosed in double quotes at line 1 column 2"
        )
    assert decoded.reason == reason


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        {},
        [],
        5,
        {"megaql.format": None},
        {"megaql.format": "text"},
        {"megaql.format": {"StringValue": None}},
        {1: 2},
    ],
)
def test_attributes_of_another_shape_say_nothing(attributes):
    assert decode("[1]", attributes) == Decoded(DataObject([1]), "json")


@pytest.mark.parametrize("value", [5, [], {}, b"text"])
def test_a_format_that_is_no_text_is_unknown(value):
    decoded = decode("[1]", {"megaql.format": {"StringValue": value}})
    assert decoded.payload == DataObject([1])
    assert decoded.reason == "the attribute megaql.format names no known format"


def test_an_sns_envelope_is_taken_off():
    decoded = decode(
        wrapped(EVENT_JSON, subject="s", attributes={"tenant": {"DataType": "String", "StringValue": "a"}})
    )
    assert decoded.payload == EVENT
    assert decoded.sns.topic_arn == TOPIC + "orders"
    assert decoded.sns.subject == "s"
    assert decoded.sns.attributes == {"tenant": {"DataType": "String", "StringValue": "a"}}


@pytest.mark.parametrize("body", ["Hello", "ping", "", BSON, "[1]", EVENT_JSON])
def test_an_envelope_changes_nothing_of_what_is_in_it(body):
    assert decode(wrapped(body)).payload == decode(body).payload


def test_nested_envelopes_are_taken_off():
    decoded = decode(wrapped(wrapped(wrapped(EVENT_JSON, "inner"), "middle"), "outer"))
    assert decoded.payload == EVENT
    assert [envelope.message_id for envelope in decoded.envelopes] == ["outer", "middle", "inner"]
    assert decoded.sns.message_id == "inner"


def test_the_format_inside_an_envelope_counts_for_the_message_in_it():
    decoded = decode(wrapped("ping", attributes=says("text")))
    assert decoded.payload == Plaintext("ping")
    assert decoded.sns is not None


def test_a_wrong_word_about_an_envelope_is_told():
    decoded = decode(wrapped("{"), says("bson"))
    assert decoded.payload == Plaintext("{")
    assert decoded.sns is not None
    assert decoded.reason == (
        "the attribute megaql.format says bson, and the body is not Base64; "
        "not JSON: expecting property name enclosed in double quotes at line 1 column 2"
    )


def test_an_envelope_published_on_purpose_stays_data():
    body = wrapped(EVENT_JSON)
    decoded = decode(body, says("json"))
    assert decoded.payload == DataObject(json.loads(body))
    assert decoded.sns is None


def test_eventbridge_envelopes_stay_data():
    event = {"version": "0", "detail-type": "Order", "source": "shop", "detail": EVENT.document}
    assert decode(json.dumps(event)).payload == DataObject(event)


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        (EVENT, EVENT),
        (EVENT.document, EVENT),
        ({"a": 1}, DataObject({"a": 1})),
        ([1], DataObject([1])),
        ("x", Plaintext("x")),
        (b"x", Blob(b"x")),
    ],
)
def test_payloads_of_values_given_in_code(value, payload):
    assert payload_of(value) == payload


@pytest.mark.parametrize("value", [None, 5, 1.5, object(), bytearray(b"x")])
def test_other_values_are_no_payloads(value):
    with pytest.raises(CodecError, match="is no payload"):
        payload_of(value)
