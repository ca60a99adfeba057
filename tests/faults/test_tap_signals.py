"""`megaql tap` as a process that is interrupted, killed, or loses its reader: what it leaves, and what `--gc` makes of that."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from megaql.broker import aws, local
from megaql.broker.local.sns import sns_client
from megaql.broker.target import Connection
from megaql.broker.temporary import PREFIX
from megaql.cli.environment import Environment
from megaql.cli.main import main
from tests.servers import without_moto

ROOT = Path(__file__).parents[2]

#: The longest that a step of a test may take. Seconds.
PATIENCE = 30


class Place:
    """A broker with a topic, and what subscribes to it."""

    def __init__(self, url):
        if url is None:
            self.sqs, self.sns, self.options = local.client(), sns_client(), []
        else:
            connection = Connection(region="us-east-1", endpoint_url=url)
            with without_moto():
                self.sqs, self.sns = aws.client("sqs", connection), aws.client("sns", connection)
            self.options = ["--region", "us-east-1", "--endpoint-url", url]
        self.arn = self.sns.create_topic(Name=f"shop-{time.monotonic_ns()}")["TopicArn"]
        self.topic = f"local-topic:{self.arn.rsplit(':', 1)[-1]}" if url is None else self.arn

    def publish(self, number):
        self.sns.publish(TopicArn=self.arn, Message=json.dumps({"n": number}))

    @property
    def left(self):
        """The numbers of temporary queues and of subscriptions."""
        queues = self.sqs.list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])
        return len(queues), len(self.sns.list_subscriptions_by_topic(TopicArn=self.arn).get("Subscriptions", []))


@pytest.fixture(params=["local", "ministack"])
def topics(request, endpoints):
    return Place(None if request.param == "local" else endpoints(request.param))


@contextmanager
def tapping(place, *words):
    """Run `tap` until it is subscribed and has shown a message, and end it with the block whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", "tap", place.topic, *words, *place.options, "-o", "ndjson"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert "tapping" in (first := process.stderr.readline()), first + process.stderr.read()
            place.publish(1)
            assert json.loads(process.stdout.readline())["payload"] == {"n": 1}
            assert place.left == (1, 1)
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def ended(process):
    _, stderr = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in stderr
    return process.returncode, stderr


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_removes_queue_and_subscription(topics, signum, status):
    with tapping(topics) as process:
        process.send_signal(signum)
        code, stderr = ended(process)
    assert code == status
    assert "removed" in stderr
    assert topics.left == (0, 0)


def test_a_reader_that_leaves_is_noticed_without_another_message(topics):
    with tapping(topics) as process:
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        stderr = process.stderr.read()
    assert "Traceback" not in stderr
    assert "the output was closed" in stderr
    assert topics.left == (0, 0)


def test_after_kill_9_gc_finds_it_when_it_has_expired(topics):
    with tapping(topics) as process:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
    assert topics.left == (1, 1)
    with tapping_beside(topics) as alive:
        status, out, err = gc(topics, timedelta(minutes=1), "--yes")
        assert (status, out.count("expires"), "nothing to remove" in err) == (0, 2, True)
        status, out, err = gc(topics, timedelta(minutes=20))
        assert "add --yes" in err
        assert topics.left == (2, 2), "a dry run removes nothing"
        alive.send_signal(signal.SIGINT)
        ended(alive)
    status, out, err = gc(topics, timedelta(minutes=20), "--yes")
    assert (status, err) == (0, "removed 1 with its subscription\n")
    assert out.count("removed") == 1
    assert topics.left == (0, 0)


@contextmanager
def tapping_beside(place):
    """Run a second `tap`, which lives."""
    process = subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", "tap", place.topic, *place.options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert "tapping" in process.stderr.readline()
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def gc(place, later, *words):
    """Run `tap --gc` at a later time."""
    world = Environment(
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        environ={"NO_COLOR": "1"},
        now=lambda: datetime.now(UTC) + later,
        zone=UTC,
    )
    with without_moto():
        status = main(["tap", place.topic, "--gc", *words, *place.options], world)
    return status, world.stdout.getvalue(), world.stderr.getvalue()


def test_a_second_signal_leaves_at_once_and_says_what_is_left():
    """The removal waits for a database that somebody else has locked, so that the second signal comes before its end."""
    import sqlite3

    place = Place(None)
    with tapping(place) as process:
        path = next(Path(os.environ["MEGAQL_HOME"]).glob("*.sqlite*"), None) or next(
            Path(os.environ["MEGAQL_HOME"]).glob("*.db")
        )
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        process.send_signal(signal.SIGINT)
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        code, stderr = ended(process)
        lock.execute("ROLLBACK")
        lock.close()
    assert code in {130, 143}
    assert "megaql tap --gc --yes" in stderr
    assert place.left[0] == 1
