"""The programs in examples/, run as their headers say, on an embedded broker of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from megaql.broker.queue import Queue

CHECKOUT = Path(__file__).parents[2]
EXAMPLES = sorted(CHECKOUT.joinpath("examples").glob("*.py"))


def run(name, *arguments, cwd):
    """Run an example as a user would, warnings being errors, and return its lines."""
    command = [sys.executable, "-W", "error", str(CHECKOUT / "examples" / name), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_says_how_to_run_it(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert f"python examples/{path.name}" in text.split('"""')[1]
    assert len(text.splitlines()) <= 60


def test_what_is_published_is_consumed(tmp_path):
    assert run("publisher.py", cwd=tmp_path) == ["batch: 3 accepted, 0 failed", "published to local:orders"]
    lines = run("consumer.py", cwd=tmp_path)
    assert sorted(lines[:-1]) == [
        "confirm new@example.com, was old@example.com",
        "note: stop the presses",
        "pack an order of 1 lines, cups with care",
        "reserved 1 kettle (delivery 1)",
        "reserved 2 teapot (delivery 1)",
        "reserved 4 cup (delivery 1)",
    ]
    assert lines[-1] == "6 handled, 1 to be retried, 2 taken by no one"
    left = Queue.open("local:orders").info()
    assert (left.visible, left.in_flight) == (0, 1)  # the order of 500 cups, which waits for its retry


def test_the_consumer_runs_from_the_command_line(tmp_path):
    run("publisher.py", cwd=tmp_path)
    command = [sys.executable, "-m", "megaql.cli.main", "run", "examples.consumer:app", "local:orders", "--once"]
    process = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert process.returncode == 0, process.stderr
    assert "reserved 2 teapot (delivery 1)" in process.stdout


def test_the_publisher_takes_a_topic(tmp_path):
    assert run("publisher.py", "local-topic:shop", cwd=tmp_path)[-1] == "published to local-topic:shop"


def test_the_tour_of_the_language(tmp_path):
    lines = run("query_tour.py", cwd=tmp_path)
    verdicts = [line[:8].strip() for line in lines[:11]]
    assert verdicts == ["match"] * 8 + ["unknown", "match", "unknown"]
    assert "no match  event.total > 100" in "\n".join(lines)
    assert "event.total in [59, 79]" in lines
    assert lines[-1].endswith("^ replace with ==")
