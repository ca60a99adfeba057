"""Queues of the embedded broker behind a client that can fail or die at any call, and runs over them."""

import json
import os
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from megaql.broker import local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import parse_queue
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget
from megaql.scan.bulk import ledger as ledgers
from megaql.scan.bulk.engine import BulkRun, Work
from megaql.scan.bulk.ledger import Job, Ledger
from megaql.scan.live import LiveScan
from megaql.scan.preflight import preflight
from megaql.scan.stop import StopFlag


class Died(BaseException):
    """The process has died; nothing that it would do afterwards happens."""


@dataclass
class Calls:
    """Counts the calls that leave the process, and lets it die before or after the effect of one of them."""

    die_at: int = 0
    after: bool = False
    count: int = 0
    dead: bool = False
    made: list = field(default_factory=list)
    answer: dict = field(default_factory=dict)

    def make(self, name, effect):
        if self.dead:
            raise Died
        self.count += 1
        self.made.append(name)
        dies = self.count == self.die_at
        self.dead = dies
        if dies and not self.after:
            raise Died
        result = effect()
        if dies:
            raise Died
        return self.answer[name](result) if name in self.answer else result


class Client:
    """The embedded broker's client, each of whose calls is counted; `answers` change what it says, by the call's name."""

    def __init__(self, real, calls):
        self._real = real
        self._calls = calls

    def __getattr__(self, name):
        call = getattr(self._real, name)
        if name in {"close", "get_queue_attributes", "get_queue_url", "together"} or not callable(call):
            return call
        return lambda **request: self._calls.make(name, lambda: call(**request))


@dataclass
class Place:
    """Two queues, a log, and what becomes of runs over them."""

    client: object
    folder: object
    monkeypatch: object
    suffix: str = ""
    calls: Calls = field(default_factory=Calls)

    def __post_init__(self):
        for name in ("source", "target"):
            attributes = {"FifoQueue": "true"} if self.suffix else {}
            self.client.create_queue(QueueName=name + self.suffix, Attributes=attributes)

    def queue(self, name, client=None):
        target = parse_queue(f"local:{name}{self.suffix}")
        url = self.client.get_queue_url(QueueName=name + self.suffix)["QueueUrl"]
        return Queue(client or self.client, url, target, sleep=lambda _: None)

    def fill(self, count, **settings):
        entries = [
            Outgoing(
                json.dumps({"number": number}),
                {"n": {"DataType": "Number", "StringValue": str(number)}},
                group_id=f"g{number % 3}" if self.suffix else None,
                dedup_id=f"d{number}" if self.suffix else None,
                **settings,
            )
            for number in range(count)
        ]
        result = self.queue("source").send_batch(entries)
        return result.message_ids

    def contents(self, name):
        """Return the numbers in a queue with how often each is there, whoever holds them, and empty the view of leases."""
        far = local.client(clock=lambda: __import__("time").time() + 3600)
        queue = self.queue(name, far)
        numbers = []
        while messages := queue.receive(10, visibility=timedelta(seconds=30)):
            numbers += [json.loads(message.body)["number"] for message in messages]
            queue.delete(messages)
        far.close()
        return sorted(numbers)

    def work(self, **settings):
        client = Client(self.client, self.calls)
        command = settings.pop("command", "move")
        job = Job(command, "source", "" if command == "delete" else "target")
        settings.setdefault("deletes", command != "copy")
        return Work(
            job,
            self.queue("source", client),
            None if command == "delete" else self.queue("target", client),
            **settings,
        )

    def run(self, work=None, *, budget=None, log="log", stop=None, turn=1, side_by_side=False, **settings):
        """Do the work and return its report; a death leaves everything as it is."""
        work = work or self.work()
        stop = StopFlag() if stop is None else stop
        real = os.fsync
        self.monkeypatch.setattr(ledgers.os, "fsync", lambda fd: self.calls.make("fsync", lambda: real(fd)))
        scan = LiveScan(
            work.source,
            preflight(work.source),
            budget or Budget(limit=work.limit),
            stop=stop,
            extend=True,
            turn=turn,
            side_by_side=side_by_side,
            wait=timedelta(0),
        )
        bulk = BulkRun(work, scan, stop, Ledger(self.folder / log, work.job), side_by_side=side_by_side, **settings)
        try:
            with scan:
                bulk.apply()
        except Died:
            return None
        finally:
            self.monkeypatch.setattr(ledgers.os, "fsync", real)
        return bulk.report


@pytest.fixture
def make_place(tmp_path, monkeypatch):
    """Return a factory of pairs of queues."""
    clients = []

    def make(suffix="", name="", calls=None):
        folder = tmp_path / f"place{name}"
        folder.mkdir()
        monkeypatch.setenv("MEGAQL_HOME", str(folder / "home"))
        clients.append(local.client())
        return Place(clients[-1], folder, monkeypatch, suffix, calls or Calls())

    yield make
    for client in clients:
        client.close()


def even(message):
    return Verdict.MATCH if json.loads(message.body)["number"] % 2 == 0 else Verdict.NO_MATCH


@pytest.fixture(name="even")
def even_fixture():
    """A verdict: messages with even numbers match."""
    return even
