"""Bodies that are made to break a consumer: every one ends as handled, unmatched or a dead letter, and the good ones between them are handled."""

import base64
import json
import random
import time

import pytest

from megaql import App
from megaql.broker.message import Message
from megaql.broker.outgoing import Outgoing
from megaql.consumer.backoff import Backoff
from tests.faults import accounts
from tests.faults.conftest import PATIENCE, SECOND, Run, in_queue

#: Where a backtracking regex would take longer than the universe is old.
HOSTILE = "a" * 30_000 + "!"


def printable(chance, length):
    """Return random characters of those that SQS takes."""
    return "".join(
        chance.choice(["\t", "\n", " ", "{", '"', "\\", "é", "\U0001f600", "\ufffd", "x"]) for _ in range(length)
    )


def bodies(size):
    """Return poison by name; `size` is a server's limit on a body."""
    chance = random.Random(9)
    return {
        "random bytes": base64.b64encode(chance.randbytes(3000)).decode(),
        "random text": printable(chance, 3000),
        "nothing but blanks": " " * 2000,
        "deep JSON": "[" * 50_000 + "]" * 50_000,
        "deep objects": '{"n":' * 20_000 + "1" + "}" * 20_000,
        "JSON that does not end": '{"n": [' * 100,
        "a number without end": '{"n": ' + "9" * 100_000 + "}",
        "a number that is too great": '{"n": 1e999999999}',
        "no number": '{"n": NaN}',
        "half a character": '{"n": "\\ud800"}',
        "a key a thousand times": "{" + ",".join(['"n": 1'] * 1000) + "}",
        "very many keys": json.dumps({f"k{number}": number for number in range(10_000)}),
        "text against a regex": json.dumps({"text": HOSTILE}),
        "a regex of its own": json.dumps({"text": "(a+)+$", "name": "$where"}),
        "as large as can be": json.dumps({"text": "x" * (size - 20)}),
        "BSON that lies about its length": base64.b64encode(b"\xff\xff\xff\x7f\x02n\x00" + b"\x00" * 40).decode(),
        "an envelope in an envelope in …": _envelopes(40),
        "a MEGA event that is none": json.dumps({"protocol": "mega", "version": 10**40, "event": [1, {"name": None}]}),
        "an envelope of a topic that holds nothing": json.dumps(
            {"Type": "Notification", "Message": None, "TopicArn": 7}
        ),
    }


def _envelopes(depth):
    body = "{}"
    for number in range(depth):
        if len(body) > 50_000:
            break
        body = json.dumps(
            {"Type": "Notification", "MessageId": str(number), "TopicArn": "arn:aws:sns:x:1:t", "Message": body}
        )
    return body


@pytest.fixture
def app():
    """An application whose queries look at everything that poison may hold."""
    return App(backoff=Backoff(base=SECOND, cap=SECOND), unknown="dead-letter")


def test_poison_between_good_messages(place, app):
    size = 1 << 20 if place.name == "local" else 256 << 10
    poison = bodies(size)
    queue = place.queue(receives=3, VisibilityTimeout="30")
    texts = []

    @app.subscribe("exists n and n >= 0 and n < 1000", subscription="numbers")
    def note(data):
        place.account.note(accounts.BEGUN, data.data["n"])
        place.account.note(accounts.DONE, data.data["n"])

    app.subscribe("text ~ /^(a+)+$/ or text ~ /(x+x+)+y/", subscription="regex")(lambda _: None)
    app.subscribe('event.name == "x" or **.deep == 1', subscription="deep")(lambda _: None)
    app.subscribe(kind="text", subscription="texts")(texts.append)

    numbers = iter(range(1000))
    for body in poison.values():
        place.send(queue, [next(numbers)])
        assert queue.send_batch([Outgoing(body)]).failed == []
    run = Run(app, queue, {"concurrency": 2, "wait": SECOND}, place.account)
    run.until(place.account.settled, "the good ones are handled")
    run.until(lambda: in_queue(queue) == 0, "the queue is empty")
    report = run.stop()
    dead = place.dead_bodies(queue)
    assert place.account.broken_promises() == []
    assert texts, "what is no document is text, and has its handlers"
    assert report.received == 2 * len(poison) + report.retried
    assert {body for body in dead if body not in poison.values()} == set(), "only poison is dead"


@pytest.mark.parametrize("name", sorted(bodies(1 << 20)))
def test_no_body_takes_long(app, name):
    """A body of 1 MiB against queries with regexes is decided in the time of a few reads of it, whatever is in it."""
    app.subscribe("text ~ /^(a+)+$/ or text ~ /(x+x+)+y/", subscription="regex")(lambda _: None)
    app.subscribe("**.deep == 1 or n > 1", subscription="deep")(lambda _: None)
    message = Message("m", bodies(1 << 20)[name])
    began = time.monotonic()
    app._matching.match(message)
    assert time.monotonic() - began < PATIENCE, "it would not have ended"
