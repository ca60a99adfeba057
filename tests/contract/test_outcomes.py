"""What handlers say, over every server: the table of outcomes, the ledger, and bodies that are no documents."""

import json
from datetime import timedelta

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.consumer.app import App
from megaql.consumer.outcomes import Outcome, Reject, Retry

SECOND = timedelta(seconds=1)


@pytest.fixture
def dead(world):
    return world.queue()


@pytest.fixture
def queue(world, dead):
    policy = {"deadLetterTargetArn": world.arn(dead), "maxReceiveCount": 10}
    return world.open(world.queue(RedrivePolicy=json.dumps(policy), VisibilityTimeout="30"))


def text(value):
    return {"DataType": "String", "StringValue": value}


def left(queue):
    info = queue.info()
    return info.visible + info.in_flight


def test_a_rejected_message_is_copied_with_the_reason_and_deleted(world, queue, dead):
    def reject(_data):
        raise Reject("no such customer") from LookupError("secret")

    app = App(queue)
    app.subscribe("n == 1", subscription="reserve")(reject)
    queue.send(Outgoing('{"n": 1}', {"tenant": text("acme")}))
    assert app.run(limit=1, wait=SECOND).rejected == 1
    [copy] = world.take(dead, 1)
    assert copy["Body"] == '{"n": 1}'
    assert {name: value["StringValue"] for name, value in copy["MessageAttributes"].items()} == {
        "tenant": "acme",
        "megaql.reason": "no such customer",
        "megaql.subscription": "reserve",
        "megaql.error": "LookupError",
    }
    assert world.eventually(lambda: left(queue) == 0)


def test_of_three_handlers_only_the_one_that_asked_runs_again(world, queue):
    ran = []
    app = App(queue)

    @app.subscribe("n >= 1")
    def first(_data):
        ran.append("first")

    @app.subscribe("n <= 1")
    def second(_data, message):
        ran.append("second")
        return Retry(timedelta(0)) if message.receive_count < 3 else Outcome.DONE

    @app.subscribe("n == 1")
    def third(_data):
        ran.append("third")

    queue.send(Outgoing('{"n": 1}'))
    report = app.run(limit=3, wait=SECOND)
    assert (report.retried, report.handled) == (2, 1)
    assert ran == ["first", "second", "third", "second", "second"]
    assert world.eventually(lambda: left(queue) == 0)


def test_each_kind_of_body_has_its_own_handler(world, queue):
    seen = []
    app = App(queue, unmatched="dead-letter")
    for kind in ("mega", "data", "blob"):
        app.subscribe(kind=kind, subscription=kind)(lambda _payload, kind=kind: seen.append(kind))
    app.subscribe("price > 100", decoder=lambda body: json.loads(body[6:]) if body.startswith("order:") else None)(
        lambda order: seen.append(order.data["price"])
    )
    app.subscribe('@kind == "text" and @body == "plain"', subscription="text")(lambda line: seen.append(line.text))
    bodies = [
        '{"protocol": "mega", "version": 1, "event": {"name": "a", "timestamp": "2026-01-01T00:00:00Z"}}',
        '{"protocol": "mega", "version": 1, "event": {"broken": true}}',
        "AAECAwQFBgc=",
        "plain",
        'order:{"price": 120}',
        '{"cut off": ',
    ]
    assert queue.send_batch([Outgoing(body) for body in bodies]).failed == []
    report = app.run(limit=len(bodies), wait=SECOND)
    assert (report.handled, report.unmatched) == (5, 1)
    assert sorted(map(str, seen)) == ["120", "blob", "data", "mega", "plain"]
    [copy] = queue.dead_letter_queue().receive(wait=SECOND)
    assert copy.body == '{"cut off": '
    assert copy.attribute("megaql.reason") == "it matched no subscription"
    assert world.eventually(lambda: left(queue) == 0)
