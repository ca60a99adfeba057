"""Messages seen without decoding them whole."""

import subprocess
import sys
from datetime import UTC, datetime

from megaql.broker.message import Message
from megaql.codec.envelopes import wrap
from megaql.codec.skim import Skimmer
from megaql.lang.record import ENVELOPE_FIELDS, MISSING, Record

BODY = '{"protocol":"mega","version":1,"event":{"name":"a.b","timestamp":"2026-01-02T03:04:05Z","q":5},"rest":[1,2]}'
ATTRIBUTES = {"tenant": {"DataType": "String", "StringValue": "acme"}}


def test_a_skimmed_message_has_the_envelope_of_a_decoded_one():
    wrapped = wrap(
        "arn:aws:sns:local:000000000000:orders",
        BODY,
        message_id="1",
        timestamp=datetime(2026, 1, 2, tzinfo=UTC),
        subject="news",
        attributes={
            "tenant": {"DataType": "String", "StringValue": "other"},
            "n": {"DataType": "Number", "StringValue": "5"},
        },
    )
    system = {"SentTimestamp": "1767322800000", "ApproximateReceiveCount": "2"}
    message = Message("m-1", wrapped, attributes=ATTRIBUTES, system=system, queue="orders")
    seen = message.skim(Skimmer([("event", "name")], mega=True), ENVELOPE_FIELDS)
    assert "decoded" not in vars(message)
    whole = message.record()
    assert (seen.envelope, seen.mega) == (whole.envelope, True)
    assert seen.body["event"] == whole.body["event"]
    assert "rest" not in seen.body


def test_only_the_fields_asked_for_are_in_the_envelope():
    message = Message("m-1", BODY, attributes=ATTRIBUTES)
    assert message.skim(Skimmer([], mega=False), ["size", "queue"]).envelope == {"size": message.size}


def test_a_decoded_message_is_there_whole_with_the_fields_asked_for():
    message = Message("m-1", BODY, attributes=ATTRIBUTES)
    whole = message.record()
    assert whole.mega
    found = message.skim(Skimmer([("a",)], mega=False), ["size"])
    assert found == Record(whole.body, {"size": message.size}, mega=True)


def test_a_text_is_not_skimmed_and_its_body_is_a_field_once_it_is_decoded():
    message = Message("m-1", "Hello world!")
    assert message.skim(Skimmer([("a",)], mega=False)) is None
    assert message.payload.kind == "text"
    assert message.skim(Skimmer([("a",)], mega=False), ["body", "kind"]) == Record(
        MISSING, {"body": "Hello world!", "kind": "text"}
    )


def test_msgspec_is_imported_for_the_first_skimmer_only():
    code = (
        "import sys, megaql.codec.skim as skim, megaql.broker.message\n"
        "assert 'msgspec' not in sys.modules\n"
        "skim.Skimmer([], mega=False)\n"
        "assert 'msgspec' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
