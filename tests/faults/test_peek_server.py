"""`megaql peek` against a real SQS server over boto3, as a process: what it leaves in the queue."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from tests.servers import running

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "megaql.cli.main", "peek"]

#: The longest that a step of a test may take. Seconds.
PATIENCE = 60


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with running("roto", tmp_path_factory.mktemp("roto")) as url:
        yield url


@pytest.fixture
def make_queue(endpoint, request):
    """Return a factory of queues on the server that no other test uses, with messages in them."""

    def make(count, suffix="", **attributes):
        connection = Connection(region="us-east-1", endpoint_url=endpoint)
        name = f"{request.node.name.partition('[')[0]}"[:70] + suffix
        client = Queue.open(f"{endpoint}/000000000000/none", connection).client
        client.create_queue(QueueName=name, Attributes=attributes)
        queue = Queue.open(name, connection, client=client)
        more = {"group_id": "g"} if suffix else {}
        entries = [
            Outgoing(body=json.dumps({"number": number}), dedup_id=str(number) if suffix else None, **more)
            for number in range(count)
        ]
        queue.send_batch(entries)
        queues.append(queue)
        return queue

    queues = []
    yield make
    for queue in queues:
        queue.client.close()


def words(queue, endpoint, *more):
    return [*COMMAND, queue.name, "--endpoint-url", endpoint, "--region", "us-east-1", "-o", "ndjson", *more]


def peek(queue, endpoint, *more):
    return subprocess.run(
        words(queue, endpoint, *more),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_everything_is_shown_once_and_given_back(make_queue, endpoint):
    queue = make_queue(35)
    run = peek(queue, endpoint, "--limit", "100")
    assert run.returncode == 0, run.stderr
    assert sorted(json.loads(line)["payload"]["number"] for line in run.stdout.splitlines()) == list(range(35))
    assert "released 35" in run.stderr
    assert (queue.info().visible, queue.info().in_flight) == (35, 0)
    assert {message.receive_count for message in queue.receive()} == {2}


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_a_long_poll_gives_everything_back(make_queue, endpoint, signum, status):
    queue = make_queue(12)
    process = subprocess.Popen(
        words(queue, endpoint, "--follow"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            count = queue.info().visible
            lines = [process.stdout.readline() for _ in range(count)]
            assert all(lines), process.stderr.read()
            process.send_signal(signum)
            _, stderr = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == status
    assert "Traceback" not in stderr
    assert f"released {count}" in stderr
    assert queue.info().in_flight == 0


def test_a_fifo_queue_gets_one_receive_and_keeps_its_order(make_queue, endpoint):
    queue = make_queue(15, ".fifo", FifoQueue="true")
    run = peek(queue, endpoint)
    assert run.returncode == 0, run.stderr
    shown = [json.loads(line)["payload"]["number"] for line in run.stdout.splitlines()]
    assert shown == list(range(len(shown)))
    assert 1 <= len(shown) <= 10
    assert queue.info().in_flight == 0
    assert next(iter(queue.receive())).decoded.payload.document == {"number": 0}


def test_a_queue_that_dead_letters_at_once_is_refused(make_queue, endpoint):
    dead = make_queue(0)
    dead.info()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    dead.client.create_queue(QueueName="short-lived", Attributes={"RedrivePolicy": policy})
    queue = Queue.open("short-lived", Connection(region="us-east-1", endpoint_url=endpoint), client=dead.client)
    queue.send(Outgoing(body="{}"))
    run = peek(queue, endpoint)
    assert (run.returncode, run.stdout) == (3, "")
    assert queue.receive()[0].receive_count == 1
