"""Whatever user code does on the way of a message, the run goes on, the message is safe, and the log does not quote it."""

import logging
import sys
from collections import Counter
from dataclasses import replace

import pytest

import megaql
from megaql.broker.outgoing import Outgoing
from megaql.codec.payloads import MegaEvent
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.matching import Matching
from megaql.consumer.outcomes import Outcome, Reject

CARD = MegaEvent("item.added", attributes={"card": "4111-1111"})


def exits(_value):
    sys.exit("4111-1111")


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("4111-1111")


def raises_unprintable(_value):
    raise UnprintableError


@pytest.mark.parametrize("decoder", [exits, raises_unprintable, lambda _text: object(), lambda text: {text}])
def test_a_decoder_may_do_anything(*, world, app, queue, drain, caplog, decoder):
    world.send(queue, "4111-1111")
    app.subscribe("price > 3", decoder=decoder)(lambda _order: None)
    assert drain(app, limit=1).retried == 1
    world.later(5)
    assert len(world.bodies(queue)) == 1
    assert "4111" not in caplog.text
    told = next(record for record in caplog.records if "the decoder" in record.message)
    assert told.queue == "orders"
    assert ("raised" in told.message) is (decoder.__name__ != "<lambda>")
    assert "megaql/codec" not in told.message


@pytest.mark.parametrize("predicate", [exits, raises_unprintable])
def test_a_predicate_may_do_anything(*, world, app, queue, drain, caplog, predicate):
    world.send(queue, {"card": "4111-1111"})
    app.subscribe(pattern={"card": predicate})(lambda _order: None)
    report = drain(app, limit=1)
    assert report.received == report.retried + report.unknown == 1
    assert "4111" not in caplog.text


def test_a_predicate_that_raises_is_counted_by_its_clause(world, app, queue, drain):
    world.send(queue, {"card": "4111-1111"})
    app.subscribe(pattern={"card": raises_unprintable}, subscription="paid")(lambda _order: None)
    [(cause, count)] = drain(app).unknown_causes.items()
    assert (cause.subscription, cause.reason, count) == (
        "paid",
        "raises_unprintable raised UnprintableError on card",
        1,
    )


def test_a_fault_of_ours_is_told_by_type_and_place(*, world, app, queue, drain, caplog, monkeypatch):
    def broken(_matching, message):
        raise KeyError(message.body)

    monkeypatch.setattr(Matching, "match", broken)
    [sent] = world.send(queue, CARD)
    app.subscribe(name="item.added")(lambda _event: None)
    assert drain(app, limit=1).retried == 1
    assert "4111" not in caplog.text
    [told] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told.message.startswith(f"message {sent} could not be processed: KeyError at {__file__}:")
    assert told.message_id == sent


class Locked(MemoryLedger):
    def done(self, message_id):
        raise SystemExit(f"no entry of {message_id}")


def test_a_ledger_may_do_anything(world, queue, drain, caplog):
    world.send(queue, CARD)
    app = App(queue, backoff=Backoff(random=lambda: 1.0), ledger=Locked())
    app.subscribe(name="item.added")(lambda _event: None)
    assert drain(app, limit=1).retried == 1
    assert "the ledger cannot tell who is done with message" in caplog.text
    world.later(5)
    assert len(world.bodies(queue)) == 1


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [
        (lambda: Outcome.FATAL_ERROR, "the handler said FATAL_ERROR"),
        (lambda: Reject("no such customer"), "no such customer"),
    ],
)
def test_a_rejection_is_in_the_log_with_its_reason(*, world, app, queue, drain, caplog, behaviour, text):
    [sent] = world.send(queue, CARD)
    app.subscribe(name="item.added", subscription="reserve")(lambda _event: behaviour())
    assert drain(app).rejected == 1
    assert f"reserve rejects message {sent}: {text}" in caplog.messages


def test_a_reason_that_has_no_room_beside_ten_attributes_is_in_the_log(app, queue, drain, caplog):
    attributes = {f"a{number}": {"DataType": "String", "StringValue": "x"} for number in range(10)}
    sent = queue.send(Outgoing('{"a": 1}', attributes))

    @app.subscribe("a == 1", subscription="reserve")
    def reserve(_order):
        raise Reject("no such customer") from LookupError("4111")

    assert drain(app).rejected == 1
    [dead] = queue.dead_letter_queue().receive()
    assert dead.attributes == attributes
    assert f"reserve rejects message {sent}: no such customer" in caplog.messages
    assert "4111" not in caplog.text


def test_the_causes_of_unknown_name_parameters_and_not_their_values(world, app, queue, drain, caplog):
    world.send(queue, {"a": 1})
    app.subscribe("token == $token  and\n a == 1", params={"token": "s3cret"}, subscription="reserve")(lambda _p: None)
    app.subscribe("a > $least", params={"least": "s3cret"}, subscription="other")(lambda _p: None)
    least = megaql.compile("a > $least", least="s3cret")
    app.subscribe(least, kind="data", pattern={"a": 1}, subscription="joined")(lambda _p: None)
    report = drain(app)
    assert [tuple(cause) for cause in report.unknown_causes] == [
        ("reserve", "token == $token", "token is missing"),
        ("other", "a > $least", "a is a number, not a string"),
        ("joined", "a > $least", "a is a number, not a string"),
    ]
    assert "s3cret" not in caplog.text


def test_every_subscription_that_cannot_decide_is_counted(world, app, queue, drain):
    world.send(queue, {"a": "x"}, {"a": "y"}, {"a": 5})
    for name, query in (("more", "a > 10"), ("less", "a < 3"), ("equal", 'a == "z"')):
        app.subscribe(query, subscription=name)(lambda _p: None)
    report = drain(app)
    assert (report.unknown, report.unmatched) == (2, 1)
    assert {cause.subscription: count for cause, count in report.unknown_causes.items()} == {"more": 2, "less": 2}
    assert hash(report) == hash(replace(report, unknown_causes=Counter()))
