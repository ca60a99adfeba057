"""Parts of payloads as message attributes: every plain value at a path, in the type that filter policies read."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import bson
import pytest

from megaql import MegaEvent, Publisher
from megaql.broker import exposure
from megaql.errors import BrokerError


def exposed(payload, *names):
    return exposure.attributes(payload, exposure.paths_of(names))


def of(value):
    return exposed({"a": value}, "a").get("a")


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("acme", "String", "acme"),
        ("☃ \n", "String", "☃ \n"),
        (5, "Number", "5"),
        (-0.5, "Number", "-0.5"),
        (Decimal("12.50"), "Number", "12.50"),
        (Decimal("1E+3"), "Number", "1000"),
        (bson.int64.Int64(7), "Number", "7"),
        (bson.Decimal128("2.25"), "Number", "2.25"),
        (bson.ObjectId("5f9f1b9b9b9b9b9b9b9b9b9b"), "String", "5f9f1b9b9b9b9b9b9b9b9b9b"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "String", "2026-01-02T03:04:05Z"),
        ("", "String.Array", '[""]'),
        ("\x00", "String.Array", '["\\u0000"]'),
        (True, "String.Array", "[true]"),
        (None, "String.Array", "[null]"),
        (10**30, "String.Array", "[1000000000000000000000000000000]"),
        (["x", 1, [True, ["y"]], {"z": 1}], "String.Array", '["x",1,true,"y"]'),
        (["x"], "String", "x"),
    ],
)
def test_values_and_their_types(value, kind, text):
    assert of(value) == {"DataType": kind, "StringValue": text}


@pytest.mark.parametrize("value", [[], {}, [[], {}], {"b": 1}])
def test_without_a_plain_value_there_is_no_attribute(value):
    assert of(value) is None
    assert exposed({}, "a.b.c") == {}
    assert exposed("text", "a") == exposed(b"bytes", "a") == {}


def test_values_through_arrays_of_objects():
    document = {"items": [{"sku": "A"}, {"sku": ["B", "C"]}, {}, {"sku": {"x": 1}}]}
    assert json.loads(exposed(document, "items.sku")["items.sku"]["StringValue"]) == ["A", "B", "C"]


def test_an_event_has_its_attributes_in_either_place():
    event = MegaEvent("item.added", attributes={"quantity": 5}, domain="shop")
    names = ("event.name", "event.domain", "event.quantity", "event.attributes.quantity", "event.version")
    texts = [one["StringValue"] for one in exposed(event, *names).values()]
    assert texts == ["item.added", "shop", "5", "5", "1"]


@pytest.mark.parametrize("value", [b"bytes", float("nan"), float("inf"), bson.Regex("x"), bson.Binary(b"x", 128)])
def test_what_no_policy_can_ask_for_is_refused(value):
    with pytest.raises(BrokerError) as caught:
        of(value)
    assert caught.value.what == "a cannot be exposed"


@pytest.mark.parametrize("name", ["", ".a", "a.", "a..b", "a[0]", "a b", "@id", "AWS.x", "ä", "a" * 257, 5])
def test_what_is_no_name_of_an_attribute(name):
    with pytest.raises(BrokerError) as caught:
        exposure.paths_of([name])
    assert 'expose=["event.name", "event.domain"]' in caught.value.hint


def test_one_path_alone_is_taken_for_a_list_of_it():
    assert list(exposure.paths_of("event.name")) == ["event.name"]


def test_a_publisher_adds_them_and_its_own_come_first():
    publisher = Publisher("local-topic:t", expose=["event.name", "event.quantity"])
    event = MegaEvent("item.added", attributes={"quantity": 5})
    for bson_body in (False, True):
        entry = publisher.outgoing(event, bson=bson_body, attributes={"tenant": "acme", "event.name": "another"})
        assert entry.attributes["event.name"]["StringValue"] == "item.added"
        assert entry.attributes["event.quantity"] == {"DataType": "Number", "StringValue": "5"}
        assert set(entry.attributes) == {"tenant", "event.name", "event.quantity", "megaql.format"}
