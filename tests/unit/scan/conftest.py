"""A queue with SQS's rules and a clock of its own, for faults and moments that no real broker produces on demand."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

import pytest

from megaql.broker.message import Message
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget
from megaql.scan.live import LiveScan
from megaql.scan.preflight import preflight


@dataclass
class Clock:
    """Seconds, by the monotonic and by the wall clock; a test moves them."""

    now: float = 1000.0
    skew: float = 1_700_000_000.0

    def __call__(self):
        return self.now

    def wall(self):
        return self.now + self.skew


@dataclass
class Stored:
    """One message in the queue; `holder` is who received it last."""

    id: str
    body: str
    receives: int = 0
    visible_at: float = 0.0
    holder: str = ""


@dataclass
class SimulatedQueue:
    """SQS as a scan meets it: leases by the clock, old receipt handles accepted, scripted faults."""

    clock: Clock
    count: int = 0
    name: str = "orders"
    client: object = None
    fifo: bool = False
    joins: bool = False
    max_receive_count: int | None = None
    in_flight: int = 0
    receive_takes: float = 0.01
    release_takes: float = 0.01
    on_receive: object = None
    on_release: object = None
    receives: list = field(default_factory=list)
    releases: list = field(default_factory=list)
    infos: int = 0

    def __post_init__(self):
        self.stored = [Stored(f"m{number}", f'{{"number":{number}}}') for number in range(self.count)]

    def info(self):
        self.infos += 1
        redrive = self.max_receive_count and SimpleNamespace(
            dead_letter_arn="arn:aws:sqs:eu-west-1:000000000000:orders-dlq", max_receive_count=self.max_receive_count
        )
        return SimpleNamespace(visible=len(self.stored), in_flight=self.in_flight, delayed=0, redrive=redrive)

    def receive(self, limit=10, *, wait=timedelta(0), visibility=None, holder="scan"):
        assert 1 <= limit <= 10
        self.clock.now += self.receive_takes
        visible = [stored for stored in self.stored if stored.visible_at <= self.clock.now][:limit]
        for stored in visible:
            stored.receives += 1
            stored.visible_at = self.clock.now + visibility.total_seconds()
            stored.holder = holder
        if not visible:
            self.clock.now += wait.total_seconds()
        if holder == "scan":
            self.receives.append((limit, wait, visibility, len(visible)))
            if self.on_receive:
                self.on_receive(len(self.receives))
        return [self.message(stored) for stored in visible]

    def message(self, stored):
        return Message(
            id=stored.id,
            body=stored.body,
            receipt_handle=f"{stored.id}#{stored.receives}",
            attributes={},
            system={"ApproximateReceiveCount": str(stored.receives)},
            queue=self.name,
        )

    def set_visibility(self, messages, timeout):
        assert 1 <= len(messages) <= 10
        failed = list(self.on_release(len(self.releases), messages) or ()) if self.on_release else []
        self.releases.append((self.clock.now, [message.receipt_handle for message in messages], timeout))
        self.clock.now += self.release_takes
        refused = {failure.entry.id for failure in failed}
        done = [message for message in messages if message.id not in refused]
        for message in done:
            stored = self.find(message.id)
            stored.visible_at = self.clock.now + timeout.total_seconds()
        return SimpleNamespace(done=done, failed=failed)

    def find(self, message_id):
        return next(stored for stored in self.stored if stored.id == message_id)

    @property
    def hidden(self):
        return [stored.id for stored in self.stored if stored.visible_at > self.clock.now]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_queue(clock):
    """Return a factory of simulated queues on the test's clock."""

    def make(count=0, **settings):
        return SimulatedQueue(clock, count, **settings)

    return make


@pytest.fixture
def failure():
    """Return a factory of partial failures in a batch."""

    def make(message):
        return SimpleNamespace(entry=message, code="InternalError", message="no", retryable=True)

    return make


@pytest.fixture
def scan_of(clock):
    """Return a factory of scans by the test's clock."""

    def make(queue, budget=None, **settings):
        allow = {"allow_receives": True, "allow_dead_letter": settings.pop("allow_dead_letter", False)}
        return LiveScan(queue, preflight(queue, **allow), budget or Budget(), clock=clock, wall=clock.wall, **settings)

    return make


@pytest.fixture
def read():
    """Return a function that runs a scan to its end, with a verdict on each message, and returns the ids it saw."""

    def run(scan, verdict=lambda _: Verdict.NO_MATCH):
        ids = []
        with scan:
            for message in scan:
                ids.append(message.id)
                scan.tally(verdict(message))
        return ids

    return run


@pytest.fixture
def raise_at():
    """Return a function that makes a verdict which raises on one message."""

    def make(message_id, error):
        def look(message):
            if message.id == message_id:
                raise error
            return Verdict.NO_MATCH

        return look

    return make
