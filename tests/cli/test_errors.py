"""Every way a user can be wrong or unlucky: four parts on standard error, the documented status, no traceback, nothing on standard output."""

import os
import re
import shlex
import socket
import subprocess
import sys

import pytest

from megaql import query
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue


def assert_told(result, status, *parts):
    assert (result.status, result.out) == (status, ""), result.err
    assert result.err.startswith("error: ")
    assert [part for part in parts if part not in result.err] == []
    assert "Traceback" not in result.err


@pytest.fixture
def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize(
    "words",
    [
        ["peek", "local:nowhere"],
        ["explain", "a == 1", "local:nowhere"],
        ["peek", "local:nowhere", "-w", "a == 1", "--count"],
    ],
    ids=lambda words: words[0],
)
def test_unknown_queue(megaql, words):
    assert_told(megaql(*words), 5, "local:nowhere does not exist", "where: ", "why: ", "next: ")


def test_unknown_queue_that_looks_like_another(megaql):
    Queue.open("local:orders", create=True)
    assert_told(megaql("peek", "local:order"), 5, "did you mean local:orders?")


@pytest.mark.parametrize(
    "words", [["peek", "orders"], ["publish", "orders", "--text", "a"]], ids=lambda words: words[0]
)
def test_no_credentials(shell, words, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert_told(shell(*words), 4, "credentials", "where: orders", "next: ")


@pytest.mark.parametrize("words", [["peek"], ["explain", "a == 1"]], ids=lambda words: words[0])
def test_no_network(shell, words, closed_port):
    url = f"http://127.0.0.1:{closed_port}/000000000000/orders"
    assert_told(shell(*words, url), 5, "no connection", f"where: {url}", "next: ")


def test_no_network_for_a_publisher(shell, closed_port):
    done = shell("publish", "orders", "--text", "a", "--endpoint-url", f"http://127.0.0.1:{closed_port}")
    assert_told(done, 5, "no connection", f"http://127.0.0.1:{closed_port}")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "no region is configured"),
        (["--region", "no where"], "the region is not valid"),
        (["--region", "eu-west-1", "--endpoint-url", "nonsense"], "the endpoint is not a URL"),
    ],
    ids=["none", "region", "endpoint"],
)
@pytest.mark.parametrize("command", [["peek", "orders"], ["publish", "orders", "--text", "a"]], ids=["peek", "publish"])
def test_a_place_that_cannot_be(megaql, monkeypatch, command, words, what):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert_told(megaql(*command, *words), 2, what, "where: orders", "why: ", "next: ")


@pytest.mark.parametrize(
    "words",
    [["peek", "local:orders", "-w"], ["test"], ["explain"]],
    ids=lambda words: words[0],
)
def test_a_query_with_an_error(megaql, events, words):
    Queue.open("local:orders", create=True)
    query = 'event.name = "item.added"'
    arguments = [*words, query] if words[0] == "peek" else [*words, query, events]
    result = megaql(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "error: '=' is not an operator here; did you mean '=='?\n"
        '  1 | event.name = "item.added"\n'
        "    |            ^ replace with ==\n"
    )


def test_a_file_of_nothing_but_malformed_lines(megaql, tmp_path):
    path = tmp_path / "broken.ndjson"
    path.write_text("{broken\nsecret stuff\n")
    result = megaql("test", "a == 1", path)
    assert (result.status, result.out) == (2, "")
    assert f"where: {path}, line 1" in result.err
    assert "secret" not in result.err


def test_a_file_that_is_not_there(megaql):
    assert_told(megaql("test", "a == 1", "nosuch.ndjson"), 2, "There is no such file", "where: nosuch.ndjson")


def test_a_topic_cannot_be_read(megaql):
    assert_told(megaql("peek", "local-topic:shop"), 2, "A topic cannot be read", "next: ")


def test_a_target_that_is_none(megaql):
    assert_told(megaql("peek", "https://"), 2, "is not a queue URL", "next: ")


def test_standard_input_is_no_destination(megaql):
    parts = ("'-' is no destination", "where: megaql publish, DESTINATION", "why: ", "next: ")
    assert_told(megaql("publish", "-", "--text", "a"), 2, *parts)


@pytest.mark.parametrize("name", ["-", "gone.ndjson", None], ids=["stdin", "missing", "file"])
def test_only_queues_can_be_followed(megaql, events, name):
    result = megaql("peek", name or events, "--follow")
    assert_told(result, 2, "Only queues can be followed", "where: megaql peek, --follow", "why: ", "next: ")


def test_a_queue_that_dead_letters_at_once(megaql):
    queue, dead = Queue.open("local:orders", create=True), Queue.open("local:dead", create=True)
    queue.send(Outgoing("{}"))
    dead.info()
    policy = f'{{"deadLetterTargetArn": "{dead.arn}", "maxReceiveCount": 1}}'
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})
    assert_told(megaql("peek", "local:orders"), 3, "maxReceiveCount is 1", "--allow-dead-letter")
    assert megaql("peek", "local:orders", "--allow-dead-letter", "--count").status == 0


def test_a_file_to_save_to_that_cannot_be_written(megaql, tmp_path):
    Queue.open("local:orders", create=True)
    result = megaql("peek", "local:orders", "--save", tmp_path / "no" / "such.ndjson")
    assert_told(result, 2, str(tmp_path / "no" / "such.ndjson"), "No such file or directory")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["pek", "x"], ["No such command 'pek'", "did you mean 'peek'?"]),
        (
            ["peek", "local:orders", "--limti", "3"],
            ["No such option: --limti", "did you mean --limit?", "where: megaql peek"],
        ),
        (["peek"], ["Missing argument 'TARGET'", "`megaql peek --help`"]),
        (
            ["peek", "local:orders", "--for", "10"],
            ["'10' is no duration", "did you mean 10s?", "where: megaql peek, --for"],
        ),
        (["peek", "local:orders", "-o", "tabel"], ["error: 'tabel' is not one of", "where: megaql peek, --output"]),
        (["peek", "local:orders", "-n", "x"], ["error: 'x' is not", "where: megaql peek, --limit"]),
        (["peek", "local:orders", "-n", "0"], ["error: 0 is ", "where: megaql peek, --limit"]),
        (["publish", "local:orders", "--event", "a", "--text", "b"], ["error: --event and --text exclude each other"]),
        (["peek", "local:orders", "--template", "{}"], ["error: a path is missing", "where: megaql peek, --template"]),
        (["run", ":app"], ["error: ':app' names no module", "next: write"]),
        (["test", "true", "nosuch.ndjson"], ["where: nosuch.ndjson", "why: it is not in ", "next: "]),
        (["test", "true", "."], ["A file cannot be read", "next: "]),
        (["test", "a == $x", "nosuch.ndjson"], ["-p x=..."]),
        (["help", "exitcodes"], ["There is no topic 'exitcodes'", "did you mean exit-codes?"]),
        (["peek", "local:orders", "--limit"], ["--limit"]),
        (["peek", "a", "b"], ["unexpected extra argument", "b"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage(megaql, words, parts):
    assert_told(megaql(*words), 2, *parts)


def test_a_defect_is_named_without_its_text_and_shown_on_request(megaql, monkeypatch, events):
    # As if it stood in MegaQL: what a user's own module raises is told as its own.
    text = "def fail(*_arguments, **_settings):\n    raise RuntimeError('the body was secret')\n"
    names = {}
    exec(compile(text, query.__file__, "exec"), names)
    monkeypatch.setattr("megaql.query.Query.evaluate", names["fail"])
    result = megaql("test", "a == 1", events)
    assert result.status == 70
    assert "MegaQL itself failed: RuntimeError" in result.err
    assert "secret" not in result.err
    assert "Traceback" not in result.err
    shown = megaql("test", "a == 1", events, environ={"MEGAQL_DEBUG": "1"})
    assert "Traceback" in shown.err


def test_errors_are_coloured_on_request_only(megaql):
    coloured = megaql("peek", "local:nowhere", "--color", "always").err
    plain = megaql("peek", "local:nowhere").err
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert coloured.startswith("\x1b[")


def test_a_hostile_name_reaches_no_terminal(megaql):
    result = megaql("peek", "\x1b[2Jx.ndjson")
    assert result.status == 2
    assert "\x1b" not in result.err


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_defect(closed, child_environ):
    script = f"exec {shlex.quote(sys.executable)} -m megaql.cli.main test true - {closed}"
    done = subprocess.run(
        ["sh", "-c", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=child_environ(),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["peek", "x", "--wher", "a"], "did you mean --where? "),
        (["peek", "x", "--savee", "a"], "did you mean --save? "),
        (["peek", "x", "--exit"], "did you mean --exit-status? "),
        (["peek", "x", "--html", "f"], "--html is an option of stats, not of peek. "),
        (["peek", "x", "--apply"], "--apply is an option of redrive, copy, move and delete, not of peek. "),
        (["peek", "x", "--aply"], "--apply is an option of redrive, copy, move and delete, not of peek. "),
        (["snapshot", "x", "-o", "f", "--save", "f"], "--save is an option of "),
        (["local", "list", "-w", "x"], "-w is an option of peek, "),
        (["peek", "x", "--max", "3"], ""),
        (["peek", "x", "-z"], ""),
        (["--helpp"], "did you mean --help? "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_option_that_is_not_there(megaql, words, hint):
    """A near one of the same command, else who has it; nothing that only shares some letters."""
    result = megaql(*words, width=200)
    assert result.status == 2
    (line,) = [line for line in result.err.splitlines() if line.startswith("  next: ")]
    assert line.startswith(f"  next: {hint or '`'}")
    assert line.endswith("--help` shows what there is")


def test_on_a_terminal_errors_are_broken_between_words(megaql):
    piped = megaql("peek", "local:nowhere", width=30)
    assert_told(piped, 5)
    typed = megaql("peek", "local:nowhere", width=30, answer="y")
    *told, advice = typed.err.splitlines()
    assert max(len(line) for line in piped.err.splitlines()[:-1]) > 30
    assert max(len(line) for line in told) <= 30
    assert typed.err.split() == piped.err.split()
    assert advice == piped.err.splitlines()[-1], "a command in it can be copied"


def test_a_query_in_an_error_stays_whole(megaql):
    text = " and ".join(f"field_{number} == {number}" for number in range(9)) + " and = 5"
    typed, piped = (megaql("peek", "local:orders", "-w", text, width=40, answer=answer) for answer in ("y", ""))
    drawn = [line for line in piped.err.splitlines() if " | " in line]
    assert drawn
    assert [line for line in typed.err.splitlines() if " | " in line] == drawn
