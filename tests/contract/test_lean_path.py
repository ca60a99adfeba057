"""On each real server, a call over the lean path and boto3's own call get the same answer and the same error."""

import pytest
from botocore.exceptions import ClientError

from megaql.broker import aws
from tests.contract.conftest import SERVERS

#: What differs from one answer to the next, whoever asks.
VOLATILE = {
    "ReceiptHandle",
    "MessageId",
    "RequestId",
    "HTTPHeaders",
    "SentTimestamp",
    "ApproximateFirstReceiveTimestamp",
}

pytestmark = pytest.mark.parametrize("server", [server for server in SERVERS if server != "local"])


@pytest.fixture
def both(world):
    """The lean client, its templates made, and boto3's own."""
    url = world.queue()
    world.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "0", "MessageBody": "b"}])
    (message,) = world.take(url, 1)
    entry = {"Id": "0", "ReceiptHandle": message["ReceiptHandle"]}
    world.sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry | {"VisibilityTimeout": 30}])
    world.sqs.delete_message_batch(QueueUrl=url, Entries=[entry])
    for name in ("receive_message", "send_message_batch", "delete_message_batch", "change_message_visibility_batch"):
        assert getattr(world.sqs, name)._learnt[1] is not None
    plain = aws.client("sqs", world.connection, lean=False)
    yield world.sqs, plain
    plain.close()


def steady(value):
    """Return an answer without what is volatile in it."""
    if isinstance(value, dict):
        return {key: steady(inner) for key, inner in value.items() if key not in VOLATILE}
    return [steady(inner) for inner in value] if isinstance(value, list) else value


ENTRIES = [
    {"Id": "plain", "MessageBody": "plain"},
    {"Id": "unicode", "MessageBody": 'Grüße, 世界 \U0001f600 "\\\n\t'},
    {"Id": "large", "MessageBody": "x" * 100_000},
    {
        "Id": "attributes",
        "MessageBody": "attributes",
        "MessageAttributes": {
            "binary": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
            "number": {"DataType": "Number", "StringValue": "1.50"},
            "text": {"DataType": "String", "StringValue": "ü"},
        },
    },
]


def test_the_way_of_a_message(world, both):
    ways = []
    for client in both:
        url = world.queue()
        sent = client.send_message_batch(QueueUrl=url, Entries=ENTRIES)
        got = []
        for _ in ENTRIES:
            got += client.receive_message(
                QueueUrl=url,
                WaitTimeSeconds=1,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                MaxNumberOfMessages=len(ENTRIES),
            ).get("Messages", [])
        entries = [{"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(got)]
        later = [entry | {"VisibilityTimeout": 60} for entry in entries]
        got.sort(key=lambda message: message["Body"])
        ways.append(
            [
                sent,
                got,
                client.change_message_visibility_batch(QueueUrl=url, Entries=later),
                client.delete_message_batch(QueueUrl=url, Entries=entries),
                client.receive_message(QueueUrl=url),
            ]
        )
    assert steady(ways[0]) == steady(ways[1])
    assert len(ways[0][1]) == len(ENTRIES)


WRONG = {
    "no such queue": ("receive_message", {"QueueUrl": "http://127.0.0.1/000000000000/nobody"}),
    "no entries": ("delete_message_batch", {"Entries": []}),
    "an id twice": ("send_message_batch", {"Entries": [{"Id": "a", "MessageBody": "b"}] * 2}),
    "eleven messages": ("receive_message", {"MaxNumberOfMessages": 11}),
    "no handle": ("change_message_visibility_batch", {"Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]}),
}  # fmt: skip


@pytest.mark.parametrize(("name", "request_"), WRONG.values(), ids=WRONG)
def test_errors(world, both, name, request_):
    url = world.queue()

    def outcome(client):
        try:
            return steady(getattr(client, name)(**{"QueueUrl": url} | request_))
        except ClientError as fault:
            return type(fault).__name__, fault.operation_name, steady(fault.response)

    lean, plain = map(outcome, both)
    assert lean == plain
