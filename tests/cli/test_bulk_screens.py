"""Bulk work and snapshots as people see them, at 80 and 120 columns, in colour and piped."""

import json
import re
import shutil

import pytest

from megaql.broker import local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue

EDITS = ["--set", "event.quantity:=1", "--set", "event.checked=true", "--unset", "event.subject"]


@pytest.fixture(autouse=True)
def queues():
    """A dead-letter queue with four messages, one of them no event, and the queue they came from."""
    client = local.client()
    client.create_queue(QueueName="orders-dlq")
    dead = Queue.open("local:orders-dlq", client=client)
    dead.info()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    client.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})
    for number in range(3):
        dead.send(Outgoing(json.dumps({"number": number, "customer": f"customer-{number}"})))
    dead.send(Outgoing("a line of text"))
    yield dead
    client.close()


@pytest.fixture
def shop(events, tmp_path, monkeypatch):
    """The file of events under a name that is as long wherever the tests run."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(events, "events.ndjson")
    return "events.ndjson"


def screen(result):
    """Return both streams, without what is different every time."""
    text = re.sub(r"\d{8}T\d{6}-\d+", "20261124T091500-4711", f"{result.out}--\n{result.err}")
    text = re.sub(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "1a2b3c4d-0000-4000-8000-000000000000", text
    )
    return re.sub(r"^[0-9a-f]{8}(?=  \S+: )", "1a2b3c4d", text, flags=re.MULTILINE)


@pytest.mark.parametrize("width", [80, 120])
def test_a_dry_run_with_edits(megaql, golden, shop, width):
    result = megaql("copy", shop, "local:orders", "-w", "event.quantity > 1", *EDITS, tty=True, width=width)
    golden(f"bulk-dry-run-{width}", screen(result))


@pytest.mark.parametrize("width", [80, 120])
def test_a_run_that_leaves_something(megaql, golden, width):
    words = ["redrive", "local:orders-dlq", "--set", "number=7", "--apply", "--yes"]
    golden(f"bulk-partial-{width}", screen(megaql(*words, tty=True, width=width)))


def test_a_question_and_a_no(megaql, golden):
    golden("bulk-question-80", screen(megaql("delete", "local:orders-dlq", "--apply", answer="n\n", tty=True)))


def test_a_plan_and_its_dry_run(megaql, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["redrive", "local:orders-dlq", "-w", "number < 2", "--fields", "number,customer", "--plan", "night.plan"]
    golden("bulk-plan-80", screen(megaql(*words, tty=True)))


def test_a_dry_run_in_a_pipe_is_records(megaql, golden, events):
    result = megaql("copy", events, "local:orders", "-w", "event.quantity > 1", "--set", "event.quantity:=1")
    golden("bulk-dry-run-piped", result.out)


def test_colours_only_repeat_the_words(megaql):
    words = ["redrive", "local:orders-dlq", "-w", "number < 2", "--set", "number=7"]
    plain = megaql(*words, tty=True)
    coloured = megaql(*words, "--color", "always", tty=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured.err) == plain.err
    assert "\x1b[" in coloured.err
    assert "\x1b" not in plain.err


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(megaql, width, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["redrive", "local:orders-dlq", "--set", "number=7", "--log", "log", "--apply", "--yes"]
    result = megaql(*words, tty=True, width=width)
    assert max(map(len, result.err.splitlines())) <= max(width, 60)


def test_a_snapshot(megaql, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    golden(
        "snapshot-80",
        screen(megaql("snapshot", "local:orders-dlq", "-o", "failed.ndjson", "--mask", "customer", tty=True)),
    )
