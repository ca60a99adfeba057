"""`megaql peek` on local queues and files: what it shows, counts, saves and says."""

import json
import os
import stat
import subprocess
import sys

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue


@pytest.fixture
def orders():
    queue = Queue.open("local:orders", create=True)
    bodies = [json.dumps({"n": number, "name": f"item-{number:02}"}) for number in range(12)]
    queue.send_batch([Outgoing(body) for body in bodies])
    return queue


def test_a_queue_is_shown_and_given_back(megaql, orders):
    result = megaql("peek", "local:orders")
    assert result.status == 0
    assert [json.loads(line)["payload"]["n"] for line in result.lines] == list(range(12))
    assert "seen 12 of about 12, matched 12" in result.err
    assert "12 receive counts raised by 1; released 12" in result.err
    assert orders.info().in_flight == 0


@pytest.mark.usefixtures("orders")
def test_limit_and_query(megaql):
    result = megaql(
        "peek",
        "local:orders",
        "-w",
        "n >= $least",
        "-p",
        "least=3",
        "-n",
        "2",
        "-o",
        "template",
        "--template",
        "{n}:{name}",
    )
    assert result.lines == ["3:item-03", "4:item-04"]
    assert "the limit of matches is reached" in result.err


@pytest.mark.usefixtures("orders")
def test_scan_bounds_what_is_looked_at(megaql):
    result = megaql("peek", "local:orders", "--scan", "4", "--count")
    assert result.lines == ["4"]
    assert "seen 4 of about 12" in result.err


def test_count_is_not_bounded_by_the_limit_of_what_is_shown(megaql):
    queue = Queue.open("local:many", create=True)
    queue.send_batch([Outgoing("{}") for _ in range(30)])
    assert megaql("peek", "local:many", "--count").lines == ["30"]
    assert len(megaql("peek", "local:many").lines) == 20


@pytest.mark.parametrize(("query", "status"), [("n == 3", 0), ("n == 300", 1)], ids=["with a match", "without"])
@pytest.mark.usefixtures("orders")
def test_exit_status_says_whether_there_was_a_match(megaql, query, status):
    assert megaql("peek", "local:orders", "-w", query, "-e").status == status
    assert megaql("peek", "local:orders", "-w", query).status == 0


@pytest.mark.usefixtures("orders")
def test_saved_records_are_private_and_can_be_read_again(megaql, tmp_path):
    file = tmp_path / "saved.ndjson"
    file.write_text("old")
    file.chmod(0o644)
    shown = megaql("peek", "local:orders", "-w", "n < 3", "--save", file)
    assert file.read_text() == shown.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"saved 3 to {file}" in shown.err
    assert megaql("peek", file).out == shown.out


def test_sort_puts_missing_values_last_in_both_directions(megaql, events):
    fields = ["--fields", "event.quantity", "-o", "json"]
    up = json.loads(megaql("peek", events, "--sort", "event.quantity", *fields).out)
    down = json.loads(megaql("peek", events, "--sort=-event.quantity", *fields).out)
    assert [row["event.quantity"] for row in up] == [2, 5, 9, "7", None, None, None, None, None]
    assert [row["event.quantity"] for row in down] == ["7", 9, 5, 2, None, None, None, None, None]


def test_body_and_raw(megaql, events):
    query = "@kind == 'blob' or event.quantity == 5"
    assert megaql("peek", events, "-w", query, "-o", "raw").lines[1] == "iVBORw0KGgo="
    payload = json.loads(megaql("peek", events, "-w", query, "-o", "body").lines[0])
    assert payload["event"]["attributes"] == {"sku": "A-1", "quantity": 5}


def test_escape_sequences_of_a_body_reach_a_pipe_and_no_terminal(megaql, events):
    hostile = ["peek", events, "-w", "@body contains 'second line'"]
    assert "\x1b]0;owned" in megaql(*hostile, "-o", "raw").out
    for form in ("table", "body", "raw", "ndjson", "json"):
        shown = megaql(*hostile, "-o", form, tty=True).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    record = json.loads(megaql(*hostile).out)
    assert record["body"].startswith("\x1b]0;owned\x07"), "escaped in JSON, and the same value"


def test_times_are_local_on_a_terminal_and_utc_in_json(megaql, events):
    from datetime import timedelta, timezone

    east = timezone(timedelta(hours=5, minutes=30))
    query = ["peek", events, "-w", "event.quantity == 5"]
    assert "15:30:01" in megaql(*query, tty=True, zone=east).out
    assert json.loads(megaql(*query, zone=east).out)["sent_at"] == "2026-11-24T10:00:01Z"


def test_why_not_in_a_pipe_carries_the_explanation(megaql, events):
    result = megaql("peek", events, "-w", "event.name == 'item.added' and event.quantity > 3", "--why-not")
    first = json.loads(result.lines[0])
    assert first["explanation"]["verdict"] == "no match"
    assert "2  event.quantity > 3" in result.err


def test_a_question_is_asked_on_a_terminal_and_no_is_the_default(megaql, orders):
    dead = Queue.open("local:dead", create=True)
    dead.info()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    orders.client.set_queue_attributes(QueueUrl=orders.url, Attributes={"RedrivePolicy": policy})
    refused = megaql("peek", "local:orders", answer="\n")
    assert (refused.status, refused.out) == (3, "")
    assert "Read it all the same? [y/N]" in refused.err
    assert "--allow-receives" in refused.err
    assert "  where: orders\n" in refused.err
    agreed = megaql("peek", "local:orders", "-n", "1", answer="y\n")
    assert (agreed.status, len(agreed.lines)) == (0, 1)


@pytest.mark.parametrize(
    "words",
    [
        ["--why-not"],
        ["--explain"],
        ["-w", "n == 1", "--why-not", "--explain"],
        ["--follow", "--sort", "n"],
        ["--count", "--sort", "n"],
        ["-o", "template"],
        ["--template", "{n", "-o", "auto"],
        ["--template", "{n}", "-o", "json"],
        ["--fields", "n ==", "-o", "json"],
        ["--fields", "n", "-o", "raw"],
        ["-w", "n == 1", "--explain", "-o", "body"],
        ["--for", "10"],
        ["--lease", "5s"],
        ["-n", "0"],
        ["-p", "novalue"],
        ["-w", "n == $n", "-p", "n=1", "-p", "n=2"],
        ["-w", "n == $n", "-p", "n={}"],
        ["-w", "n == $n"],
        ["-w", "n == 1", "-p", "m=1"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("orders")
def test_what_cannot_mean_anything_is_a_usage_error(megaql, words):
    result = megaql("peek", "local:orders", *words)
    assert (result.status, result.out) == (2, "")
    assert "error: " in result.err
    assert "Traceback" not in result.err


def test_parameters_are_json_values_and_else_text(megaql, events):
    def count(*words):
        return megaql("peek", events, "--count", *words).lines

    assert count("-w", "event.quantity == $q", "-p", "q=5") == ["1"]
    assert count("-w", "event.quantity == $q", "-p", 'q="7"') == ["1"]
    assert count("-w", "event.sku in $skus", "-p", 'skus:=["A-1", "B-7"]') == ["2"]
    assert count("-w", "@attributes.tenant == $t", "-p", "$t=acme") == ["2"]


@pytest.mark.usefixtures("orders")
def test_what_was_found_before_an_error_of_the_queue_is_shown(megaql, monkeypatch):
    from megaql.errors import Throttled

    receive = Queue.receive
    calls = []

    def fail_later(self, *arguments, **settings):
        calls.append(self)
        if len(calls) > 1:
            raise Throttled("the service asks for fewer requests")
        return receive(self, *arguments, **settings)

    monkeypatch.setattr(Queue, "receive", fail_later)
    result = megaql("peek", "local:orders", tty=True)
    assert result.status == 5
    assert len(result.lines) == 11
    assert "released 10" in result.err
    assert result.err.endswith("error: the service asks for fewer requests\n")


def test_saving_costs_nothing_that_was_there_when_the_target_is_wrong(megaql, tmp_path):
    file = tmp_path / "saved.ndjson"
    file.write_text('{"n": 1}\n')
    assert megaql("peek", "local:nowhere", "--save", file).status == 5
    assert file.read_text() == '{"n": 1}\n'
    same = megaql("peek", file, "--save", tmp_path / "." / "saved.ndjson")
    assert (same.status, same.out) == (2, "")
    assert "The file to write is the file that is read" in same.err
    assert file.read_text() == '{"n": 1}\n'


def test_a_table_whose_reader_leaves_ends_quietly(tmp_path, child_environ):
    file = tmp_path / "many.ndjson"
    file.write_text('{"n": 1}\n' * 20_000)
    words = ["peek", str(file), "-n", "20000", "-o", "table"]
    process = subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", *words],
        env=child_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "event   payload\n"
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert "stopped: the output was closed" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("options", [["--template", "{@sent_at}"], ["--fields", "@sent_at", "-o", "json"]])
def test_times_of_the_envelope_are_plain_text(megaql, events, options):
    shown = megaql("peek", events, "-n", "1", *options).out
    assert "2026-11-24T10:00:01Z" in shown
    assert "$date" not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
def test_saving_to_a_pipe_leaves_its_mode_alone(megaql, events, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o640)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        result = megaql("peek", events, "-n", "1", "--save", pipe, "--count")
        saved = os.read(reader, 65536)
    finally:
        os.close(reader)
    assert result.status == 0, result.err
    assert json.loads(saved)["queue"] == "shop"
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o640


def test_a_file_that_cannot_be_saved_to_stops_before_the_queue_is_read(megaql, events, tmp_path):
    result = megaql("peek", events, "--save", tmp_path / "no" / "such.ndjson")
    assert (result.status, result.out) == (2, "")
    assert "next: nothing was read" in result.err
