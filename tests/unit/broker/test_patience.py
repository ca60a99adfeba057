"""How long each call waits for its answer, on boto3's path; the lean path's own tests are beside it."""

import pytest

from megaql.broker import aws, patience
from megaql.broker.target import Connection
from tests.servers import without_moto
from tests.unit.broker.lean.http_server import SILENCE, Server


@pytest.mark.parametrize(
    ("operation", "parameters", "seconds"),
    [
        ("ReceiveMessage", {"WaitTimeSeconds": 0}, 3),
        ("ReceiveMessage", {"WaitTimeSeconds": 1}, 3),
        ("ReceiveMessage", {"WaitTimeSeconds": 5}, 7),
        ("ReceiveMessage", {"WaitTimeSeconds": 20}, 22),
        ("ReceiveMessage", {}, 22),
        ("ReceiveMessage", {"WaitTimeSeconds": -9}, 3),
        ("ReceiveMessage", {"WaitTimeSeconds": 10**30}, 22),
        ("ReceiveMessage", {"WaitTimeSeconds": "soon"}, 22),
        ("DeleteMessageBatch", {}, 5),
        ("ChangeMessageVisibility", {}, 5),
        ("ChangeMessageVisibility", {"VisibilityTimeout": 0}, 5),
        ("ChangeMessageVisibility", {"VisibilityTimeout": 15}, 3),
        ("ChangeMessageVisibility", {"VisibilityTimeout": 43200}, 5),
        ("ChangeMessageVisibilityBatch", {"Entries": [{"VisibilityTimeout": 10}, {"VisibilityTimeout": 30}]}, 2),
        ("ChangeMessageVisibilityBatch", {"Entries": [{"VisibilityTimeout": 1}]}, 2),
        ("ChangeMessageVisibilityBatch", {"Entries": [None]}, 5),
        ("ChangeMessageVisibilityBatch", {}, 5),
        ("PublishBatch", {}, 5),
        ("ListQueues", {}, 10),
    ],
)
def test_patience(operation, parameters, seconds):
    assert patience.patience(operation, parameters) == seconds


@pytest.fixture
def server():
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def client(server):
    with without_moto():
        made = aws.client("sqs", Connection(region="eu-west-1", endpoint_url=server.url), lean=False)
    yield made
    made.close()


@pytest.fixture
def slept(monkeypatch):
    class Time:
        sleep = staticmethod(lambda _seconds: None)

    monkeypatch.setattr("botocore.endpoint.time", Time)


def test_each_call_of_boto3_has_its_own_timeout(client):
    seen = {}
    client.meta.events.register(
        "before-send.sqs", lambda request, **_: seen.update({request.headers["X-Amz-Target"]: request.context})
    )
    client.receive_message(QueueUrl="q", WaitTimeSeconds=7)
    client.delete_message(QueueUrl="q", ReceiptHandle="r")
    client.list_queues()
    waits = {target.decode().partition(".")[2]: context["read_timeout"] for target, context in seen.items()}
    assert waits == {"ReceiveMessage": 9, "DeleteMessage": 5, "ListQueues": 10}


@pytest.mark.usefixtures("slept")
def test_a_swallowed_request_gives_up_the_idle_connections_too(server, client, monkeypatch):
    monkeypatch.setattr(patience, "RARE_TIMEOUT", 0.2)
    server.during = client.list_queues  # a second call beside the first, so that two connections are idle
    client.list_queues()
    assert server.connections == 2
    server.behaviours = [SILENCE]
    client.list_queues()
    assert server.connections == 3, "a new one was made although one was idle"
