"""SNS envelopes: recognised by all their marks, taken off, put on."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from megaql.codec.envelopes import SnsEnvelope, unwrap, wrap

TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": TOPIC,
    "Subject": "My First Message",
    "Message": "Hello world!",
    "Timestamp": "2026-01-02T03:04:05.678Z",
    "SignatureVersion": "1",
    "Signature": "EXAMPLEw6JRN",
    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService.pem",
    "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
}


def test_a_notification_is_unwrapped():
    assert unwrap(NOTIFICATION) == SnsEnvelope(
        TOPIC, NOTIFICATION["MessageId"], WHEN, "Hello world!", "My First Message"
    )


def test_a_notification_of_an_emulator_without_subject_and_signature_is_one():
    fields = ("Type", "MessageId", "TopicArn", "Message", "Timestamp")
    envelope = unwrap({name: NOTIFICATION[name] for name in fields})
    assert envelope is not None
    assert envelope.subject is None


@pytest.mark.parametrize("name", ["Type", "MessageId", "TopicArn", "Message", "Timestamp"])
@pytest.mark.parametrize("value", [None, 5, {}, ["x"]])
def test_every_mark_is_needed(name, value):
    assert unwrap({**NOTIFICATION, name: value}) is None
    assert unwrap({key: kept for key, kept in NOTIFICATION.items() if key != name}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"Type": "SubscriptionConfirmation"},
        {"TopicArn": "orders"},
        {"TopicArn": "arn:aws:sqs:eu-west-1:123456789012:orders"},
        {"Timestamp": "now"},
    ],
)
def test_look_alikes_stay_data(change):
    assert unwrap({**NOTIFICATION, **change}) is None


@pytest.mark.parametrize("document", [None, [], "x", {"Message": "x"}, {"detail-type": "x", "detail": {}}])
def test_other_documents_stay_data(document):
    assert unwrap(document) is None


def test_attributes_take_the_form_sqs_gives_them():
    attributes = {
        "text": {"Type": "String", "Value": "ü"},
        "number": {"Type": "Number", "Value": "5"},
        "labelled": {"Type": "Number.float", "Value": "5.5"},
        "list": {"Type": "String.Array", "Value": '["a"]'},
        "bytes": {"Type": "Binary", "Value": "AAE="},
        "broken": {"Type": "Binary", "Value": "not Base64!"},
    }
    assert unwrap({**NOTIFICATION, "MessageAttributes": attributes}).attributes == {
        "text": {"DataType": "String", "StringValue": "ü"},
        "number": {"DataType": "Number", "StringValue": "5"},
        "labelled": {"DataType": "Number.float", "StringValue": "5.5"},
        "list": {"DataType": "String.Array", "StringValue": '["a"]'},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        "broken": {"DataType": "String", "StringValue": "not Base64!"},
    }


@pytest.mark.parametrize(
    "attributes", [None, [], "x", {"a": None}, {"a": {"Type": 5, "Value": "x"}}, {"a": {"Type": "String"}}]
)
def test_what_is_no_attribute_is_left_out(attributes):
    assert unwrap({**NOTIFICATION, "MessageAttributes": attributes}).attributes == {}


def test_wrapping_is_undone_by_unwrapping():
    attributes = {
        "text": {"DataType": "String", "StringValue": "ü"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    body = wrap(TOPIC, "{}", message_id="m-1", timestamp=WHEN, subject="s", attributes=attributes, sequence_number="10")
    assert json.loads(body)["SequenceNumber"] == "10"
    assert unwrap(json.loads(body)) == SnsEnvelope(TOPIC, "m-1", WHEN, "{}", "s", attributes)


def test_a_wrapped_message_has_the_fields_sns_sends():
    elsewhere = WHEN.astimezone(timezone(timedelta(hours=3))) + timedelta(microseconds=999)
    body = json.loads(wrap(TOPIC, "", message_id="m-1", timestamp=elsewhere))
    assert list(body) == [
        "Type",
        "MessageId",
        "TopicArn",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
    ]
    assert body["Timestamp"] == "2026-01-02T03:04:05.678Z"
    assert ".invalid/" in body["SigningCertURL"]
    assert ".invalid/" in body["UnsubscribeURL"]
