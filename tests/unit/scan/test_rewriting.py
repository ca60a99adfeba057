"""Changing a message where its parts stand: in SNS envelopes, in BSON, in either form of a MEGA event; and nothing else."""

import json
from datetime import UTC, datetime

import pytest

from megaql.broker.message import Message
from megaql.cli.messages.fields import read_field
from megaql.codec import envelopes
from megaql.codec.formats import write_base64
from megaql.codec.writers import write_bson
from megaql.scan.bulk.edits import UNSET, CannotEdit, Edit, edited


def path(text):
    return read_field(text, "--set").path


def change(body, *edits, attributes=None):
    message = Message(id="m", body=body, attributes=attributes or {})
    return edited(message, [Edit(path(text), text, value) for text, value in edits])


def wrapped(message, attributes=None, subject=None):
    return envelopes.wrap(
        "arn:aws:sns:eu-west-1:000000000000:shop",
        message,
        message_id="1",
        timestamp=datetime(2026, 1, 2, tzinfo=UTC),
        subject=subject,
        attributes=attributes,
    )


@pytest.mark.parametrize(
    ("body", "text", "value", "expected"),
    [
        ('{"a":1}', "a", 2, '{"a":2}'),
        ('{ "a" : 1 }', "a", 1, '{ "a" : 1 }'),
        ('{"a":1}', "a", "1", '{"a":"1"}'),
        ('{"a":1}', "a", True, '{"a":true}'),
        ('{"a":1, "b": 0.10, "c": 1e400}', "a", 2, '{"a":2,"b":0.10,"c":1E+400}'),
        ('{"a":1}', "b.c", 2, '{"a":1,"b":{"c":2}}'),
        ('{"items":[{"p":1},{"p":2},{}]}', "items.p", 0, '{"items":[{"p":0},{"p":0},{}]}'),
        ('{"items":[{"p":1},{"p":2}]}', "items[*].p", 0, '{"items":[{"p":0},{"p":0}]}'),
        ('{"items":[{"p":1},{"p":2}]}', "items[-1].p", 0, '{"items":[{"p":1},{"p":0}]}'),
        ('{"items":[1]}', "items[1]", 2, '{"items":[1,2]}'),
        ('{"a":1,"b":2}', "a", UNSET, '{"b":2}'),
        ('{"a":1}', "b", UNSET, '{"a":1}'),
        ('{"items":[1,2,3]}', "items[*]", UNSET, '{"items":[]}'),
        ('{"items":[{"p":1,"q":1},{"p":2}]}', "items.p", UNSET, '{"items":[{"q":1},{}]}'),
        ('{"a":{"x":1},"b":{"c":{"x":2}}}', "**.x", UNSET, '{"a":{},"b":{"c":{}}}'),
        ('[{"a":1}]', "a", UNSET, "[{}]"),
    ],
)
def test_parts_of_a_document(body, text, value, expected):
    assert change(body, (text, value)).body == expected


def mega(**event):
    return json.dumps(
        {
            "protocol": "mega",
            "version": 1,
            "event": {"name": "a", "timestamp": "2026-01-02T00:00:00Z", "version": 1, **event},
        }
    )


@pytest.mark.parametrize("text", ["event.total", "event.attributes.total"])
def test_an_events_attribute_in_either_form(text):
    flat = json.loads(change(mega(total=5), (text, 6)).body)
    assert flat["event"]["total"] == 6
    assert "attributes" not in flat["event"]
    nested = json.loads(change(mega(attributes={"total": 5}), (text, 6)).body)
    assert nested["event"]["attributes"] == {"total": 6}
    assert "total" not in nested["event"]
    both = json.loads(change(mega(total=5, attributes={"total": 5}), (text, UNSET)).body)
    assert "total" not in both["event"]
    assert both["event"]["attributes"] == {}
    new = json.loads(change(mega(), (text, 6)).body)
    assert new["event"]["attributes"] == {"total": 6}


def test_an_events_own_field():
    assert json.loads(change(mega(subject="x"), ("event.subject", "y")).body)["event"]["subject"] == "y"


def test_inside_envelopes():
    body = wrapped(wrapped('{"a": 1, "b": 0.10}'), subject="hello")
    changed = change(body, ("a", 2))
    assert len(changed.decoded.envelopes) == 2
    assert changed.decoded.envelopes[0].subject == "hello"
    assert changed.decoded.envelopes[1].message == '{"a":2,"b":0.10}'
    assert change(body, ("a", 1)).body == body


def test_bson():
    body = write_base64(write_bson({"a": 1, "when": datetime(2026, 1, 2, tzinfo=UTC)}))
    changed = change(body, ("a", 2))
    assert changed.decoded.format == "bson"
    assert changed.payload.document == {"a": 2, "when": datetime(2026, 1, 2, tzinfo=UTC)}


def test_attributes_of_the_message_and_of_its_envelope():
    own = {"tenant": {"DataType": "String", "StringValue": "a"}}
    changed = change("{}", ("@attributes.tenant", "b"), ("@attributes.n", 5), attributes=own)
    assert changed.typed_attributes == {"tenant": "b", "n": 5}
    changed = change(wrapped("{}", own), ("@attributes.tenant", "b"))
    assert changed.decoded.sns.attributes["tenant"]["StringValue"] == "b"
    assert changed.typed_attributes == {"tenant": "b"}
    gone = change(wrapped("{}", own), ("@attributes.tenant", UNSET))
    assert gone.typed_attributes == {}


@pytest.mark.parametrize(
    ("body", "text", "value", "why"),
    [
        ("plain", "a", 1, "its body is plain text, which has no part a"),
        ("AAECAw==", "a", 1, "its body is bytes"),
        ('{"a":5}', "a.b", 1, "'b' has no place in what stands before it"),
        ('{"a":[]}', "a[5]", 1, "5 has no place in what stands before it"),
    ],
)
def test_what_does_not_fit(body, text, value, why):
    with pytest.raises(CannotEdit, match=r".") as error:
        change(body, (text, value))
    assert why in str(error.value)
    assert "plain" not in str(error.value).replace("plain text", "")


def test_what_has_no_parts_has_none_to_take_away():
    assert change("plain", ("a", UNSET)).body == "plain"
