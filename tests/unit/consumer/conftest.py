"""A real embedded broker whose clock the test moves, and an application that never waits."""

import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from megaql.broker import local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.codec.encode import encode
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff


@dataclass
class World:
    """Queues `orders` (or `orders.fifo`) and its dead-letter queue; `seconds` is the broker's time."""

    home: object
    seconds: float = 1_800_000_000.0
    queues: dict = field(default_factory=dict)

    def __post_init__(self):
        self.client = local.client(self.home, clock=lambda: self.seconds)

    def queue(self, name, **attributes):
        given = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
        self.client.create_queue(QueueName=name, Attributes=given | attributes)
        return Queue.open(f"local:{name}", client=self.client)

    def with_dead_letters(self, name, receives=10):
        dead = name.removesuffix(".fifo") + "-dead" + (".fifo" if name.endswith(".fifo") else "")
        arn = self.queue(dead).arn
        return self.queue(name, RedrivePolicy=f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {receives}}}')

    def later(self, seconds):
        self.seconds += seconds

    def send(self, queue, *payloads, group=None):
        """Send payloads (events, dicts, str, bytes) and return their message ids."""
        entries = []
        for payload in payloads:
            encoded = encode(payload)
            entries.append(Outgoing(encoded.body, encoded.attributes, group_id=group))
        return queue.send_batch(entries).message_ids

    def bodies(self, queue):
        """Receive all that is visible now and return the bodies."""
        messages = []
        while some := queue.receive():
            messages += some
        return [message.body for message in messages]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "broker")
    yield world
    world.client.close()


@pytest.fixture
def queue(world):
    return world.with_dead_letters("orders")


@pytest.fixture
def app(queue):
    """An application over `queue` whose back-off is always the whole delay: 5 s, 10 s, 20 s …"""
    return App(queue, backoff=Backoff(random=lambda: 1.0))


#: How long a run may take before its test has failed; nothing here is a measurement. Seconds.
PATIENCE = 20


@pytest.fixture
def drain():
    """Run an application until its queue is empty; one that does not come to its end is stopped, and the test fails."""

    def run(app, **settings):
        late = threading.Event()

        def end():
            late.set()
            app.stop()
            app.stop()

        watch = threading.Timer(PATIENCE, end)
        watch.start()
        try:
            report = app.run(**{"once": True, "wait": timedelta(0)} | settings)
        finally:
            watch.cancel()
        assert not late.is_set(), f"the run did not end within {PATIENCE} s: {report}"
        return report

    return run


@pytest.fixture(autouse=True)
def all_is_logged(caplog):
    caplog.set_level(logging.INFO, "megaql.consumer")


class InjectedError(Exception):
    """An error as a client raises it, told by its code."""

    def __init__(self, code):
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
        self.operation_name = "Injected"


class Flaky:
    """A client in front of the real one which plays a script of faults per method, one entry per call, and then works.

    An entry is a code to raise, `None` to work, or `("lost", code)`: the call is done and its answer is lost.
    """

    def __init__(self, client, **scripts):
        self._client = client
        self._scripts = {name: list(script) for name, script in scripts.items()}
        self.calls = []

    def __getattr__(self, name):
        real = getattr(self._client, name)

        def call(**request):
            self.calls.append(name)
            script = self._scripts.get(name)
            entry = script.pop(0) if script else None
            if isinstance(entry, str):
                raise InjectedError(entry)
            answer = real(**request)
            if entry is not None:
                raise InjectedError(entry[1])
            return answer

        return call


@pytest.fixture
def flaky(world):
    def make(queue, **scripts):
        return Queue(Flaky(world.client, **scripts), queue.url, queue.target, sleep=lambda _seconds: None)

    return make


@pytest.fixture
def no_pauses(monkeypatch):
    """Let failed receives and settlements be tried again at once."""
    at_once = Backoff(base=timedelta(0), cap=timedelta(0))
    monkeypatch.setattr("megaql.consumer.app.SETTLE_BACKOFF", at_once)
    monkeypatch.setattr("megaql.consumer.app.POLL_BACKOFF", at_once)
