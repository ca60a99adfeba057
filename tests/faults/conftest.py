"""Servers for the fault tests, queues on them, the way to a queue through faults, and an application that keeps an account."""

import contextlib
import itertools
import json
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest

from megaql import App
from megaql.broker import aws, local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.consumer.backoff import Backoff
from tests.faults import accounts
from tests.faults.accounts import Account, Watch
from tests.faults.injection import FaultyClient, Plan
from tests.faults.proxy import Proxy
from tests.servers import running, without_moto

#: How long anything may take before a test has failed; nothing here is a measurement. Seconds.
PATIENCE = 60
SECOND = timedelta(seconds=1)

_numbers = itertools.count(1)


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


class Place:
    """A broker: makes queues on it, and ways to them that are full of faults."""

    def __init__(self, name, client, url, stack):
        self.name = name
        self.client = client
        self.account = Account()
        self._url = url
        self._stack = stack

    def queue(self, name="orders", *, receives=None, **attributes):
        """Make a queue with a name of its own; `receives` gives it a dead-letter queue."""
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
        if receives:
            dead = self.queue(f"dead-{name}")
            policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives}
            attributes["RedrivePolicy"] = json.dumps(policy)
        name = f"f{next(_numbers)}-{name}"
        url = self.client.create_queue(QueueName=name, Attributes=fifo | attributes)["QueueUrl"]
        return Queue.open(f"local:{name}" if self._url is None else url, client=self.client)

    def proxy(self, plan=None):
        """Start a proxy before the server."""
        return self._stack.enter_context(Proxy(self._url, plan or Plan(), Watch(self.account)))

    def through(self, queue, plan=None, *, proxy=None, lean=True):
        """Return a queue as it is reached through faults."""
        if self._url is None:
            return Queue(FaultyClient(self.client, plan or Plan(), Watch(self.account)), queue.url, queue.target)
        proxy = proxy or self.proxy(plan)
        with without_moto():
            client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=proxy.url), lean=lean)
        self._stack.callback(client.close)
        return Queue.open(proxy.queue_url(queue.url), client=client)

    def send(self, queue, numbers, groups=1):
        """Send numbered messages, past all faults."""
        entries = []
        for number in numbers:
            group = f"g{number % groups}" if queue.fifo else None
            self.account.sent[number] = group
            entries.append(Outgoing(accounts.body(number), group_id=group))
        assert queue.send_batch(entries).failed == []

    def dead(self, queue):
        """Return the numbers in a queue's dead-letter queue."""
        return [accounts.number_of(text) for text in self.dead_bodies(queue)]

    def dead_bodies(self, queue):
        """Return the bodies in a queue's dead-letter queue; takes them out of it."""
        dead = queue.dead_letter_queue()
        bodies = []
        while messages := dead.receive(wait=SECOND):
            bodies += [message.body for message in messages]
            dead.delete(messages)
        return bodies


def in_queue(queue):
    """Return how many messages a queue holds."""
    info = queue.info()
    return info.visible + info.in_flight + info.delayed


@contextlib.contextmanager
def _place(name, endpoints):
    with contextlib.ExitStack() as stack:
        if name == "local":
            client, url = local.client(), None
        else:
            url = endpoints(name)
            with without_moto():
                client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=url))
        stack.callback(client.close)
        yield Place(name, client, url, stack)


@pytest.fixture(params=["local", "ministack", "roto"])
def place(request, endpoints):
    with _place(request.param, endpoints) as made:
        yield made


@pytest.fixture(params=["ministack", "roto"])
def server(request, endpoints):
    """The same for what only a network can do."""
    with _place(request.param, endpoints) as made:
        yield made


@dataclass
class Run:
    """An application that runs in a thread; `report` comes with its end."""

    app: App
    queue: Queue
    settings: dict
    account: Account
    report: object = None
    error: BaseException | None = None

    def __post_init__(self):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            self.report = self.app.run(self.queue, **self.settings)
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            self.error = error

    def until(self, condition, what="what the test waits for"):
        """Wait until something is so; a run in which it never is fails by saying what it has come to."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self.thread.is_alive(), self.error or self.report
            assert time.monotonic() < end, f"not within {PATIENCE} s: {what}; {self.state()}"
            time.sleep(0.01)

    def state(self):
        """Return in words what is missing, and where the run is."""
        done = {*self.account.of(accounts.DONE), *self.account.of(accounts.REJECTED)}
        waited_for = ", ".join(
            f"{number} ({group})" for number, group in self.account.sent.items() if number not in done
        )
        worker = self.app._worker
        return f"not done: {waited_for or 'nothing'}; the run: {worker.so_far() if worker else self.report}"

    def stop(self):
        """End the run in order, and return its report."""
        self.app.stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), f"it did not end within {PATIENCE} s; {self.state()}"
        if self.error is not None:
            raise self.error
        return self.report


@pytest.fixture
def consume(request):
    """Return a way to start an application over a queue, whose handler notes what it begins and what it is done with.

    `handle` is called between the two notes, with number and message.
    """
    runs = []
    place = request.getfixturevalue("server" if "server" in request.fixturenames else "place")

    def start(queue, handle=lambda _number, _message: None, *, backoff=None, **settings):
        app = App(backoff=backoff or Backoff(base=SECOND, cap=SECOND))

        @app.subscribe("exists n")
        def note(data, message):
            number = data.data["n"]
            place.account.note(accounts.BEGUN, number)
            handle(number, message)
            place.account.note(accounts.DONE, number)

        run = Run(app, queue, {"concurrency": 4, "wait": SECOND, **settings}, place.account)
        runs.append(run)
        return run

    yield start
    for run in runs:
        if run.thread.is_alive():
            run.app.stop()
            run.app.stop()
            run.thread.join(PATIENCE)
