"""`megaql run` with --shadow, --record and --reload: trying an application out, and taking note of what it does."""

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import time

import pytest

from megaql.broker.queue import Queue
from megaql.cli.consuming import reloading

HANDLERS = """
    import megaql

    app = megaql.App("local:orders", unmatched="return")

    @app.subscribe('event.name == "order.paid" and event.total >= 500')
    def look(event, message):
        print("look", flush=True)

    @app.subscribe('event.name == "order.paid"')
    def mail(event, message):
        if event.subject == "broken":
            raise ConnectionError
        print("first", flush=True)
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "handlers.py").write_text(textwrap.dedent(HANDLERS))
    return tmp_path


@pytest.fixture
def orders(megaql):
    """A queue with one message for both handlers, one for a single one, one for nobody, and one that cannot be decided."""
    for words in (
        ["--event", "order.paid", "-s", "total=900", "-s", "email=ann@example.org"],
        ["--event", "order.paid", "-s", "total=5", "-s", "email=bob@example.org"],
        ["--event", "order.sent"],
        ["--data", '{"total": 900}'],
    ):
        assert megaql("publish", "local:orders", *words).status == 0
    return Queue.open("local:orders")


def dead_lettering(queue, receives):
    dead = Queue.open("local:orders-dlq", create=True)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives})
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})


def test_a_shadow_says_who_would_get_what_and_takes_nothing(shell, orders, project):
    done = shell("run", "handlers:app", "--shadow", "--once", cwd=project)
    assert done.status == 0, done.err
    rows = [json.loads(line) for line in done.lines]
    assert [(row["event"], row["verdict"], row["subscriptions"]) for row in rows] == [
        ("order.paid", "match", ["look", "mail"]),
        ("order.paid", "match", ["mail"]),
        ("order.sent", "no match", []),
        ("(data)", "unknown", []),
    ]
    assert rows[3]["undecided"][0]["reason"] == "event.name is missing"
    assert "     1  would be handled by look\n     2  would be handled by mail\n" in done.err
    assert (
        "     1  would be returned: no subscription takes it\n     1  would be returned: none takes it, and a query cannot decide\n"
        in done.err
    )
    info = orders.info()
    assert (info.visible, info.in_flight) == (4, 0)
    assert [message.receive_count for message in orders.receive(10)] == [2] * 4, "received once by the shadow"


@pytest.mark.parametrize(
    "case",
    [
        (1, [], 3),
        (1, ["--allow-receives"], 3),
        (2, [], 3),
        (2, ["--allow-receives"], 0),
        (1, ["--allow-dead-letter"], 0),
    ],
)
def test_a_shadow_keeps_the_rules_about_few_receives(shell, orders, project, case):
    receives, words, status = case
    dead_lettering(orders, receives)
    done = shell("run", "handlers:app", "--shadow", "--once", *words, cwd=project)
    assert done.status == status, done.err
    assert (Queue.open("local:orders-dlq").info().visible, orders.info().in_flight) == (0, 0)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_shadow_with_nothing_in_flight(orders, project, child_environ, signum):
    with subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", "run", "handlers:app", "--shadow"],
        cwd=project, env=child_environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        for _ in range(4):
            assert process.stdout.readline()
        process.send_signal(signum)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signum
    assert "released 4" in err
    assert (orders.info().visible, orders.info().in_flight) == (4, 0)


@pytest.mark.usefixtures("orders")
def test_a_record_says_what_became_of_each_message_and_is_sent_again(shell, megaql, project):
    megaql("publish", "local:orders", "--event", "order.paid", "-s", "total=1", "--subject", "broken")
    file = project / "seen.ndjson"
    file.write_text("{}\n")
    file.chmod(0o644)
    done = shell("run", "handlers:app", "--limit", "5", "--record", file, "--mask", "event.email", cwd=project)
    assert done.status == 0, done.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before, *records = [json.loads(line) for line in file.read_text().splitlines()]
    assert before == {}, "what was there stays"
    runs = {record["body"]: record["run"] for record in records}
    assert len(runs) == 5
    (both,) = [run for run in runs.values() if len(run["subscriptions"]) == 2]
    assert [(one["subscription"], one["outcome"]) for one in both["handlers"]] == [("look", "done"), ("mail", "done")]
    assert (both["verdict"], both["became"], both["action"], both["told"]) == ("match", "handled", "delete", True)
    (failed,) = [run for body, run in runs.items() if "broken" in body]
    assert (failed["handlers"][0]["error"], failed["became"]) == ("ConnectionError", "retried")
    assert sorted(run["became"] for run in runs.values()) == ["handled", "handled", "retried", "unknown", "unmatched"]
    assert "@example.org" not in file.read_text()
    assert megaql("test", 'event.name == "order.paid"', file, "--count").lines == ["3"]
    assert len(megaql("publish", "local:again", "--from", file).lines) == 6


def test_a_shadow_is_recorded_too(shell, orders, project):
    done = shell("run", "handlers:app", "--shadow", "--once", "--record", "seen.ndjson", cwd=project)
    assert done.status == 0, done.err
    runs = [json.loads(line)["run"] for line in (project / "seen.ndjson").read_text().splitlines()]
    assert [run["subscriptions"] for run in runs] == [["look", "mail"], ["mail"], [], []]
    assert {run["became"] for run in runs} == {"shadow"}
    assert orders.info().visible == 4


def test_a_full_disk_is_an_error_of_a_shadow_and_a_line_in_the_log_of_a_run(shell, orders, project):
    done = shell("run", "handlers:app", "--shadow", "--once", "--record", "/dev/full", cwd=project)
    assert done.status == 2
    assert "error: A record cannot be written\n  where: /dev/full\n  why: No space left on device\n" in done.err
    assert (orders.info().visible, orders.info().in_flight) == (4, 0)
    done = shell("run", "handlers:app", "--limit", "4", "--record", "/dev/full", cwd=project)
    assert done.status == 0
    assert "the hook Recorder.after_settle raised MegaQLError; the consumer goes on" in done.err
    assert "handled 2" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shadow", "--processes", "2"], "--processes means nothing"),
        (["--shadow", "--reload"], "--reload means nothing"),
        (["--mask", "event.email"], "add --record FILE"),
        (["--allow-receives"], "this is about --shadow"),
        (["--record", "/no/such/folder/x"], "The file to record to cannot be written"),
        (["--record", "x.ndjson", "--mask", "event..x"], "error: "),
    ],
)
def test_what_cannot_be_together(shell, orders, project, words, said):
    done = shell("run", "handlers:app", *words, cwd=project)
    assert done.status == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert orders.info().visible == 4


def test_which_files_are_watched(tmp_path):
    for name in ("a.py", "b.txt", "shop.mql", "megaql.toml", "deep/c.py", ".git/d.py", "env/pyvenv.cfg", "env/e.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    before = reloading.sources(tmp_path)
    assert sorted(before) == ["a.py", "deep/c.py", "megaql.toml", "shop.mql"]
    (tmp_path / "a.py").unlink()
    (tmp_path / "shop.mql").write_text("other")
    (tmp_path / "new.py").write_text("")
    os.utime(tmp_path / "deep" / "c.py", ns=(1, 1))
    assert reloading.changed(before, reloading.sources(tmp_path)) == ["a.py", "deep/c.py", "new.py", "shop.mql"]
    assert reloading.changed(before, before) == []


class Watched:
    """A consumer under --reload, whose lines can be waited for."""

    def __init__(self, project, environ, *words):
        self.log = project / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "megaql.cli.main", "run", "handlers:app", "--reload", *words],
                cwd=project, env=environ, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait_for(self, text, times=1):
        ends = time.monotonic() + 40
        while self.log.read_text().count(text) < times:
            assert time.monotonic() < ends, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)

    def end(self, signum):
        self.process.send_signal(signum)
        return self.process.wait(30)


@pytest.mark.parametrize("words", [[], ["--processes", "2"]], ids=["one process", "supervised"])
def test_a_change_starts_the_consumer_again_and_a_syntax_error_waits_for_the_next(
    project, megaql, child_environ, words
):
    Queue.open("local:orders", create=True)
    source = project / "handlers.py"
    watched = Watched(project, child_environ(), *words)
    try:
        megaql("publish", "local:orders", "--event", "order.paid", "-s", "total=1")
        watched.wait_for("first")
        source.write_text(source.read_text().replace("first", "second"))
        watched.wait_for("handlers.py changed; the consumer starts again")
        megaql("publish", "local:orders", "--event", "order.paid", "-s", "total=1")
        watched.wait_for("second")
        good = source.read_text()
        source.write_text(good + "\ndef broken(:\n")
        watched.wait_for("The module handlers does not import")
        watched.wait_for("the consumer ended; it starts again when a file changes")
        source.write_text(good.replace("second", "mended"))
        watched.wait_for("changed; the consumer starts again", 3)
        megaql("publish", "local:orders", "--event", "order.paid", "-s", "total=1")
        watched.wait_for("mended")
    finally:
        status = watched.end(signal.SIGTERM)
    assert status == 143
    log = watched.log.read_text()
    assert "handlers.py changed; the consumer starts again" in log
    assert "Traceback" not in log
    assert (Queue.open("local:orders").info().visible, Queue.open("local:orders").info().in_flight) == (0, 0)


@pytest.mark.parametrize("words", [[], ["--processes", "2"]], ids=["one process", "supervised"])
def test_a_consumer_does_not_outlive_the_process_that_watches(project, megaql, child_environ, words):
    Queue.open("local:orders", create=True)
    source = project / "handlers.py"
    source.write_text(source.read_text() + "\nimport os\nprint('pid', os.getpid(), flush=True)\n")
    watched = Watched(project, child_environ(), *words)
    megaql("publish", "local:orders", "--event", "order.paid", "-s", "total=1")
    watched.wait_for("first")
    consumers = [int(found) for found in re.findall(r"pid (\d+)", watched.log.read_text())]
    assert watched.end(signal.SIGKILL) == -signal.SIGKILL
    ends = time.monotonic() + 40
    try:
        while "stopped: it was asked to stop" not in watched.log.read_text():
            assert time.monotonic() < ends, watched.log.read_text()
            time.sleep(0.05)
    except AssertionError:
        for pid in consumers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise


@pytest.mark.usefixtures("orders")
def test_a_consumer_that_is_done_ends_the_watching(shell, project):
    done = shell("run", "handlers:app", "--reload", "--limit", "2", cwd=project)
    assert done.status == 0, done.err
    assert "received 2" in done.err
