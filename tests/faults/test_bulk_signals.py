"""Bulk work as processes that are interrupted and killed: what is where afterwards."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from megaql.broker import local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue

ROOT = Path(__file__).parents[2]
MEGAQL = [sys.executable, "-m", "megaql.cli.main"]

#: The longest that a step of a test may take. Seconds.
PATIENCE = 30

COUNT = 300


def queue_of(name, count=0):
    queue = Queue.open(f"local:{name}", create=True)
    queue.send_batch([Outgoing(body=json.dumps({"number": number})) for number in range(count)])
    return queue


def contents(name, *, after=0):
    """Return the numbers in a queue, some seconds from now, and leave them there, held by nobody we know."""
    client = local.client(clock=lambda: time.time() + after)
    queue = Queue.open(f"local:{name}", client=client)
    found = []
    while messages := queue.receive(10):
        found += [json.loads(message.body)["number"] for message in messages]
    client.close()
    return sorted(found)


def start(*words):
    return subprocess.Popen(
        [*MEGAQL, *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*words):
    return subprocess.run(
        [*MEGAQL, *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def until(look):
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str)
def test_a_signal_ends_a_move_between_two_batches(signum, status):
    source, to = queue_of("a", COUNT), queue_of("b")
    with start("move", "local:a", "local:b", "-w", "number != 7", "--rate", "60", "--apply", "--yes") as process:
        until(lambda: to.info().visible >= 20)
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, stderr
    assert "Traceback" not in stderr
    assert "interrupted" in stderr
    assert source.info().in_flight == 0, "what was not selected is back at once"
    left, moved = contents("a"), contents("b")
    assert sorted(left + moved) == list(range(COUNT)), "nothing is lost, and nothing twice"
    assert 7 in left


def test_kill_9_and_the_same_command_again_finish_it(tmp_path):
    queue_of("a", COUNT)
    to = queue_of("b")
    words = ["move", "local:a", "local:b", "--log", str(tmp_path / "log"), "--apply", "--yes"]
    with start(*words, "--rate", "60") as process:
        until(lambda: to.info().visible >= 20)
        process.kill()
        process.communicate(timeout=PATIENCE)
    moved = contents("b", after=31)
    left = contents("a", after=61)
    assert set(left) | set(moved) == set(range(COUNT)), "nothing is lost"
    assert run("release").returncode == 0
    said = finish(words)
    assert set(contents("b", after=200)) == set(range(COUNT)), said
    assert contents("a", after=200) == []


def finish(words):
    """Run a command again until the leases of the dead one and of the look at the queue have ended and nothing is left."""
    import os

    program = (
        "import sys, time; from megaql.broker import local; real = local.client;"
        "local.client = lambda: real(clock=lambda: time.time() + 120);"
        "from megaql.cli.main import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_release_gives_back_what_a_killed_read_hides():
    queue = queue_of("a", 25)
    with start("peek", "local:a", "--follow", "-o", "raw") as process:
        for _ in range(25):
            process.stdout.readline()
        listed = run("release", "--list")
        assert "25 messages hidden until" in listed.stdout
        assert "under way" in listed.stdout
        assert "under way" in run("release").stdout, "a read that lives is left alone"
        assert queue.info().in_flight == 25
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert "left by a read that was killed" in run("release", "--list").stdout
    assert queue.info().in_flight == 25
    released = run("release")
    assert (released.returncode, released.stdout) == (0, "a: released 25 messages\n")
    assert (queue.info().visible, queue.info().in_flight) == (25, 0)
    assert "nothing to release" in run("release").stderr


def test_release_leaves_to_others_what_they_have_received_since():
    """The handles of the dead read are old ones by then, and a standard queue would accept them."""
    queue = queue_of("a", 5)
    with start("peek", "local:a", "--follow", "--lease", "10s", "-o", "raw") as process:
        for _ in range(5):
            process.stdout.readline()
        process.kill()
        process.communicate(timeout=PATIENCE)
    journal = next((Path.home() / ".local/state/megaql/leases").iterdir())
    head, *lines = journal.read_text().splitlines()
    aged = [{**json.loads(line), "until": time.time() + 2, "monotonic_until": time.monotonic() + 2} for line in lines]
    journal.write_text("\n".join([head, *map(json.dumps, aged)]) + "\n")
    released = run("release")
    assert "nothing to release" in released.stderr
    assert queue.info().in_flight == 5


def test_a_finished_read_leaves_no_journal():
    queue_of("a", 25)
    assert run("peek", "local:a", "-o", "raw").returncode == 0
    assert run("snapshot", "local:a", "-o", str(Path.home() / "a.ndjson")).returncode == 0
    assert list((Path.home() / ".local/state/megaql/leases").iterdir()) == []


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str)
def test_a_signal_during_a_snapshot_gives_everything_back_and_keeps_what_was_read(tmp_path, signum, status):
    """The reader of the pipe is slow, so that the signal finds the snapshot in the middle."""
    import os

    queue = queue_of("a", 2_000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with start("snapshot", "local:a", "-o", str(pipe)) as process:
        reader = pipe.open("rb", buffering=0)
        first = reader.read(100)
        until(lambda: queue.info().in_flight >= 50)
        process.send_signal(signum)
        time.sleep(0.1)
        rest = b""
        while piece := reader.read(65536):
            rest += piece
        reader.close()
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, stderr
    assert "interrupted" in stderr
    assert queue.info().in_flight == 0
    lines = (first + rest).splitlines()
    assert all(json.loads(line)["megaql"] == 1 for line in lines)
    assert 0 < len(lines) <= 2_000


def test_an_interrupted_redrive_by_the_service_is_cancelled():
    dead = queue_of("a-dlq", 600)
    dead.info()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    to = queue_of("a")
    to.client.set_queue_attributes(QueueUrl=to.url, Attributes={"RedrivePolicy": policy})
    with start("redrive", "local:a-dlq", "--rate", "50", "--apply", "--yes") as process:
        until(lambda: to.info().visible >= 20)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, stderr
    assert "the task was cancelled" in stderr
    moved = to.info().visible
    assert 20 <= moved < 600
    assert dead.info().visible == 600 - moved


def test_a_signal_ends_a_copy_of_a_file_after_the_batch_and_the_log_goes_on(tmp_path):
    file = tmp_path / "saved.ndjson"
    queue_of("a", COUNT)
    assert run("snapshot", "local:a", "-o", str(file)).returncode == 0
    to = queue_of("b")
    words = ["copy", str(file), "local:b", "--log", str(tmp_path / "log"), "--apply"]
    with start(*words, "--rate", "60") as process:
        until(lambda: to.info().visible >= 20)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    copied = to.info().visible
    assert f"copied {copied} messages" in stderr
    assert run(*words).returncode == 0
    assert contents("b") == list(range(COUNT)), "nothing twice"
