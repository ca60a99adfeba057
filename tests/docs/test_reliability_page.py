"""docs/reliability.md: its example runs, the tests it names are there, and its numbers are the program's own."""

import re
from datetime import timedelta
from pathlib import Path

import megaql
from megaql.broker import patience
from megaql.broker.queue import Queue
from megaql.consumer import app as application
from megaql.consumer import choices, heartbeat, settlement, startup

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_the_example_handles_a_payment_once_however_often_it_comes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    Queue.open("local:payments", create=True)
    names = {}
    exec(compile(block, "reliability.md", "exec"), names)
    for _ in range(3):
        megaql.Publisher("local:payments").publish({"payment": {"id": "p1", "cents": 500}})
    assert names["app"].run(once=True).handled == 3
    assert names["books"].execute("SELECT * FROM payment").fetchall() == [("p1", 500)]
    names["books"].close()


def test_the_tests_it_names_are_there():
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", TEXT)
    assert len(named) > 25
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / "faults" / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_its_numbers_are_the_programs_own():
    assert (patience.RECEIVE_MARGIN, patience.LONGEST_WAIT + patience.RECEIVE_MARGIN) == (2, 22)
    assert (patience.ANSWER_TIMEOUT, patience.RARE_TIMEOUT, patience.SLOW_LINE) == (5, 10, 100_000)
    assert (patience.LEASE_SHARE, patience.LEAST_FOR_VISIBILITY) == (0.2, 2)
    assert patience.LONGEST_WAIT + patience.LEAST == 23
    assert timedelta(seconds=5) == application.POLL_BACKOFF.cap
    assert timedelta(seconds=10) == startup.SHORT_VISIBILITY
    assert timedelta(seconds=25) == choices.DRAIN_TIMEOUT
    assert (heartbeat.BEAT, settlement.ATTEMPTS) == (0.5, 3)
