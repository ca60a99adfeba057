"""`megaql peek` as a process that is interrupted, killed, or loses its reader: what it leaves in the queue."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from megaql.broker import local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "megaql.cli.main", "peek"]

#: The longest that a step of a test may take. Seconds.
PATIENCE = 30


def queue_of(count, name="orders", size=0):
    queue = Queue.open(f"local:{name}", create=True)
    queue.send_batch([Outgoing(body=json.dumps({"number": number, "pad": "x" * size})) for number in range(count)])
    return queue


def peek(*words, **settings):
    return subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **settings,
    )


@contextmanager
def peeking(*words, lines):
    """Run `peek` until it has printed some lines, and end it with the block whatever happens."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            seen = [process.stdout.readline() for _ in range(lines)]
            assert all(seen), process.stderr.read()
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def ended(process):
    """Return the exit status and standard error of a process that is about to end."""
    _, stderr = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in stderr
    return process.returncode, stderr


@pytest.mark.parametrize(
    ("signum", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=str,
)
def test_a_signal_gives_everything_back(signum, status):
    queue = queue_of(25)
    with peeking("local:orders", "--follow", "-o", "ndjson", lines=25) as process:
        assert queue.info().in_flight == 25
        process.send_signal(signum)
        code, stderr = ended(process)
    assert code == status
    info = queue.info()
    assert (info.visible, info.in_flight) == (25, 0)
    assert "released 25" in stderr
    assert "interrupted" in stderr


def test_an_interrupt_is_prompt_in_the_middle_of_a_poll():
    queue = queue_of(1)
    with peeking("local:orders", "--follow", "-o", "ndjson", lines=1) as process:
        time.sleep(0.2)  # the next receive is waiting now
        process.send_signal(signal.SIGINT)
        code, _ = ended(process)
    queue.send(Outgoing(body="{}"))
    assert code == 130
    assert queue.info().in_flight == 0


def test_a_second_signal_leaves_at_once_and_says_when_messages_return():
    queue = queue_of(25)
    with peeking("local:orders", "--follow", "-o", "ndjson", lines=25) as process:
        time.sleep(0.2)  # the next receive is waiting now, so that the first signal has to wait for it
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        code, stderr = ended(process)
    assert code in {130, 143}
    assert queue.info().in_flight == 25
    assert "25 return by" in stderr


def test_after_kill_9_the_lease_brings_everything_back():
    queue = queue_of(25)
    with peeking("local:orders", "--follow", "-o", "ndjson", lines=25) as process:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
    assert queue.info().in_flight == 25
    later = Queue.open("local:orders", client=local.client(clock=lambda: time.time() + 61))
    info = later.info()
    assert (info.visible, info.in_flight) == (25, 0)
    assert {message.receive_count for message in later.receive()} == {2}


def test_a_closed_pipe_gives_everything_back():
    queue = queue_of(400, size=2_000)
    with peeking("local:orders", "--limit", "400", "-o", "ndjson", lines=1) as process:
        process.stdout.close()
        process.wait(timeout=PATIENCE)
        stderr = process.stderr.read()
    assert "Traceback" not in stderr
    assert "Exception ignored" not in stderr
    assert "released" in stderr
    info = queue.info()
    assert (info.visible, info.in_flight) == (400, 0)


def test_head_ends_it():
    queue = queue_of(400, size=2_000)
    command = f"{sys.executable} -m megaql.cli.main peek local:orders --limit 400 -o ndjson | head -n 1"
    run = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert run.stdout.count("\n") == 1
    assert "Traceback" not in run.stderr
    assert queue.info().in_flight == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_disk_gives_everything_back():
    queue = queue_of(400, size=2_000)
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        run = subprocess.run(
            [*COMMAND, "local:orders", "--limit", "400", "-o", "ndjson"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert run.returncode not in {0, -signal.SIGPIPE}
    assert "Traceback" not in run.stderr
    assert queue.info().in_flight == 0


def test_nohup_is_respected():
    queue = queue_of(5)
    ignore = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    process = subprocess.Popen(
        [*COMMAND, "local:orders", "--follow", "-o", "ndjson"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **ignore,
    )
    with process:
        for _ in range(5):
            process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        queue.send(Outgoing(body='{"number":6}'))
        assert "6" in process.stdout.readline(), "it follows on"
        process.send_signal(signal.SIGTERM)
        code, _ = ended(process)
    assert code == 143
    assert queue.info().in_flight == 0


def with_dead_letters(queue, most):
    dead = Queue.open("local:orders-dlq", create=True)
    dead.info()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": most})
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})


def test_a_queue_that_dead_letters_at_once_is_refused():
    queue = queue_of(3)
    with_dead_letters(queue, 1)
    run = peek("local:orders", "--allow-receives")
    assert (run.returncode, run.stdout) == (3, "")
    assert "orders-dlq" in run.stderr
    assert "--allow-dead-letter" in run.stderr
    assert {message.receive_count for message in queue.receive()} == {1}, "peek has received nothing"


@pytest.mark.parametrize("most", [2, 3])
def test_few_receives_need_consent_and_nobody_is_there_to_ask(most):
    queue = queue_of(3)
    with_dead_letters(queue, most)
    run = peek("local:orders", "-o", "ndjson")
    assert (run.returncode, run.stdout) == (3, "")
    assert "--allow-receives" in run.stderr
    run = peek("local:orders", "-o", "ndjson", "--allow-receives")
    assert run.returncode == 0
    assert run.stdout.count("\n") == 3
    assert queue.info().in_flight == 0


def test_the_report_counts_what_was_done():
    queue = queue_of(30)
    run = peek("local:orders", "-w", "number >= 10 and number < 15", "-o", "ndjson")
    assert run.returncode == 0
    assert run.stdout.count("\n") == 5
    assert "seen 30 of about 30, matched 5" in run.stderr
    assert "30" in run.stderr
    assert "released 30" in run.stderr
    assert {message.receive_count for message in queue.receive()} == {2}


def test_what_peek_prints_is_what_it_reads(tmp_path):
    queue_of(12)
    first = peek("local:orders", "-o", "ndjson")
    file = tmp_path / "messages.ndjson"
    file.write_text(first.stdout)
    again = peek(str(file), "-o", "ndjson")
    assert again.stdout == first.stdout
    assert first.stdout.count("\n") == 12


def test_two_at_once_share_the_queue():
    """Each message is received by one of them, and all of them come back."""
    queue = queue_of(60)
    environment = dict(os.environ)
    runs = [
        subprocess.Popen(
            [*COMMAND, "local:orders", "--limit", "100", "-o", "ndjson"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(2)
    ]
    lines = [run.communicate(timeout=PATIENCE)[0].splitlines() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert {json.loads(line)["payload"]["number"] for line in lines[0] + lines[1]} == set(range(60))
    info = queue.info()
    assert (info.visible, info.in_flight) == (60, 0)
