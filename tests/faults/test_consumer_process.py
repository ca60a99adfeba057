"""Real consumer processes, real signals: a ledger of what was sent says that nothing is lost and nothing is deleted before it is handled."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from megaql.broker import aws, local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection

PROGRAM = Path(__file__).with_name("consumer_program.py")
ROOT = Path(__file__).parents[2]

#: How long anything may take before the test has failed; nothing here is a measurement. Seconds.
PATIENCE = 60


@pytest.fixture(params=["local", "ministack", "roto"])
def make_queue(request, endpoints):
    """Return a function that makes a queue on the embedded broker, or on a server."""
    if request.param == "local":
        client = local.client()
    else:
        client = aws.client("sqs", Connection(endpoint_url=endpoints(request.param)))

    def make(name, visibility):
        name = f"{request.node.originalname[:50]}-{name}"
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
        url = client.create_queue(QueueName=name, Attributes=fifo | {"VisibilityTimeout": str(visibility)})["QueueUrl"]
        return Queue.open(f"local:{name}" if request.param == "local" else url)

    yield make
    client.close()


@dataclass
class Consumer:
    """Starts consumer processes over one queue and reads what they noted."""

    queue: Queue
    notes: Path
    started: list

    def start(self, *options):
        process = subprocess.Popen(
            [sys.executable, PROGRAM, self.queue.target.text, self.notes, *options],
            cwd=ROOT,
            env={**_environment(), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def noted(self, what):
        lines = self.notes.read_text().split("\n")[:-1] if self.notes.exists() else []
        return [int(number) for word, number in (line.split() for line in lines) if word == what]

    def wait_until(self, what, count):
        end = time.monotonic() + PATIENCE
        while len(self.noted(what)) < count:
            assert time.monotonic() < end, f"{len(self.noted(what))} of {count} {what}"
            assert self.started[-1].poll() is None, self.started[-1].stderr.read()
            time.sleep(0.01)

    def in_queue(self):
        info = self.queue.info()
        return info.visible + info.in_flight

    def drain(self):
        """Run consumers until the queue is empty, waiting for leases to end."""
        end = time.monotonic() + PATIENCE
        while self.in_queue():
            assert time.monotonic() < end, f"{self.in_queue()} messages are still there"
            self.start("--once", "--concurrency", "4").communicate(timeout=PATIENCE)


def _environment():
    import os

    return dict(os.environ)


@pytest.fixture
def consume(tmp_path):
    started = []
    yield lambda queue: Consumer(queue, tmp_path / "notes", started)
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def send(queue, numbers, groups=1):
    entries = [
        Outgoing(json.dumps({"n": number}), group_id=f"g{number % groups}" if queue.fifo else None)
        for number in numbers
    ]
    assert queue.send_batch(entries).failed == []


def end_of(process):
    """Return a process's exit status, report and log; one that does not end is killed, and fails with what it has logged."""
    try:
        output, log = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"it did not end within {PATIENCE} s:\n{process.communicate()[1]}")
    return process.returncode, json.loads(output), log


def test_sigterm_under_load_finishes_what_runs_and_returns_the_rest(make_queue, consume):
    queue = make_queue("load", visibility=120)
    sent = range(300)
    send(queue, sent)
    consumer = consume(queue)
    process = consumer.start("--takes", "0.01", "--concurrency", "4")
    consumer.wait_until("done", 40)
    process.send_signal(signal.SIGTERM)
    status, report, log = end_of(process)
    done = consumer.noted("done")
    assert status == 128 + signal.SIGTERM, log
    assert (report["handled"], report["undone"], report["retried"]) == (len(done), 0, 0)
    assert report["received"] == report["handled"] + report["returned"]
    assert sorted(consumer.noted("begun")) == sorted(done)
    # None was deleted without having been handled, and none stayed that was.
    assert consumer.in_queue() == len(sent) - len(done)
    consumer.drain()
    assert sorted(consumer.noted("done")) == list(sent)


def test_kill_9_loses_nothing(make_queue, consume):
    queue = make_queue("kill", visibility=2)
    sent = set(range(200))
    send(queue, sent)
    consumer = consume(queue)
    for count in (30, 70, 110):
        process = consumer.start("--takes", "0.01", "--concurrency", "4")
        consumer.wait_until("done", count)
        process.kill()
        process.communicate(timeout=PATIENCE)
        assert consumer.in_queue() >= len(sent - set(consumer.noted("done")))
    consumer.drain()
    assert set(consumer.noted("done")) == sent


def test_kill_9_keeps_the_order_of_each_group(make_queue, consume):
    queue = make_queue("kill.fifo", visibility=2)
    sent = range(90)
    send(queue, sent, groups=3)
    consumer = consume(queue)
    for count in (15, 40):
        process = consumer.start("--takes", "0.01", "--concurrency", "4")
        consumer.wait_until("done", count)
        process.kill()
        process.communicate(timeout=PATIENCE)
    consumer.drain()
    first_times = list(dict.fromkeys(consumer.noted("done")))
    assert sorted(first_times) == list(sent)
    for group in range(3):
        of_group = [number for number in first_times if number % 3 == group]
        assert of_group == sorted(of_group)


@pytest.mark.parametrize("signals", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
def test_a_second_signal_returns_at_once_what_is_running(make_queue, consume, signals):
    queue = make_queue(f"second-{signals[0].name}", visibility=600)
    send(queue, [1])
    consumer = consume(queue)
    process = consumer.start("--takes", "600", "--drain", "500")
    consumer.wait_until("begun", 1)
    process.send_signal(signals[0])
    assert any("stopping" in line for line in process.stderr), "it ended without a word on stopping"
    process.send_signal(signals[1])
    status, report, _ = end_of(process)
    assert status == 128 + signals[0]
    assert (report["handled"], report["returned"]) == (0, 1)
    assert consumer.noted("done") == []
    assert [message.body for message in queue.receive()] == ['{"n": 1}']


def test_a_handler_that_does_not_end_is_left_behind_at_the_drain_timeout(make_queue, consume):
    queue = make_queue("drain", visibility=600)
    send(queue, [1])
    consumer = consume(queue)
    process = consumer.start("--takes", "600", "--drain", "1")
    consumer.wait_until("begun", 1)
    process.send_signal(signal.SIGTERM)
    status, report, log = end_of(process)
    assert status == 128 + signal.SIGTERM
    assert (report["handled"], report["returned"]) == (0, 1)
    assert "1 message is given back while handlers run" in log
    assert [message.body for message in queue.receive()] == ['{"n": 1}']


def test_sigterm_while_idle(make_queue, consume):
    queue = make_queue("idle", visibility=30)
    send(queue, [1])
    consumer = consume(queue)
    process = consumer.start()
    consumer.wait_until("done", 1)
    process.send_signal(signal.SIGTERM)
    status, report, _ = end_of(process)
    assert (status, report["received"], report["handled"]) == (128 + signal.SIGTERM, 1, 1)


def test_a_handler_slower_than_its_lease_keeps_its_message(make_queue, consume):
    queue = make_queue("slow", visibility=2)
    send(queue, range(3))
    consumer = consume(queue)
    process = consumer.start("--takes", "5", "--concurrency", "3")
    consumer.wait_until("begun", 3)
    end = time.monotonic() + PATIENCE
    while len(consumer.noted("done")) < 3:
        assert queue.receive(wait=timedelta(seconds=1)) == []  # what the consumer let go, somebody else would get
        assert time.monotonic() < end
    process.send_signal(signal.SIGTERM)
    _, report, log = end_of(process)
    assert sorted(consumer.noted("begun")) == sorted(consumer.noted("done")) == [0, 1, 2], log
    assert (report["handled"], report["expired"]) == (3, 0), log
