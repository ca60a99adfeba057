"""A server that answers as it is told, clients that talk to it, and no waiting between their attempts."""

import pytest

from megaql.broker import aws, credentials, patience
from megaql.broker.target import Connection
from tests.certificates import Authority, serving
from tests.servers import without_moto
from tests.unit.broker.lean.http_server import Server

CALLS = {
    "receive_message": {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 0},
    "delete_message_batch": {"Entries": [{"Id": "0", "ReceiptHandle": "r"}]},
    "change_message_visibility_batch": {"Entries": [{"Id": "0", "ReceiptHandle": "r", "VisibilityTimeout": 5}]},
    "send_message_batch": {"Entries": [{"Id": "0", "MessageBody": "b"}]},
    "delete_message": {"ReceiptHandle": "r"},
    "change_message_visibility": {"ReceiptHandle": "r", "VisibilityTimeout": 5},
    "send_message": {"MessageBody": "b"},
}


class Calls:
    """A client and its calls with parameters that fit."""

    def __init__(self, url, *, lean):
        self.client = aws.client("sqs", Connection(region="eu-west-1", endpoint_url=url), lean=lean)
        self.queue = f"{url}/000000000000/q"

    def __call__(self, name="receive_message", **more):
        return getattr(self.client, name)(QueueUrl=self.queue, **CALLS[name], **more)

    def hang_up(self):
        """Close the connections that are kept, so that the next call makes one."""
        self.client._endpoint.http_session.close()
        if hasattr(self.client.receive_message, "_transport"):
            self.client.receive_message._transport.close()

    def learn(self, name="receive_message"):
        self(name)
        assert getattr(self.client, name)._learnt[1] is not None, "the first call makes a template"
        return self


@pytest.fixture(autouse=True)
def no_moto():
    with without_moto():
        yield


@pytest.fixture
def server():
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def calls(server, monkeypatch):
    """Make a client with the lean path, or plain boto3's."""
    # A busy machine may take longer than a second between two calls, and a call is not begun whose credentials have to be looked at.
    monkeypatch.setattr(credentials, "LOOK_INTERVAL", 3600.0)
    made = []

    def make(*, lean=True, url=server.url):
        made.append(Calls(url, lean=lean))
        return made[-1]

    yield make
    for each in made:
        each.client.close()


@pytest.fixture
def slept(monkeypatch):
    """Let botocore's back-off take no time, and return the waits."""
    waits = []

    class Time:
        sleep = staticmethod(waits.append)

    monkeypatch.setattr("botocore.endpoint.time", Time)
    return waits


@pytest.fixture
def hasty(monkeypatch):
    """Let a receive that does not wait be given up after a fifth of a second."""
    monkeypatch.setattr(patience, "RECEIVE_MARGIN", 0.2)
    monkeypatch.setattr(patience, "LEAST", 0.2)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secure(authority):
    """The same server over TLS; `context` is what further connections are taken with."""
    made = Server(lambda peer: made.context.wrap_socket(peer, server_side=True))
    made.context = serving(authority.server())
    yield made
    made.stop()


@pytest.fixture
def trusted(authority, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.path))
