"""`stats` and `schema` as processes that are interrupted: what was read is shown, and everything is given back."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue

ROOT = Path(__file__).parents[2]

#: The longest that a step of a test may take. Seconds.
PATIENCE = 30

#: So many messages take so long to read that the signal comes in the middle.
MESSAGES = 1_500


def queue_of(count):
    made = Queue.open("local:orders", create=True)
    for _ in range(count // 10):
        made.send_batch([Outgoing(body=json.dumps({"type": f"t{number}", "pad": "x" * 500})) for number in range(10)])
    return made


@pytest.mark.parametrize(
    ("command", "signum", "status"), [("stats", signal.SIGINT, 130), ("schema", signal.SIGTERM, 143)], ids=str
)
def test_a_signal_shows_what_was_read_and_gives_it_back(command, signum, status):
    queue = queue_of(MESSAGES)
    with subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", command, "local:orders", "--scan", str(MESSAGES)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        end = time.monotonic() + PATIENCE
        while queue.info().in_flight < 50:
            assert process.poll() is None
            assert time.monotonic() < end
        process.send_signal(signum)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == status
    assert "interrupted" in err
    assert 0 < json.loads(out)["seen"] < MESSAGES
    info = queue.info()
    assert (info.visible, info.in_flight) == (MESSAGES, 0)


@pytest.mark.parametrize("command", ["stats", "schema"])
def test_a_reader_that_has_left_is_no_error(command):
    queue = queue_of(60)
    with subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", command, "local:orders", "--scan", "50", "-o", "json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(PATIENCE) == 0
    assert "Traceback" not in err
    assert queue.info().in_flight == 0


@pytest.mark.parametrize(
    ("command", "signum", "status"), [("stats", signal.SIGINT, 130), ("schema", signal.SIGTERM, 143)], ids=str
)
def test_a_signal_shows_what_was_read_of_a_file(command, signum, status, tmp_path):
    """The file is a named pipe: what no longer fits into it has been read, and opening it returns when it is opened for reading."""
    path = tmp_path / "messages.ndjson"
    os.mkfifo(path)
    line = json.dumps({"type": "t", "pad": "x" * 1000}) + "\n"
    with subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", command, str(path), "-o", "json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        with path.open("w") as pipe:
            pipe.write(line * 500)
            pipe.flush()
            process.send_signal(signum)
            with suppress(BrokenPipeError):  # it has ended meanwhile
                pipe.write(line * 500)
                pipe.flush()
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, err
    assert "interrupted" in err
    assert 0 < json.loads(out)["seen"] < 1000
