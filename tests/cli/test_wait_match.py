"""`megaql publish --wait-match`: a smoke test of a deployment, which leaves the queue that it looks at as it was."""

import signal
import subprocess
import sys
import time

import pytest

from megaql.broker.local import client
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue

PUBLISH = ("publish", "local:orders", "--event", "order.paid", "-s", "id={{uuid}}")


def in_flight(name):
    info = Queue.open(f"local:{name}").info()
    return info.visible, info.in_flight


@pytest.fixture
def forwarding():
    """A topic before a queue: what is published to the one comes out of the other in an envelope."""
    from megaql.cli import demo_app

    demo_app.prepare()


@pytest.mark.usefixtures("forwarding")
def test_the_published_message_is_found_behind_a_topic_and_given_back(shell):
    Queue.open("local:shop").send(Outgoing('{"protocol": "mega", "event": {"id": "another"}}'))
    done = shell(
        "publish", "local-topic:shop-events", "--event", "item.added", "-s", "id={{uuid}}",
        "--wait-match", 'event.id == "{{uuid}}"', "--on", "local:shop",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "found " in done.err
    assert len(done.lines) == 1, "only ids on standard output"
    assert in_flight("shop") == (2, 0)
    messages = Queue.open("local:shop").receive(10)
    assert [message.receive_count for message in messages] == [2, 2], "looked at once"


def test_a_message_that_does_not_match_is_explained(shell):
    Queue.open("local:orders", create=True)
    done = shell(
        *PUBLISH, "-s", "total=5", "--wait-match", "event.total > $least", "-p", "least=10", "--on", "local:orders",
        "--within", "2s",
    )  # fmt: skip
    assert done.status == 1
    assert "no message that matches came to local:orders within 2 s; 1 message came" in done.err
    assert "event.total > 10" in done.err
    assert "1  5, " in done.err
    assert in_flight("orders") == (1, 0)


def test_what_had_been_there_before_does_not_count(shell, megaql):
    megaql(*PUBLISH)
    with client()._store.write() as rows:  # as if it had been sent ten minutes ago
        rows.execute("UPDATE message SET sent_at = sent_at - 600000")
    done = shell(
        "publish",
        "local:elsewhere",
        "--text",
        "x",
        "--wait-match",
        "exists event.id",
        "--on",
        "local:orders",
        "--within",
        "2s",
    )
    assert done.status == 1
    assert "no message came at all, 1 had been there before" in done.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--wait-match", "true", "--on", "local:missing"], 5, "local:missing does not exist"),
        (["--wait-match", "event.id =", "--on", "local:orders"], 2, "error: "),
        (["--wait-match", "true", "--on", "local:one"], 3, "maxReceiveCount is 1"),
        (["--wait-match", "true", "--on", "local:two"], 3, "--allow-receives"),
        (["--wait-match", "true", "--on", "local:o.fifo"], 3, "A FIFO queue cannot be waited at"),
        (["--wait-match", "true", "--on", "file.ndjson"], 2, "Nothing comes into a file"),
        (["--wait-match", "true"], 2, "--on QUEUE"),
        (["--on", "local:orders"], 2, "--wait-match QUERY"),
        (["--within", "5s"], 2, "--wait-match QUERY"),
        (["--wait-match", "true", "--on", "local:orders", "--within", "5"], 2, "did you mean 5s?"),
        (["--wait-match", "true", "--on", "local:orders", "--dry-run"], 2, "nothing is sent"),
        (["--wait-match", 'id == "{{uuid}}"', "--on", "local:orders", "--count", "2"], 2, "about one message"),
    ],
)
def test_nothing_is_published_where_nothing_could_be_waited_for(megaql, words, status, said):
    for name, receives in (("one", 1), ("two", 2)):
        dead = Queue.open(f"local:{name}-dlq", create=True)
        queue = Queue.open(f"local:{name}", create=True)
        policy = f'{{"deadLetterTargetArn": "{dead.arn}", "maxReceiveCount": {receives}}}'
        queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})
    Queue.open("local:o.fifo", create=True)
    Queue.open("local:orders", create=True)
    done = megaql(*PUBLISH, *words)
    assert (done.status, done.out) == (status, ""), done.err
    assert said in done.err
    assert in_flight("orders") == (0, 0)


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_waiting_leaves_nothing_in_flight(child_environ, signum, status):
    Queue.open("local:orders", create=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", *PUBLISH, "--wait-match", "false", "--on", "local:orders"],
        env=child_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ends = time.monotonic() + 30
    process.stdout.readline()
    while in_flight("orders")[1] == 0 and time.monotonic() < ends:
        time.sleep(0.05)
    process.send_signal(signum)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    assert "released 1" in err
    assert in_flight("orders") == (1, 0)
