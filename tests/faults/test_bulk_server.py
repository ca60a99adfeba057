"""Bulk work and snapshots against a real SQS server over boto3, as processes: what a signal in a long poll leaves in flight."""

import gzip
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.scan.live import POLL_WAIT
from tests.servers import running

ROOT = Path(__file__).parents[2]
MEGAQL = [sys.executable, "-m", "megaql.cli.main"]

#: The longest that a step of a test may take. Seconds.
PATIENCE = 60


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with running("roto", tmp_path_factory.mktemp("roto")) as url:
        yield url


@pytest.fixture
def make_queue(endpoint, request):
    """Return a factory of queues on the server that no other test uses, with messages in them."""
    queues = []

    def make(name, count=0):
        connection = Connection(region="us-east-1", endpoint_url=endpoint)
        name = f"{request.node.name.partition('[')[0]}-{request.node.name.count('SIGTERM')}-{name}"[-80:]
        client = Queue.open(f"{endpoint}/000000000000/none", connection).client
        client.create_queue(QueueName=name)
        queue = Queue.open(name, connection, client=client)
        queue.send_batch([Outgoing(body=json.dumps({"number": number})) for number in range(count)])
        queues.append(queue)
        return queue

    yield make
    for queue in queues:
        queue.client.close()


def start(endpoint, *words):
    return subprocess.Popen(
        [*MEGAQL, *words, "--endpoint-url", endpoint, "--region", "us-east-1"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(look):
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


SIGNALS = pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)


@SIGNALS
def test_a_signal_in_the_long_poll_of_a_move(make_queue, endpoint, signum, status):
    """All that is there is received, what matches is moved, and the receive that waits for more is interrupted."""
    source, to = make_queue("a", 15), make_queue("b")
    words = ["move", source.name, to.name, "-w", "number < 5", "--apply", "--yes"]
    with start(endpoint, *words) as process:
        until(lambda: (to.info().visible, source.info().visible, source.info().in_flight) == (5, 0, 10))
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, stderr
    assert "Traceback" not in stderr
    assert "released 10" in stderr
    assert (source.info().visible, source.info().in_flight) == (10, 0)


@SIGNALS
def test_a_signal_in_the_long_poll_of_a_snapshot(make_queue, endpoint, signum, status, tmp_path):
    source = make_queue("a", 15)
    with start(endpoint, "snapshot", source.name, "-o", str(tmp_path / "a.ndjson.gz")) as process:
        until(lambda: source.info().in_flight == 15)
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, stderr
    assert "released 15" in stderr
    assert source.info().in_flight == 0
    # What the server has handed out, the program need not have read when the signal comes.
    seen = int(re.search(r"seen (\d+) of", stderr)[1])
    assert f"wrote {seen} messages" in stderr
    with gzip.open(tmp_path / "a.ndjson.gz", "rt") as saved:
        assert len(saved.readlines()) == seen >= 10


def test_a_reader_of_a_dry_run_that_leaves(make_queue, endpoint):
    """`megaql move … | head -n 1`."""
    source, to = make_queue("a", 15), make_queue("b")
    with start(endpoint, "move", source.name, to.name) as process:
        assert process.stdout.readline().startswith('{"megaql":1')
        process.stdout.close()
        process.wait(timeout=PATIENCE)
        stderr = process.stderr.read()
    assert "Traceback" not in stderr
    assert (source.info().visible, source.info().in_flight, to.info().visible) == (15, 0, 0)


def test_kill_9_returns_by_the_lease(make_queue, endpoint, tmp_path):
    """And before that by `release`, which knows the endpoint from the journal."""
    source = make_queue("a", 15)
    with start(endpoint, "snapshot", source.name, "-o", str(tmp_path / "a.ndjson")) as process:
        until(lambda: source.info().in_flight == 15)
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert source.info().in_flight == 15
    # The server goes on with the receive that the killed process was in, and would hand it ten of what is released.
    time.sleep(POLL_WAIT.total_seconds() + 1)
    done = subprocess.run(
        [*MEGAQL, "release"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "released 15 messages" in done.stdout
    assert (source.info().visible, source.info().in_flight) == (15, 0)
