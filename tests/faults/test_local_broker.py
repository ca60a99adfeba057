"""The embedded broker under several processes, and under `kill -9`."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from megaql.broker import local

PROGRAM = Path(__file__).with_name("local_broker_program.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path):
    return tmp_path / "broker"


@pytest.fixture
def client(home):
    client = local.client(home)
    yield client
    client.close()


@pytest.fixture
def start(home):
    """Return a way to start a process of the program; whatever is left of them ends with the test."""
    processes = []

    def start(url, action, *arguments):
        command = [sys.executable, str(PROGRAM), str(home), url, action, *map(str, arguments)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def words(*processes):
    """Return everything the processes said (more), having waited for their end."""
    said = [word for process in processes for word in process.stdout.read().split()]
    for process in processes:
        process.wait()
    return said


def first_words(*processes):
    """Return what the processes said first, once each has begun."""
    return [word for process in processes for word in process.stdout.readline().split()]


def check_database(home):
    """Check what must hold of the tables after whatever happened."""
    with sqlite3.connect(home / "broker.sqlite3") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counted = db.execute(
            "SELECT id, (SELECT value FROM counter WHERE counter.queue = queue.id) FROM queue"
        ).fetchall()
        for queue, total in counted:
            assert db.execute("SELECT COUNT(*) FROM message WHERE queue = ?", (queue,)).fetchone() == (total,)
        assert (
            db.execute("SELECT COUNT(*) FROM message").fetchone()
            == db.execute("SELECT COUNT(*) FROM payload").fetchone()
        )
        assert db.execute(
            "SELECT COUNT(*) FROM message LEFT JOIN payload USING (id) WHERE body IS NULL"
        ).fetchone() == (0,)
        lanes = "SELECT COUNT(*) FROM lane WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.lane = lane.id)"
        assert db.execute(lanes).fetchone() == (0,)
    db.close()


@pytest.mark.parametrize("name", ["standard", "ordered.fifo"])
def test_processes_at_once_lose_and_double_nothing(home, client, start, name):
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
    url = client.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    senders = [start(url, "send", f"s{number}", 300) for number in range(3)]
    sent = first_words(*senders)
    receivers = [start(url, "drain", 2) for _ in range(3)]
    sent += words(*senders)
    received = words(*receivers)
    assert len(sent) == 900
    assert sorted(received) == sorted(sent)
    check_database(home)


def test_one_receiver_gets_each_fifo_group_in_order(client, start):
    url = client.create_queue(
        QueueName="ordered.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    senders = [start(url, "send", f"s{number}", 200) for number in range(3)]
    first_words(*senders)
    received = words(start(url, "drain", 2))
    words(*senders)
    for number in range(3):
        mine = [body for body in received if body.startswith(f"s{number}-")]
        assert mine == [f"s{number}-{i}" for i in range(200)]


def test_killed_processes_lose_nothing_and_bring_nothing_back(home, client, start):
    url = client.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    chance = random.Random(7)
    senders, receivers, acknowledged, deleted = [], [], [], []
    for turn in range(6):
        senders.append(start(url, "send", f"s{turn}", 5000))
        receivers.append(start(url, "drain", 5))
        acknowledged += first_words(senders[-1])
        deleted += first_words(receivers[-1])
        time.sleep(chance.uniform(0.1, 0.3))
        for victim in (senders[-1], receivers[-1]):
            victim.send_signal(signal.SIGKILL)
    acknowledged += words(*senders)
    deleted += words(*receivers)
    check_database(home)
    # From here on a slow machine must not make a message visible again before it is deleted.
    client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    left = words(start(url, "drain", 3))
    # What a killed receiver deleted without living to say so is neither; one batch per kill at most.
    unaccounted = set(acknowledged) - set(deleted) - set(left)
    assert len(unaccounted) <= 10 * len(receivers)
    assert not set(deleted) & set(left)
    assert len(left) == len(set(left))
    check_database(home)


def test_a_killed_writer_does_not_stop_the_others(client, start):
    url = client.create_queue(QueueName="work")["QueueUrl"]
    victim = start(url, "send", "victim", 100_000)
    assert victim.stdout.readline()
    victim.send_signal(signal.SIGKILL)
    assert client.send_message(QueueUrl=url, MessageBody="after")["MessageId"]


@pytest.mark.parametrize("name", ["standard", "ordered.fifo"])
def test_a_waiting_receive_wakes_on_a_send_of_another_process(client, start, name):
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
    url = client.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    waiter = start(url, "wait")
    assert waiter.stdout.readline() == "ready\n"
    time.sleep(0.3)
    client.send_message(QueueUrl=url, MessageBody="wake", **({"MessageGroupId": "g"} if fifo else {}))
    # A receive that slept through it would end after twenty seconds.
    assert waiter.communicate(timeout=15)[0] == "wake\n"


def test_a_waiting_receive_wakes_on_a_send_of_another_thread(client):
    url = client.create_queue(QueueName="work")["QueueUrl"]
    timer = threading.Timer(0.2, client.send_message, kwargs={"QueueUrl": url, "MessageBody": "wake"})
    timer.start()
    assert client.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"][0]["Body"] == "wake"
    timer.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_fork_while_another_thread_waits(client, start):
    url = client.create_queue(QueueName="work")["QueueUrl"]
    assert words(start(url, "fork")) == ["from", "the", "child"]
