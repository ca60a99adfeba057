"""The command line in this process, on a terminal or in a pipe of any width, and as a subprocess."""

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from megaql.cli.environment import Environment
from megaql.cli.main import main
from tests.cli.numbered import queue_of

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()


@pytest.fixture
def megaql():
    """Run a command line in this process: `megaql("peek", "local:orders", tty=True, width=120)`."""

    def run(*arguments, tty=False, width=80, environ=None, answer="", zone=UTC):
        world = Environment(
            stdin=io.StringIO(answer),
            stdout=io.StringIO(),
            stderr=io.StringIO(),
            stdin_isatty=bool(answer),
            stdout_isatty=tty,
            stderr_isatty=bool(answer),
            environ={"NO_COLOR": "1"} if environ is None else environ,
            width=width,
            now=lambda: datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
            zone=zone,
        )
        status = main([str(argument) for argument in arguments], world)
        return Result(status, world.stdout.getvalue(), world.stderr.getvalue())

    return run


@pytest.fixture
def shell(child_environ):
    """Run the command line as a process of its own, its output in pipes."""

    def run(*arguments, stdin=b"", environ=None, cwd=None):
        done = subprocess.run(
            [sys.executable, "-m", "megaql.cli.main", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=child_environ(environ),
            cwd=cwd,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def child_environ():
    """The environment of this test for a child process that finds the package; a function that takes what to add."""
    return lambda extra=None: {**os.environ, "PYTHONPATH": str(ROOT), **(extra or {})}


@pytest.fixture
def golden():
    """Compare a screen with the file of a name; MEGAQL_UPDATE_GOLDEN=1 writes it instead."""

    def compare(name, text):
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def events():
    """A file of records with everything that turns up in queues, some of it hostile to terminals."""
    return Path(__file__).parent / "events.ndjson"


@pytest.fixture
def dead():
    """A dead-letter queue with ten messages, and the queue they came from."""
    dead = queue_of("orders-dlq", 10)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5})
    return dead, queue_of("orders", RedrivePolicy=policy)
