"""What stands where a path leads nowhere."""

import pytest

import megaql
from megaql.lang import paths
from megaql.lang.nearkeys import REMEMBERED, NearKeys
from megaql.lang.record import MISSING, Record
from megaql.lang.trace import trace
from megaql.query import record_of

MEGA = {"protocol": "mega", "version": 1, "event": {"name": "a", "timestamp": "2026-01-01T00:00:00Z", "quantiy": 3}}


def near(query, record, keys=None):
    node = megaql.compile(query).node
    (found,) = [one for found in trace(node, record).finding.operands for one in found if one.value is MISSING]
    return paths.location((keys or NearKeys()).near(found.where, node.left, record))


@pytest.mark.parametrize(
    ("query", "body", "place"),
    [
        ("email == 1", {"e_mail": 1}, "$.e_mail"),
        ("a.email == 1", {"a": {"Email": 1, "other": 2}}, "$.a.Email"),
        ("user.nmae == 1", {"user": {"name": 1}}, "$.user.name"),
        ("a.email == 1", {"b": {"email": 1}}, "$.b.email"),
        ("email == 1", {"b": {"c": {"email": 1}}, "d": [{"email": 2}]}, "$.b.c.email"),
        ("email == 1", {"d": [{"email": 2}]}, "$.d[0].email"),
        ("a.b == 1", {"a": 5}, ""),
        ("id == 1", {"ide": 1}, ""),
        ("id == 1", {"ID": 1}, "$.ID"),
        ("a.b == 1", {"a": 5, "c": {"b": 1}}, "$.c.b"),
        ("a.b.c == 1", {"a": {"x": 1}}, ""),
        ("items.qty == 1", {"items": [{"Qty": 1}]}, "$.items[0].Qty"),
        ("items[3].qty == 1", {"items": [{"qty": 1}]}, ""),
        ("items[-3] == 1", {"items": []}, ""),
        ("items[*].qty == 1", {"items": 5, "qty": 1}, ""),
        (".**.email == 1", {"e_mail": 1}, ""),
        ("email == 1", MISSING, ""),
        ("email == 1", {1: 2, None: 3}, ""),
        ("@attributes.tennant == 1", {}, "@attributes.tenant"),
        ("@group_id == 1", {}, ""),
    ],
)
def test_near(query, body, place):
    assert near(query, Record(body, {"attributes": {"tenant": "acme"}})) == place


def test_attributes_of_an_event_may_be_meant_as_its_fields():
    assert near("event.quantity == 1", record_of(MEGA)) == "$.event.attributes.quantiy"
    assert near("event.nmae == 1", record_of(MEGA)) == "$.event.name"
    assert near("event.domain == 1", record_of(MEGA)) == ""


def test_what_is_remembered_is_bounded_and_right():
    keys = NearKeys()
    for number in range(REMEMBERED + 10):
        assert near("email == 1", Record({"Email": 1, str(number): 2}), keys) == "$.Email"
    assert near("email == 1", Record({"other": 2}), keys) == ""
