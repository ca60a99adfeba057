"""Payloads built in code: checked, comparable, and never changed by their maker's later changes."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest

from megaql.codec import mega
from megaql.codec.payloads import Blob, DataObject, MegaEvent, MegaObject, Plaintext
from megaql.errors import CodecError

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_event_is_its_document():
    event = MegaEvent(
        "item.added",
        timestamp=WHEN,
        version=2,
        domain="cart",
        subject="customer",
        publisher="shop",
        attributes={"quantity": 5},
        object=MegaObject({"id": 1}, {"id": 0}, id="1", type="cart", version=4),
        extra={"trace": "t"},
    )
    assert event.document == {
        "protocol": "mega",
        "version": 1,
        "event": {
            "name": "item.added",
            "timestamp": "2026-01-02T03:04:05Z",
            "version": 2,
            "domain": "cart",
            "subject": "customer",
            "publisher": "shop",
            "attributes": {"quantity": 5},
        },
        "object": {"type": "cart", "id": "1", "version": 4, "current": {"id": 1}, "previous": {"id": 0}},
        "extra": {"trace": "t"},
    }
    assert mega.read(event.document) == event
    assert event.timestamp == WHEN


def test_what_is_not_given_is_not_written():
    document = MegaEvent("a", timestamp="2026-01-02").document
    assert document == {
        "protocol": "mega",
        "version": 1,
        "event": {"name": "a", "timestamp": "2026-01-02", "version": 1},
    }
    assert MegaObject().document == {"version": 1}


def test_an_event_happens_now_unless_told():
    before = datetime.now(UTC)
    event = MegaEvent("a")
    assert before <= event.timestamp <= datetime.now(UTC)
    assert event.document["event"]["timestamp"].endswith("Z")


def test_a_timestamp_without_a_zone_is_utc():
    assert MegaEvent("a", timestamp=WHEN.replace(tzinfo=None)) == MegaEvent("a", timestamp=WHEN)
    elsewhere = WHEN.astimezone(timezone(timedelta(hours=2)))
    assert MegaEvent("a", timestamp=elsewhere).timestamp == WHEN
    assert MegaEvent("a", timestamp=elsewhere).document["event"]["timestamp"] == "2026-01-02T05:04:05+02:00"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": "Item Added"}, "$.event.name"),
        ({"timestamp": "soon"}, "$.event.timestamp"),
        ({"version": "1"}, "$.event.version"),
        ({"domain": 5}, "$.event.domain"),
        ({"attributes": [1]}, "$.event.attributes"),
        ({"extra": [1]}, "$.extra"),
        ({"object": MegaObject(id=5)}, "$.object.id"),
        ({"object": MegaObject(current=[1])}, "$.object.current"),
    ],
)
def test_an_event_that_breaks_the_protocol_is_refused(fields, place):
    with pytest.raises(CodecError) as caught:
        MegaEvent(**{"name": "a", **fields})
    assert caught.value.where == place
    assert caught.value.what == f"this is no MEGA event: {place}"
    assert caught.value.why
    assert str(caught.value).count(caught.value.why) == 1
    assert caught.value.hint


def test_the_reason_of_a_bad_name_is_told_once():
    with pytest.raises(CodecError) as caught:
        MegaEvent("Item Added")
    reason = "a name has lower-case letters, digits, '.', '-' and '_' only"
    assert caught.value.why.startswith(reason)
    assert str(caught.value).count(reason) == 1


def test_events_compare_by_document_and_do_not_change():
    attributes = {"a": 1}
    event = MegaEvent("a", timestamp=WHEN, attributes=attributes)
    attributes["a"] = 2
    assert event.attributes == {"a": 1}
    assert event == MegaEvent("a", timestamp=WHEN, attributes={"a": 1})
    assert event != MegaEvent("a", timestamp=WHEN, attributes={"a": 2})
    with pytest.raises(FrozenInstanceError):
        event.document = {}
    with pytest.raises(AttributeError):
        event.name = "b"


def test_events_survive_copying_and_pickling():
    event = MegaEvent("a", timestamp=WHEN, object=MegaObject({"x": 1}))
    for twin in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert twin == event
        assert twin.timestamp == WHEN


def test_what_payloads_look_like():
    assert repr(MegaEvent("a", timestamp="2026-01-02")).startswith("MegaEvent({'protocol': 'mega'")
    assert repr(MegaObject(id="1")) == "MegaObject({'id': '1', 'version': 1})"
    assert [payload.kind for payload in (DataObject({}), Plaintext(""), Blob(b""))] == ["data", "text", "blob"]
    assert (DataObject([1]).document, Plaintext("x").document, Blob(b"x").document) == ([1], None, None)
    assert DataObject({}, "why") == DataObject({})
