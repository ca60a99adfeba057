import hashlib

import pytest

from megaql.broker import local


def test_a_message_comes_back_as_sent(broker):
    url = broker.queue()
    (sent,) = broker.send(
        url,
        "body ✓",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "vält"},
            "bytes": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
            "number": {"DataType": "Number.int", "StringValue": "12"},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}},
        MessageGroupId="tenant",
    )
    broker.clock.advance(2.5)
    (message,) = broker.receive(url)
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "body ✓"
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] == hashlib.md5("body ✓".encode()).hexdigest()
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert "MD5OfMessageSystemAttributes" in sent
    assert message["MessageAttributes"] == {
        "text": {"DataType": "String", "StringValue": "vält"},
        "bytes": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
        "number": {"DataType": "Number.int", "StringValue": "12"},
    }
    assert message["Attributes"] == {
        "SenderId": "000000000000",
        "SentTimestamp": "1700000000000",
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": "1700000002500",
        "MessageGroupId": "tenant",
        "AWSTraceHeader": "Root=1-2-3",
    }


def test_messages_is_absent_where_there_is_none(broker):
    assert "Messages" not in broker.client.receive_message(QueueUrl=broker.queue())


def test_receives_are_counted_and_the_first_one_is_kept(broker):
    url = broker.queue(VisibilityTimeout="10")
    broker.send(url, "a")
    broker.receive(url)
    broker.clock.advance(11)
    (message,) = broker.receive(url)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    assert message["Attributes"]["ApproximateFirstReceiveTimestamp"] == "1700000000000"


def test_nothing_is_given_that_was_not_asked_for(broker):
    url = broker.queue()
    broker.send(url, "a", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
    (message,) = broker.client.receive_message(QueueUrl=url)["Messages"]
    assert set(message) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (["All"], ["Hello", "Help.Me", "General"]),
        ([".*"], ["Hello", "Help.Me", "General"]),
        (["Hel.*"], ["Hello", "Help.Me"]),
        (["Help.Me", "Nobody"], ["Help.Me"]),
        (["Nobody"], []),
    ],
)
def test_message_attributes_are_selected_by_name_and_prefix(broker, asked, given):
    url = broker.queue()
    names = ["Hello", "Help.Me", "General"]
    broker.send(url, "a", MessageAttributes={name: {"DataType": "String", "StringValue": name} for name in names})
    (message,) = broker.client.receive_message(QueueUrl=url, MessageAttributeNames=asked)["Messages"]
    assert sorted(message.get("MessageAttributes", {})) == sorted(given)
    assert ("MD5OfMessageAttributes" in message) == bool(given)


@pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
def test_system_attributes_are_selected_under_either_name(broker, parameter, refused):
    url = broker.queue()
    broker.send(url, "a")
    (message,) = broker.client.receive_message(QueueUrl=url, **{parameter: ["SentTimestamp"]})["Messages"]
    assert message["Attributes"] == {"SentTimestamp": "1700000000000"}
    assert refused(broker.client.receive_message, QueueUrl=url, **{parameter: ["Nope"]}) == (
        "InvalidAttributeName",
        "Unknown Attribute Nope.",
    )


def test_standard_messages_come_in_the_order_they_became_due(broker):
    url = broker.queue(VisibilityTimeout="5")
    broker.send(url, "a")
    broker.receive(url)
    broker.clock.advance(1)
    broker.send(url, "b")
    broker.clock.advance(10)
    broker.send(url, "c")
    assert broker.bodies(url) == ["b", "a", "c"]


def test_a_delay_holds_a_message_back(broker):
    url = broker.queue(DelaySeconds="5")
    broker.send(url, "queue's")
    broker.send(url, "own", DelaySeconds=20)
    broker.send(url, "none", DelaySeconds=0)
    assert broker.counts(url) == (1, 0, 2)
    assert broker.bodies(url) == ["none"]
    broker.clock.advance(5)
    assert broker.bodies(url) == ["queue's"]
    broker.clock.advance(15)
    assert broker.bodies(url) == ["own"]


def test_counts_follow_a_message_through_its_life(broker):
    url = broker.queue(VisibilityTimeout="5")
    broker.send(url, "a", "b")
    assert broker.counts(url) == (2, 0, 0)
    (message,) = broker.receive(url, 1)
    assert broker.counts(url) == (1, 1, 0)
    broker.clock.advance(5)
    assert broker.counts(url) == (2, 0, 0)
    broker.delete(url, message)
    assert broker.counts(url) == (1, 0, 0)


def test_a_batch_fails_in_part(broker):
    url = broker.queue()
    answer = broker.client.send_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "MessageBody": "a"},
            {"Id": "bad", "MessageBody": "b\x00"},
            {"Id": "late", "MessageBody": "c", "DelaySeconds": 901},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("bad", "InvalidMessageContents", True),
        ("late", "InvalidParameterValue", True),
    ]
    assert broker.bodies(url) == ["a"]


def test_a_batch_without_failures_has_no_failed_list(broker):
    url = broker.queue()
    answer = broker.client.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a"}])
    assert set(answer) == {"Successful", "ResponseMetadata"}


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (
            [{"Id": str(i), "MessageBody": "a"} for i in range(11)],
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
        ([{"Id": "1", "MessageBody": "a"}] * 2, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "a"}], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ([{"Id": "x" * 81, "MessageBody": "a"}], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        (
            [{"Id": str(i), "MessageBody": "a" * 600_000} for i in range(2)],
            "AWS.SimpleQueueService.BatchRequestTooLong",
        ),
    ],
)
def test_a_batch_is_refused_as_a_whole(broker, refused, entries, code):
    url = broker.queue()
    assert refused(broker.client.send_message_batch, QueueUrl=url, Entries=entries)[0] == code
    assert broker.counts(url) == (0, 0, 0)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("MaxNumberOfMessages", 0),
        ("MaxNumberOfMessages", 11),
        ("VisibilityTimeout", -1),
        ("VisibilityTimeout", 43_201),
        ("WaitTimeSeconds", 21),
    ],
)
def test_a_receive_outside_the_limits_is_refused(broker, refused, parameter, value):
    code, message = refused(broker.client.receive_message, QueueUrl=broker.queue(), **{parameter: value})
    assert code == "InvalidParameterValue"
    assert parameter in message


def test_too_many_messages_in_flight(broker, refused, monkeypatch):
    monkeypatch.setattr("megaql.broker.local.receive.MAX_IN_FLIGHT", 3)
    url = broker.queue()
    broker.send(url, *"abcd")
    broker.receive(url, 3)
    assert refused(broker.client.receive_message, QueueUrl=url)[0] == "OverLimit"
    broker.clock.advance(31)
    assert len(broker.bodies(url)) == 4


def test_messages_past_their_retention_are_gone(broker):
    url = broker.queue(MessageRetentionPeriod="60")
    broker.send(url, "old", "returned")
    broker.clock.advance(50)
    (old, _) = broker.receive(url)
    broker.delete(url, old)
    broker.send(url, "new")
    broker.clock.advance(31)
    assert broker.bodies(url) == ["new"]
    assert broker.counts(url) == (0, 1, 0)


def test_expired_messages_do_not_count_before_they_are_dropped(broker):
    url = broker.queue(MessageRetentionPeriod="60")
    broker.send(url, *"abc")
    broker.clock.advance(61)
    assert broker.counts(url) == (0, 0, 0)
    broker.send(url, "new")
    assert broker.rows("message") == broker.rows("payload") == 1


def test_every_call_names_its_queue(broker, refused):
    missing = "http://local.megaql/000000000000/nobody"
    assert refused(broker.client.send_message, QueueUrl=missing, MessageBody="a") == (
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
    code, message = refused(
        broker.client.receive_message, QueueUrl="https://user:secret@sqs.eu-west-1.amazonaws.com/1/q"
    )
    assert code == "InvalidAddress"
    assert "secret" not in message


def test_an_error_has_the_form_of_botocores(broker):
    with pytest.raises(local.ClientError) as caught:
        broker.client.get_queue_url(QueueName="nobody")
    error = caught.value
    assert str(error) == (
        "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl operation: "
        "The specified queue does not exist."
    )
    assert error.operation_name == "GetQueueUrl"
    assert error.response["Error"]["QueryErrorCode"] == "QueueDoesNotExist"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_message_ids_are_version_four_uuids(broker):
    import uuid

    url = broker.queue()
    ids = [uuid.UUID(answer["MessageId"]) for answer in broker.send(url, *map(str, range(50)))]
    assert {found.version for found in ids} == {4}
    assert {found.variant for found in ids} == {uuid.RFC_4122}
    assert len(set(ids)) == 50
