"""The embedded broker's storage under a consumer: a full disk, a locked database, a process that was stopped in a transaction, clocks that leap."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from megaql.broker import local
from megaql.broker.local import lock, store
from megaql.broker.local.clock import Uptime
from megaql.broker.outgoing import Outgoing
from megaql.errors import Throttled
from tests.faults import accounts
from tests.faults.conftest import PATIENCE, Place, in_queue
from tests.faults.test_network import kept

ROOT = Path(__file__).parents[2]
FULL_DISK = Path(__file__).with_name("full_disk_program.py")
LOCAL = pytest.mark.parametrize("place", ["local"], indirect=True)


@pytest.fixture
def impatient(monkeypatch):
    """Let the broker give up waiting for locks after a fraction of a second."""
    monkeypatch.setattr(store, "BUSY_TIMEOUT", 0.2)
    monkeypatch.setattr(lock, "PATIENCE", 0.3)


def started(program, *arguments):
    command = [sys.executable, str(program), *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


@LOCAL
def test_a_disk_that_is_full_for_a_while(place):
    """A send says so and has left nothing; what was handled meanwhile cannot be deleted yet, and comes again at worst."""
    place.client.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "3"})
    process = started(FULL_DISK)
    output, _ = process.communicate(timeout=PATIENCE)
    lines = [line.split() for line in output.splitlines()]
    assert process.returncode == 0
    assert [line[2] for line in lines if line[0] == "refused"] == ["True"], lines[:3]
    assert sorted(int(line[1]) for line in lines if line[0] == "done") == list(range(200)), (
        "each once: the ledger knows"
    )


@pytest.mark.usefixtures("impatient")
@LOCAL
def test_a_database_that_another_program_has_locked_for_a_while(place, consume):
    queue = place.queue(VisibilityTimeout="3")
    run = consume(queue, lambda *_: time.sleep(0.01))
    place.send(queue, range(200))
    run.until(lambda: len(place.account.of(accounts.DONE)) > 40)
    foreign = sqlite3.connect(local.home() / "broker.sqlite3", isolation_level=None, timeout=10)
    foreign.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Throttled, match="storage failed"):
        queue.send_batch(_one())
    time.sleep(2)
    foreign.execute("ROLLBACK")
    foreign.close()
    kept(place, queue, run)


def _one():
    return [Outgoing("a")]


@pytest.mark.usefixtures("impatient")
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the platform stops no processes")
@LOCAL
def test_a_process_that_was_stopped_in_the_middle_of_a_transaction(place, consume):
    """Nobody waits for it without an end, and once it is gone the others go on."""
    queue = place.queue(VisibilityTimeout="3")
    run = consume(queue, lambda *_: time.sleep(0.01))
    place.send(queue, range(200))
    run.until(lambda: len(place.account.of(accounts.DONE)) > 40)
    holder = started(Path(__file__).with_name("local_broker_program.py"), local.home(), queue.url, "hold")
    try:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(Throttled, match="storage failed"):
            queue.send_batch(_one())
        time.sleep(1)
    finally:
        holder.kill()
        holder.communicate()
    kept(place, queue, run)


class Clocks:
    """A date that leaps and an uptime that does not."""

    def __init__(self):
        self.leapt = 0.0

    def date(self):
        return time.time() + self.leapt

    def uptime(self):
        return Uptime(int(time.monotonic() * 1000), 1)


@pytest.mark.parametrize("name", ["orders", "orders.fifo"])
@LOCAL
def test_clocks_that_leap_while_a_consumer_works_on_the_embedded_broker(place, consume, name):
    """By an hour, and by more than messages are kept: none is lost, none comes twice, none comes late."""
    clocks = Clocks()
    client = local.client(clock=clocks.date, uptime=clocks.uptime)
    leaping = Place("local", client, None, place._stack)
    leaping.account = place.account
    queue = leaping.queue(name, VisibilityTimeout="10")
    run = consume(leaping.through(queue), lambda number, _: time.sleep(1 if number % 10 == 0 else 0.01))
    leaping.send(queue, range(100), groups=10)
    for leap in (3600, -7200, 30 * 86400, -40 * 86400):
        clocks.leapt += leap
        done = len(place.account.of(accounts.DONE))
        run.until(lambda before=done: len(place.account.of(accounts.DONE)) >= min(before + 15, 100))
    report = kept(leaping, queue, run)
    client.close()
    assert (place.account.duplicates(), report.expired, report.handled) == (0, 0, 100)


def test_the_date_leaps_while_a_consumer_works_on_a_server(server, consume, monkeypatch):
    """Nothing here but a request's signature looks at the date."""
    queue = server.queue(VisibilityTimeout="8")
    run = consume(server.through(queue), lambda number, _: time.sleep(9 if number == 0 else 0.01))
    server.send(queue, range(100))
    real, leapt = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + leapt[0])
    for leap in (3600, -7200, 86400):
        leapt[0] += leap
        done = len(server.account.of(accounts.DONE))
        run.until(lambda before=done: len(server.account.of(accounts.DONE)) >= min(before + 15, 99))
    report = kept(server, queue, run)
    assert (server.account.duplicates(), report.expired, report.handled) == (0, 0, 100)


@pytest.mark.usefixtures("impatient")
@LOCAL
def test_threads_that_wait_for_a_lock_give_up_too(place):
    queue = place.queue()
    holder = started(Path(__file__).with_name("local_broker_program.py"), local.home(), queue.url, "hold")
    refused = []

    def send():
        try:
            queue.send_batch(_one())
        except Throttled as error:
            refused.append(error.code)

    try:
        assert holder.stdout.readline() == "held\n"
        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    finally:
        holder.kill()
        holder.communicate()
    assert refused == ["ServiceUnavailable"] * 4
    assert queue.send_batch(_one()).failed == []
    assert in_queue(queue) == 1
