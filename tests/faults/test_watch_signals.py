"""`megaql watch` in a terminal of its own, ended in every way there is: what it leaves in the queue, and on the screen."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.scan.journal import leftovers

ROOT = Path(__file__).parents[2]
COMMAND = ("-m", "megaql.cli.main", "watch")

#: The longest that a step of a test may take. Seconds.
PATIENCE = 30

#: What no screen of a crash may show.
SECRET = "s3cr3t-of-a-customer"

#: A program whose screen breaks when the leases are looked at.
CRASH = """
import sys
from megaql.cli.main import main
from megaql.cli.watching import panels
def broken(watched, *_):
    secret = watched.store.get(1).body
    raise RuntimeError(secret)
panels.leases = broken
sys.exit(main(["watch", "local:orders"]))
"""


class Terminal:
    """A process in a terminal of 80x24, and all that it has written there."""

    def __init__(self, *words, stdin=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            stdin=slave if stdin is None else stdin,
            stdout=slave,
            stderr=slave,
            preexec_fn=own_terminal,  # noqa: PLW1509 - nothing else gives a process a controlling terminal
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(slave)
        self.written = b""
        self.gone = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        # Never blocked in a read, which would keep the terminal alive though its descriptor is closed.
        with suppress(OSError):
            while not self.gone.is_set():
                if select.select([self.master], [], [], 0.02)[0]:
                    self.written += os.read(self.master, 65536)
        os.close(self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def ended(self):
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return status, self.written.decode(errors="replace")


def until(condition, terminal):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert terminal.process.poll() is None, terminal.written.decode(errors="replace")[-2000:]
        assert time.monotonic() < end, terminal.written.decode(errors="replace")[-2000:]
        time.sleep(0.02)


@contextmanager
def watching(*words, **settings):
    terminal = Terminal(*words, **settings)
    try:
        yield terminal
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
        terminal.gone.set()
        terminal.reader.join(PATIENCE)


@pytest.fixture
def queue():
    made = Queue.open("local:orders", create=True)
    made.send_batch([Outgoing(json.dumps({"n": number, "who": SECRET})) for number in range(25)])
    yield made
    made.client.close()


def holds_all(queue, terminal):
    until(lambda: queue.info().in_flight == 25 and b"reading" in terminal.written, terminal)


def gave_back(queue):
    info = queue.info()
    return (info.visible, info.in_flight) == (25, 0) and leftovers() == []


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_gives_everything_back(queue, signum, status):
    with watching(*COMMAND, "local:orders") as terminal:
        holds_all(queue, terminal)
        terminal.process.send_signal(signum)
        code, screen = terminal.ended()
    assert code == status
    assert gave_back(queue)
    assert "released 25" in screen
    assert "\x1b[?1049l" in screen, "the terminal is as it was"


@pytest.mark.parametrize("key", ["q", "\x03"], ids=["q", "ctrl-c"])
def test_quitting_gives_everything_back(queue, key):
    with watching(*COMMAND, "local:orders") as terminal:
        holds_all(queue, terminal)
        terminal.type(key)
        code, screen = terminal.ended()
    assert code == 0
    assert gave_back(queue)
    assert "released 25" in screen
    assert "interrupted" not in screen


def test_a_terminal_that_goes_away_gives_everything_back(queue):
    with watching(*COMMAND, "local:orders") as terminal:
        holds_all(queue, terminal)
        terminal.gone.set()
        assert terminal.process.wait(PATIENCE) == 129
    assert gave_back(queue)


def test_a_crash_of_the_screen_gives_everything_back_and_shows_no_message(queue):
    with watching("-c", CRASH) as terminal:
        holds_all(queue, terminal)
        before = len(terminal.written)
        terminal.type("3")
        code, screen = terminal.ended()
    assert code == 70
    assert gave_back(queue)
    assert "MegaQL itself failed: RuntimeError" in screen
    after = screen[screen.index("\x1b[?1049l") :]
    assert SECRET not in after
    assert before < len(terminal.written)


def test_after_kill_9_release_gives_back(queue):
    with watching(*COMMAND, "local:orders") as terminal:
        holds_all(queue, terminal)
        terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait(PATIENCE)
    assert queue.info().in_flight == 25
    run = subprocess.run(
        [sys.executable, "-m", "megaql.cli.main", "release"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "released 25 messages" in run.stdout
    assert queue.info().in_flight == 0


def test_messages_from_a_pipe_and_keys_from_the_terminal():
    reading, writing = os.pipe()
    with watching(*COMMAND, "-", stdin=reading) as terminal:
        os.close(reading)
        os.write(writing, b'{"n": 1}\n{"n": 2}\n')
        until(lambda: b"seen 2" in terminal.written, terminal)
        terminal.type("q")
        code, screen = terminal.ended()
        os.close(writing)
    assert code == 0
    assert "Traceback" not in screen
    assert "Fatal" not in screen
    assert "standard input: seen 2, matched 2" in screen
