"""One world per server: its clients, and queues and topics that no other test uses."""

import contextlib
import io
import itertools
import os
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest

from megaql.broker import aws, local
from megaql.broker.faults import short_code
from megaql.broker.local.sns import sns_client
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.cli.environment import Environment
from megaql.cli.main import main
from tests.contract.deviations import DEVIATIONS
from tests.servers import running, without_moto

SERVERS = ("local", "ministack", "roto", "moto")

#: How long an answer that has to come is waited for. Seconds.
PATIENCE = 5

_numbers = itertools.count(1)


def pytest_collection_modifyitems(items):
    for item in items:
        callspec = getattr(item, "callspec", None)
        server = callspec.params.get("server") if callspec else None
        if server is None or "contract" not in item.path.parts:
            continue
        own = "-".join(part for part in callspec.id.split("-") if part != server)
        for name in (item.originalname, f"{item.originalname}[{own}]"):
            if reason := DEVIATIONS.get((server, name)):
                item.add_marker(pytest.mark.xfail(reason=f"{server}: {reason}", strict=True))


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory):
    """Start each server when a test first asks for it."""
    started = {}
    with contextlib.ExitStack() as stack:

        def endpoint(name):
            if name not in started:
                started[name] = stack.enter_context(running(name, tmp_path_factory.mktemp(name)))
            return started[name]

        yield endpoint


@pytest.fixture(scope="session")
def clients():
    """Keep boto3's clients, which take a tenth of a second each to make."""
    made = {}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(params=SERVERS)
def server(request):
    return request.param


@dataclass
class World:
    """A server's two clients, and makers of queues and topics with fresh names."""

    server: str
    sqs: object
    sns: object
    connection: Connection

    def name(self, suffix=""):
        return f"t{os.getpid()}-{next(_numbers)}{suffix}"

    def queue(self, suffix="", **attributes):
        """Make a queue and return its URL."""
        if suffix == ".fifo":
            attributes = {"FifoQueue": "true", **attributes}
        return self.sqs.create_queue(QueueName=self.name(suffix), Attributes=attributes)["QueueUrl"]

    def topic(self, suffix="", **attributes):
        """Make a topic and return its ARN."""
        if suffix == ".fifo":
            attributes = {"FifoTopic": "true", **attributes}
        return self.sns.create_topic(Name=self.name(suffix), Attributes=attributes)["TopicArn"]

    def arn(self, url):
        return self.attributes(url)["QueueArn"]

    def attributes(self, url):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def receive(self, url, limit=10, wait=0, **options):
        """Receive once, with all attributes."""
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=limit,
            WaitTimeSeconds=wait,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            **options,
        )
        return answer.get("Messages", [])

    def take(self, url, count, *, patience=PATIENCE, **options):
        """Receive until there are `count` messages, or patience ends (seconds)."""
        taken = []
        end = time.monotonic() + patience
        while len(taken) < count and time.monotonic() < end:
            taken += self.receive(url, min(10, count - len(taken)), wait=1, **options)
        return taken

    def eventually(self, look):
        """Look until it is true, or patience ends; return what was seen last."""
        end = time.monotonic() + PATIENCE
        while not (seen := look()) and time.monotonic() < end:
            time.sleep(0.05)
        return seen

    def target(self, word):
        """Return what a command line takes for a queue's URL; any other word as it is."""
        return f"local:{word.rsplit('/', 1)[-1]}" if self.server == "local" and word.startswith("http") else word

    def open(self, url):
        """Return the `Queue` of a queue's URL, made the way a user's target is."""
        return Queue.open(url, self.connection)


@pytest.fixture
def world(server, endpoints, clients):
    if server == "local":
        sqs, sns = local.client(), sns_client()
        yield World(server, sqs, sns, Connection())
        sqs.close()
        sns.close()
        return
    connection = Connection(region="us-east-1", endpoint_url=endpoints(server))
    for service in ("sqs", "sns"):
        if (server, service) not in clients:
            with without_moto():
                clients[server, service] = aws.client(service, connection)
    yield World(server, clients[server, "sqs"], clients[server, "sns"], connection)


def refusal(call, **request):
    """Make a call that has to fail, and return its error code without a namespace."""
    try:
        call(**request)
    except Exception as error:
        response = getattr(error, "response", None)
        if response is None:
            raise
        return short_code(response["Error"]["Code"])
    pytest.fail("the call was expected to fail")


@pytest.fixture(name="refusal")
def refusal_fixture():
    return refusal


ONE_SECOND = timedelta(seconds=1)


@pytest.fixture
def megaql(world, monkeypatch):
    """Run a command line against a world's server; the queue is named by its URL."""
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT")]:
        monkeypatch.delenv(name)

    def run(*words):
        out, err = io.StringIO(), io.StringIO()
        environment = Environment(stdin=io.StringIO(), stdout=out, stderr=err, environ={"NO_COLOR": "1"}, width=400)
        given = [world.target(word) for word in words]
        status = main(given, environment)
        return status, err.getvalue()

    return run
