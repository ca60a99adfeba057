"""The MEGA protocol: every field, both forms of an attribute, and what happens to what breaks it."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from megaql.codec import mega, protocol
from megaql.codec.payloads import DataObject, MegaEvent
from megaql.lang.record import MEGA_EVENT_FIELDS

TIMESTAMP = "2020-05-04T15:53:23.123Z"
FULL = {
    "protocol": "mega",
    "version": 1,
    "event": {
        "name": "user.updated",
        "timestamp": TIMESTAMP,
        "version": 3,
        "domain": "user",
        "subject": "customer",
        "publisher": "user-service",
        "attributes": {"quantity": 5},
    },
    "object": {
        "type": "user",
        "id": "u-1",
        "version": 2,
        "current": {"email": "new@example.com"},
        "previous": {"email": "old@example.com"},
    },
    "extra": {"trace": ["a", 1]},
}


def payload(event=None, **top):
    return {
        "protocol": "mega",
        "version": 1,
        "event": {"name": "a.b", "timestamp": TIMESTAMP, **(event or {})},
        **top,
    }


def test_every_field():
    event = mega.read(FULL)
    assert isinstance(event, MegaEvent)
    assert (event.name, event.version, event.domain) == ("user.updated", 3, "user")
    assert (event.subject, event.publisher) == ("customer", "user-service")
    assert event.timestamp == datetime(2020, 5, 4, 15, 53, 23, 123_000, tzinfo=UTC)
    assert event.attributes == {"quantity": 5}
    assert (event.object.type, event.object.id, event.object.version) == ("user", "u-1", 2)
    assert event.object.current == {"email": "new@example.com"}
    assert event.object.previous == {"email": "old@example.com"}
    assert event.extra == {"trace": ["a", 1]}
    assert event.kind == "mega"
    assert event.document == FULL
    assert mega.write(event) == FULL


def test_what_is_absent_has_its_default():
    event = mega.read(payload(object={}))
    assert (event.version, event.object.version) == (1, 1)
    assert (event.document["event"]["version"], event.document["object"]["version"]) == (1, 1)
    assert (event.domain, event.subject, event.publisher) == (None, None, None)
    assert (event.attributes, event.extra) == ({}, {})
    assert (event.object.current, event.object.previous) == ({}, {})
    assert (event.object.id, event.object.type) == (None, None)
    assert mega.read(payload()).object is None


def test_null_is_kept_and_reads_as_absent():
    sent = payload({"version": None, "domain": None, "attributes": None}, object={"current": None}, extra=None)
    event = mega.read(sent)
    assert (event.version, event.domain, event.attributes, event.extra) == (1, None, {}, {})
    assert event.object.current == {}
    assert event.document == {**sent, "object": {"current": None, "version": 1}}
    assert mega.read(payload(object=None)).object is None


def test_both_forms_of_an_attribute_are_one_event():
    unlisted = mega.read(payload({"quantity": 5, "price": Decimal("1.5")}))
    listed = mega.read(payload({"attributes": {"quantity": 5, "price": Decimal("1.5")}}))
    mixed = mega.read(payload({"attributes": {"quantity": 5}, "price": Decimal("1.5")}))
    twice = mega.read(payload({"attributes": {"quantity": 5, "price": Decimal("1.5")}, "quantity": 5}))
    assert unlisted == listed == mixed == twice
    assert "quantity" not in unlisted.document["event"]
    assert mega.read(payload({"quantity": 5, "attributes": None})).attributes == {"quantity": 5}


def test_deep_attributes_in_both_forms_are_compared():
    def deep(innermost):
        value = innermost
        for _ in range(5_000):
            value = [value]
        return value

    assert mega.read(payload({"a": deep(1), "attributes": {"a": deep(1)}})).kind == "mega"
    assert mega.read(payload({"a": deep(1), "attributes": {"a": deep(True)}})).kind == "data"


def test_an_attribute_may_have_the_name_of_a_field():
    event = mega.read(payload({"attributes": {"name": "x", "attributes": 1}}))
    assert (event.name, event.attributes) == ("a.b", {"name": "x", "attributes": 1})


def test_reading_leaves_the_document_alone():
    sent = payload({"quantity": 5, "attributes": {"a": 1}}, object={"current": {}})
    before = deepcopy(sent)
    mega.read(sent)
    assert sent == before


def test_unknown_keys_stay_where_they_are():
    sent = payload(object={"id": "1", "owner": {"id": 5}}, trace_id="t", meta={"a": [1]})
    event = mega.read(sent)
    assert event.document["trace_id"] == "t"
    assert event.document["meta"] == {"a": [1]}
    assert event.document["object"]["owner"] == {"id": 5}
    assert mega.read(mega.write(event)) == event


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2020-05-04T15:53:23", datetime(2020, 5, 4, 15, 53, 23, tzinfo=UTC)),
        ("2020-05-04T15:53:23z", datetime(2020, 5, 4, 15, 53, 23, tzinfo=UTC)),
        ("2020-05-04 15:53:23.5+02:00", datetime(2020, 5, 4, 13, 53, 23, 500_000, tzinfo=UTC)),
        ("20200504T155323Z", datetime(2020, 5, 4, 15, 53, 23, tzinfo=UTC)),
        ("2020-W19-1", datetime(2020, 5, 4, tzinfo=UTC)),
        ("2020-05-04", datetime(2020, 5, 4, tzinfo=UTC)),
        ("2020-05-04T15:53:23.123456789Z", datetime(2020, 5, 4, 15, 53, 23, 123_456, tzinfo=UTC)),
    ],
)
def test_timestamps(text, when):
    event = mega.read(payload({"timestamp": text}))
    assert event.timestamp == when
    assert event.timestamp.tzinfo is not None
    assert event.document["event"]["timestamp"] == text


def test_a_bson_date_is_a_timestamp():
    when = datetime(2020, 5, 4, tzinfo=UTC)
    assert mega.read(payload({"timestamp": when})).timestamp == when


@pytest.mark.parametrize("document", [{}, {"protocol": "MEGA"}, {"protocol": None}, {"event": {"name": "a"}}])
def test_what_does_not_call_itself_mega_is_data_without_a_reason(document):
    read = mega.read(document)
    assert read == DataObject(document)
    assert read.reason == ""


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"protocol": "mega"}, "$.version: missing"),
        ({"protocol": "mega", "version": 1}, "$.event: missing"),
        ({"protocol": "mega", "version": 1, "event": None}, "$.event: null, and it is required"),
        ({"protocol": "mega", "version": 1, "event": []}, "$.event: an array, not an object"),
        ({**payload(), "version": 2}, "$.version: not 1, the one version of the protocol known here"),
        ({**payload(), "version": "1"}, "$.version: a string, not an integer"),
        ({**payload(), "version": True}, "$.version: a boolean, not an integer"),
        ({"protocol": "mega", "version": 1, "event": {"timestamp": TIMESTAMP}}, "$.event.name: missing"),
        (payload({"name": None}), "$.event.name: null, and it is required"),
        (payload({"name": 5}), "$.event.name: a number, not a string"),
        (payload({"name": ""}), "$.event.name: a name has lower-case letters, digits, '.', '-' and '_' only"),
        (payload({"name": "A"}), "$.event.name: a name has lower-case letters, digits, '.', '-' and '_' only"),
        (payload({"name": "a\n"}), "$.event.name: a name has lower-case letters, digits, '.', '-' and '_' only"),
        ({"protocol": "mega", "version": 1, "event": {"name": "a"}}, "$.event.timestamp: missing"),
        (payload({"timestamp": "yesterday"}), "$.event.timestamp: not an ISO 8601 date and time"),
        (payload({"timestamp": "2020-05-04x15:53"}), "$.event.timestamp: not an ISO 8601 date and time"),
        (payload({"timestamp": "2020-13-04"}), "$.event.timestamp: not an ISO 8601 date and time"),
        (payload({"timestamp": ""}), "$.event.timestamp: not an ISO 8601 date and time"),
        (payload({"timestamp": 5}), "$.event.timestamp: a number, not an ISO 8601 date and time"),
        (payload({"version": True}), "$.event.version: a boolean, not an integer"),
        (payload({"version": Decimal("1.5")}), "$.event.version: a number, not an integer"),
        (payload({"domain": []}), "$.event.domain: an array, not a string"),
        (payload({"subject": 1}), "$.event.subject: a number, not a string"),
        (payload({"publisher": {}}), "$.event.publisher: an object, not a string"),
        (payload({"attributes": "x"}), "$.event.attributes: a string, not an object"),
        (payload({"a": 1, "attributes": {"a": 2}}), "$.event.a: differs from $.event.attributes.a"),
        (payload({"a b": 1, "attributes": {"a b": True}}), '$.event["a b"]: differs from $.event.attributes["a b"]'),
        (
            payload({"a": [{"b": 1}], "attributes": {"a": [{"b": True}]}}),
            "$.event.a: differs from $.event.attributes.a",
        ),
        (payload(object=[]), "$.object: an array, not an object"),
        (payload(object={"current": 1}), "$.object.current: a number, not an object"),
        (payload(object={"previous": "x"}), "$.object.previous: a string, not an object"),
        (payload(object={"id": 1}), "$.object.id: a number, not a string"),
        (payload(object={"type": 1}), "$.object.type: a number, not a string"),
        (payload(object={"version": "1"}), "$.object.version: a string, not an integer"),
        (payload(extra=1), "$.extra: a number, not an object"),
    ],
)
def test_what_breaks_the_protocol_is_data_with_the_reason(document, reason):
    read = mega.read(document)
    assert isinstance(read, DataObject)
    assert read.reason == reason
    assert read.data == document


def test_timestamps_are_written_in_iso_8601():
    zone = timezone(timedelta(hours=-5))
    assert protocol.write_timestamp(datetime(2020, 5, 4, 1, 2, 3, 4, tzinfo=UTC)) == "2020-05-04T01:02:03.000004Z"
    assert protocol.write_timestamp(datetime(2020, 5, 4, tzinfo=zone)) == "2020-05-04T00:00:00-05:00"


def test_the_language_knows_the_same_fields():
    assert protocol.EVENT_FIELDS == MEGA_EVENT_FIELDS
