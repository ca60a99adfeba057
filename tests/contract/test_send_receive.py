"""Messages in and out: bodies, attributes, batches, checks and limits."""

import hashlib
import struct

import pytest

ATTRIBUTES = {
    "tenant": {"DataType": "String", "StringValue": "acme ☃"},
    "quantity": {"DataType": "Number", "StringValue": "12.50"},
    "count": {"DataType": "Number.int", "StringValue": "3"},
    "trace": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x10"},
}


def attributes_digest(attributes):
    """The SQS developer guide's algorithm, written once more so that the suite does not check a program with itself."""
    parts = []
    for name in sorted(attributes):
        attribute = attributes[name]
        kind, value = (
            (b"\x02", attribute["BinaryValue"])
            if "BinaryValue" in attribute
            else (b"\x01", attribute["StringValue"].encode())
        )
        for text in (name.encode(), attribute["DataType"].encode()):
            parts += [struct.pack(">I", len(text)), text]
        parts += [kind, struct.pack(">I", len(value)), value]
    return hashlib.md5(b"".join(parts)).hexdigest()


@pytest.mark.parametrize(
    "body",
    ["hello", '{"a": 1}', "ünïcödé ☃ 😀", "tab\tline\r\nend", " ", "\ufffd\ue000\U0010ffff", "<&>\"'", "x" * 10_000],
    ids=["ascii", "json", "unicode", "control", "blank", "edges", "markup", "long"],
)
def test_body_arrives_as_sent(world, body):
    url = world.queue()
    sent = world.sqs.send_message(QueueUrl=url, MessageBody=body)
    (message,) = world.take(url, 1)
    assert message["Body"] == body
    assert message["MessageId"] == sent["MessageId"]
    digest = hashlib.md5(body.encode()).hexdigest()
    assert (sent["MD5OfMessageBody"], message["MD5OfBody"]) == (digest, digest)


def test_deleted_message_is_gone(world):
    url = world.queue(VisibilityTimeout="0")
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert world.receive(url) == []


def test_deleting_twice_is_no_error(world):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    for _ in range(2):
        world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    answer = world.sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}]
    )
    assert [item["Id"] for item in answer["Successful"]] == ["0"]


def test_attributes_of_all_types_arrive(world):
    url = world.queue()
    sent = world.sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=ATTRIBUTES)
    (message,) = world.take(url, 1)
    assert message["MessageAttributes"] == ATTRIBUTES
    digest = attributes_digest(ATTRIBUTES)
    assert (sent["MD5OfMessageAttributes"], message["MD5OfMessageAttributes"]) == (digest, digest)


def test_attributes_come_only_when_asked_for(world):
    url = world.queue(VisibilityTimeout="0")
    world.sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=ATTRIBUTES)
    (message,) = world.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
    assert "MessageAttributes" not in message
    assert "Attributes" not in message
    (message,) = world.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["tenant"])[
        "Messages"
    ]
    assert message["MessageAttributes"] == {"tenant": ATTRIBUTES["tenant"]}
    assert message["MD5OfMessageAttributes"] == attributes_digest({"tenant": ATTRIBUTES["tenant"]})


def test_system_attributes(world):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    attributes = message["Attributes"]
    assert attributes["ApproximateReceiveCount"] == "1"
    assert int(attributes["SentTimestamp"]) <= int(attributes["ApproximateFirstReceiveTimestamp"])
    assert attributes["SenderId"]


def test_trace_header_travels_along(world):
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    url = world.queue()
    world.sqs.send_message(
        QueueUrl=url,
        MessageBody="x",
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": header}},
    )
    (message,) = world.take(url, 1)
    assert message["Attributes"]["AWSTraceHeader"] == header


def test_batch_answers_for_each_entry(world):
    url = world.queue()
    entries = [
        {"Id": f"e{number}", "MessageBody": f"body {number}", "MessageAttributes": ATTRIBUTES} for number in range(10)
    ]
    answer = world.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert {item["Id"] for item in answer["Successful"]} == {entry["Id"] for entry in entries}
    assert not answer.get("Failed")
    for item in answer["Successful"]:
        number = item["Id"][1:]
        assert item["MD5OfMessageBody"] == hashlib.md5(f"body {number}".encode()).hexdigest()
        assert item["MD5OfMessageAttributes"] == attributes_digest(ATTRIBUTES)
    taken = world.take(url, 10)
    assert {message["MessageId"] for message in taken} == {item["MessageId"] for item in answer["Successful"]}
    deleted = world.sqs.delete_message_batch(
        QueueUrl=url,
        Entries=[{"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(taken)],
    )
    assert len(deleted["Successful"]) == 10


def test_one_bad_entry_leaves_the_others(world):
    url = world.queue()
    entries = [
        {"Id": "good", "MessageBody": "x"},
        {"Id": "bad", "MessageBody": "not \x01 allowed"},
        {"Id": "late", "MessageBody": "y", "DelaySeconds": 901},
    ]
    answer = world.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [item["Id"] for item in answer["Successful"]] == ["good"]
    failed = {item["Id"]: item for item in answer["Failed"]}
    assert failed.keys() == {"bad", "late"}
    assert all(item["SenderFault"] for item in failed.values())
    assert failed["bad"]["Code"] == "InvalidMessageContents"
    assert [message["Body"] for message in world.take(url, 1)] == ["x"]


def test_bad_handle_in_a_batch_leaves_the_others(world):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    answer = world.sqs.delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]},
            {"Id": "bad", "ReceiptHandle": "no handle"},
        ],
    )
    assert [item["Id"] for item in answer["Successful"]] == ["good"]
    assert [(item["Id"], item["Code"], item["SenderFault"]) for item in answer["Failed"]] == [
        ("bad", "ReceiptHandleIsInvalid", True)
    ]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([{"Id": str(number), "MessageBody": "x"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([], "EmptyBatchRequest"),
        ([{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": "not allowed!", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": str(number), "MessageBody": "x" * 900_000} for number in range(2)], "BatchRequestTooLong"),
    ],
    ids=["eleven", "none", "same-id", "bad-id", "too-long"],
)
def test_batches_that_are_refused_whole(world, refusal, entries, code):
    url = world.queue()
    assert refusal(world.sqs.send_message_batch, QueueUrl=url, Entries=entries) == code
    assert world.receive(url) == []


@pytest.mark.parametrize(
    "body", ["\x00", "a\x0bb", "\ufffe", "\uffff", "\x1f"], ids=["nul", "tab", "fffe", "ffff", "separator"]
)
def test_characters_that_are_refused(world, refusal, body):
    assert refusal(world.sqs.send_message, QueueUrl=world.queue(), MessageBody=body) == "InvalidMessageContents"


def test_one_mebibyte_is_the_limit(world, refusal):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x" * 1_048_576)
    assert refusal(world.sqs.send_message, QueueUrl=url, MessageBody="x" * 1_048_577) == "InvalidParameterValue"
    assert [len(message["Body"]) for message in world.take(url, 1)] == [1_048_576]


def test_attributes_count_against_the_queues_own_limit(world, refusal):
    url = world.queue(MaximumMessageSize="1024")
    attributes = {"n": {"DataType": "String", "StringValue": "v" * 100}}
    world.sqs.send_message(QueueUrl=url, MessageBody="x" * (1024 - 107), MessageAttributes=attributes)
    code = refusal(world.sqs.send_message, QueueUrl=url, MessageBody="x" * (1024 - 106), MessageAttributes=attributes)
    assert code == "InvalidParameterValue"


@pytest.mark.parametrize(
    "attributes",
    [
        {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(11)},
        {"a": {"DataType": "Text", "StringValue": "x"}},
        {"a": {"DataType": "Number", "StringValue": "twelve"}},
        {"a": {"DataType": "String", "StringValue": ""}},
        {"AWS.a": {"DataType": "String", "StringValue": "x"}},
        {"a b": {"DataType": "String", "StringValue": "x"}},
        {"a": {"DataType": "String", "BinaryValue": b"x"}},
    ],
    ids=["eleven", "type", "number", "empty", "reserved", "name", "value-of-other-type"],
)
def test_attributes_that_are_refused(world, refusal, attributes):
    code = refusal(world.sqs.send_message, QueueUrl=world.queue(), MessageBody="x", MessageAttributes=attributes)
    assert code in {"InvalidParameterValue", "InvalidAttributeValue"}


def test_empty_body_is_refused(world, refusal):
    code = refusal(world.sqs.send_message, QueueUrl=world.queue(), MessageBody="")
    assert code in {"MissingParameter", "InvalidParameterValue"}


@pytest.mark.parametrize("limit", [0, 11])
def test_receiving_more_than_ten_or_none_is_refused(world, refusal, limit):
    code = refusal(world.sqs.receive_message, QueueUrl=world.queue(), MaxNumberOfMessages=limit)
    assert code in {"InvalidParameterValue", "ReadCountOutOfRange"}
