"""Masks: what is named by a path is nowhere in what is written, and the rest is as it was."""

import json
from datetime import UTC, datetime

import pytest

from megaql.broker.message import Message
from megaql.cli.messages.fields import read_field
from megaql.codec import envelopes
from megaql.codec.formats import write_base64
from megaql.codec.writers import write_bson
from megaql.errors import ScanError
from megaql.scan.files import read_stream
from megaql.scan.masking import Masks
from megaql.scan.records import to_line

SECRET = "ada@example.com"


def masked(body, *paths, attributes=None, system=None):
    masks = Masks([read_field(text, "--mask").path for text in paths])
    return masks.masked(Message(id="m", body=body, attributes=attributes or {}, system=system or {}))


def wrapped(message, **parts):
    when = datetime(2026, 1, 2, tzinfo=UTC)
    return envelopes.wrap("arn:aws:sns:eu-west-1:000000000000:shop", message, message_id="1", timestamp=when, **parts)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (json.dumps({"email": SECRET, "b": 1}), "email"),
        (json.dumps({"people": [{"email": SECRET}, {"email": SECRET}]}), "people.email"),
        (json.dumps({"a": {"b": [{"email": SECRET}]}}), "**.email"),
        (json.dumps({"person": {"email": SECRET, "more": [SECRET]}}), "person"),
        (json.dumps({"email": SECRET, "note": f"write to {SECRET} soon"}), "email"),
        (json.dumps({"email": SECRET, "list": ["x", {"y": SECRET}]}), "email"),
        (wrapped(json.dumps({"email": SECRET}), subject=f"for {SECRET}"), "email"),
        (wrapped(wrapped(json.dumps({"email": SECRET}))), "email"),
        (write_base64(write_bson({"email": SECRET})), "email"),
        (f"a plain text about {SECRET}", "email"),
        (f'{{"email": "{SECRET}", "broken": ', "email"),
        (
            json.dumps(
                {
                    "protocol": "mega",
                    "version": 1,
                    "event": {"name": "a", "timestamp": "2026-01-02T00:00:00Z", "version": 1, "email": SECRET},
                }
            ),
            "event.attributes.email",
        ),
        (
            json.dumps(
                {
                    "protocol": "mega",
                    "version": 1,
                    "event": {
                        "name": "a",
                        "timestamp": "2026-01-02T00:00:00Z",
                        "version": 1,
                        "attributes": {"email": SECRET},
                    },
                }
            ),
            "event.email",
        ),
        (json.dumps({"x": SECRET}), "@body"),
        (wrapped("{}", subject=SECRET), "@subject"),
    ],
    ids=range(15),
)
def test_the_value_is_nowhere_in_the_record(body, path):
    line = to_line(masked(body, path))
    assert SECRET not in line
    assert "masked-" in line
    (again,) = read_stream(__import__("io").BytesIO(line.encode()))
    assert SECRET not in again.body


def test_attributes_group_and_what_they_leave_elsewhere():
    attributes = {
        "email": {"DataType": "String", "StringValue": SECRET},
        "copy": {"DataType": "String", "StringValue": f"cc {SECRET}"},
        "n": {"DataType": "Number", "StringValue": "5"},
        "raw": {"DataType": "Binary", "BinaryValue": b"12345678"},
    }
    system = {"MessageGroupId": SECRET, "SentTimestamp": "1700000000000"}
    message = masked('{"a":1}', "@attributes.email", attributes=attributes, system=system)
    assert SECRET not in to_line(message)
    assert message.body == '{"a":1}'
    assert message.attributes["n"] == {"DataType": "Number", "StringValue": "5"}
    assert message.attributes["raw"]["BinaryValue"] == b"12345678"
    assert message.sent_at is not None
    assert message.group_id.startswith("masked-")
    message = masked("{}", "@attributes.raw", "@attributes.n", "@group_id", attributes=attributes, system=system)
    assert message.attributes["raw"]["StringValue"].startswith("masked-")
    assert message.attributes["n"]["DataType"] == "String"


def test_what_is_not_named_stays_byte_for_byte():
    body = '{ "a": 0.10,  "b": [1, 2] }'
    assert masked(body, "email").body == body
    assert masked('{"a": 0.10, "email": "x"}', "email").body.startswith('{"a":0.10,"email":"masked-')
    assert masked('{"email": null, "a": 1}', "email").body == '{"email": null, "a": 1}'


def test_short_texts_are_masked_in_their_own_place_only():
    message = masked('{"id":"7","list":["7","77"]}', "id")
    assert json.loads(message.body)["list"] == ["7", "77"]


def test_equal_values_have_equal_masks_within_a_snapshot_and_no_other():
    path = read_field("a", "--mask").path
    one, other = Masks([path]), Masks([path])
    values = [masks.masked(Message(id="m", body='{"a":"secret-1"}')).body for masks in (one, one, other)]
    assert values[0] == values[1] != values[2]
    assert one.mask("5") != one.mask(5)


def test_a_document_that_is_too_large_to_be_sure_is_masked_whole():
    body = json.dumps({"a": [[number] for number in range(20_000)], "email": SECRET})
    message = masked(body, "**.email")
    assert message.body.startswith("masked-")
    assert len(message.body) < 30


@pytest.mark.parametrize("path", ["@id", "@sent_at", "@attributes"])
def test_parts_that_cannot_be_masked(path):
    with pytest.raises(ScanError, match="cannot be masked"):
        masked("{}", path)
