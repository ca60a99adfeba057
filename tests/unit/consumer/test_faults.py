"""A queue that fails: the worker goes on, and no message is lost or acknowledged before it is handled."""

import contextlib
import random

import pytest

from megaql.broker.message import Message
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.outcomes import Reject, Retry
from megaql.consumer.rejection import DeadLetters, Rejection
from megaql.errors import AccessDenied, BrokerError, QueueNotFound, Throttled

pytestmark = pytest.mark.usefixtures("no_pauses")


def counting(queue, **settings):
    app = App(queue, backoff=Backoff(random=lambda: 1.0), **settings)
    handled = []
    app.subscribe("exists a", subscription="note")(lambda data: handled.append(data.data["a"]))
    return app, handled


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ServiceUnavailable", "OverLimit", "ExpiredToken", "AccessDenied", "Unheard"]
)
def test_a_failed_receive_is_tried_again(world, flaky, drain, caplog, code):
    queue = world.with_dead_letters("orders")
    world.send(queue, {"a": 1})
    app, handled = counting(flaky(queue, receive_message=[code] * 3))
    assert drain(app).handled == 1
    assert handled == [1]
    assert len([text for text in caplog.messages if text.startswith("receive failed, again in 0.0 s")]) == 3
    assert caplog.messages.count("orders answers again, after 3 failed receives") == 1


def test_a_receive_whose_answer_is_lost_only_delays_the_message(world, queue, flaky, drain):
    world.send(queue, {"a": 1})
    app, handled = counting(flaky(queue, receive_message=[("lost", "ServiceUnavailable")]))
    assert drain(app).received == 0
    world.later(30)
    assert drain(app).handled == 1
    assert handled == [1]


def test_a_run_until_empty_gives_up_a_queue_that_never_answers(queue, flaky, drain):
    app, _ = counting(flaky(queue, receive_message=["AccessDenied"] * 5))
    with pytest.raises(AccessDenied):
        drain(app)


@pytest.mark.parametrize("fault", ["ServiceUnavailable", ("lost", "ServiceUnavailable"), "ThrottlingException"])
def test_a_failed_delete_is_tried_again(world, queue, flaky, drain, fault):
    world.send(queue, {"a": 1})
    app, handled = counting(flaky(queue, delete_message_batch=[fault, fault]))
    report = drain(app)
    assert (report.handled, report.undone) == (1, 0)
    world.later(3600)
    assert (handled, world.bodies(queue)) == ([1], [])


def test_a_delete_that_never_works_is_reported_and_its_handler_does_not_run_again(world, queue, flaky, drain, caplog):
    [sent] = world.send(queue, {"a": 1})
    app, handled = counting(flaky(queue, delete_message_batch=["ServiceUnavailable"] * 3))
    report = drain(app, limit=1)
    assert (report.handled, report.undone) == (1, 1)
    assert f"could not delete message {sent}: " in caplog.text
    world.later(30)
    assert drain(app).handled == 1
    assert (handled, world.bodies(queue)) == ([1], [])


def test_a_return_that_does_not_work_leaves_the_message_to_its_lease(world, queue, flaky, drain):
    world.send(queue, {"a": 1})
    app = App(flaky(queue, change_message_visibility_batch=["AccessDenied"]))

    @app.subscribe("exists a")
    def later(_data, message):
        if message.receive_count == 1:
            raise Retry

    report = drain(app, limit=1)
    assert (report.retried, report.undone) == (1, 1)
    world.later(30)
    assert drain(app).handled == 1


@pytest.mark.parametrize("fault", ["ServiceUnavailable", "AccessDenied", ("lost", "ServiceUnavailable")])
def test_a_dead_letter_copy_that_fails_keeps_the_message(world, queue, flaky, drain, fault):
    world.send(queue, {"a": 1})
    app = App(flaky(queue, send_message_batch=[fault]), backoff=Backoff(random=lambda: 1.0))

    @app.subscribe("exists a")
    def never(_data):
        raise Reject("never")

    assert drain(app, limit=1).kept == 1
    assert queue.info().in_flight == 1
    world.later(5)
    report = drain(app)
    assert (report.kept, report.rejected) == (0, 1)
    assert queue.info().in_flight == 0
    copies = len(queue.dead_letter_queue().receive())
    assert copies == (1 if isinstance(fault, str) else 2)


def test_a_dead_letter_queue_that_was_replaced_is_found(world, queue):
    dead_letters = DeadLetters(queue)
    rejected = [(Message("m1", "a"), Rejection("never"))]
    assert dead_letters.send(rejected) == [""]
    world.client.delete_queue(QueueUrl=queue.dead_letter_queue().url)
    policy = f'{{"deadLetterTargetArn": "{world.queue("other").arn}", "maxReceiveCount": 10}}'
    world.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})
    with pytest.raises(QueueNotFound):
        dead_letters.send(rejected)
    assert dead_letters.send(rejected) == [""]
    assert world.bodies(queue.dead_letter_queue()) == ["a"]


class BrokenLedger(MemoryLedger):
    def __init__(self, *broken):
        super().__init__()
        self.broken = set(broken)

    def __getattribute__(self, name):
        if name in {"done", "record", "forget"} and name in self.broken:
            raise OSError("the ledger is away")
        return super().__getattribute__(name)


def test_a_ledger_that_cannot_tell_returns_the_message_before_any_handler(world, queue, drain):
    world.send(queue, {"a": 1})
    ledger = BrokenLedger("done")
    app, handled = counting(queue, ledger=ledger)
    assert drain(app).retried == 1
    assert handled == []
    ledger.broken.clear()
    world.later(5)
    assert drain(app).handled == 1
    assert handled == [1]


def test_a_ledger_that_cannot_record_or_forget_does_not_stop_a_message_that_is_done(world, queue, drain, caplog):
    world.send(queue, {"a": 1})
    app, handled = counting(queue, ledger=BrokenLedger("record", "forget"))
    assert drain(app).handled == 1
    assert (handled, world.bodies(queue)) == ([1], [])
    assert "the ledger cannot record" in caplog.text
    assert "the ledger cannot forget" in caplog.text


def test_a_fault_of_our_own_returns_the_message(world, queue, drain, monkeypatch, caplog):
    world.send(queue, {"a": 1})
    app, handled = counting(queue)

    def broken(_matching, _message):
        raise RecursionError

    monkeypatch.setattr("megaql.consumer.matching.Matching.match", broken)
    assert drain(app).retried == 1
    assert "could not be processed: RecursionError at " in caplog.text
    monkeypatch.undo()
    world.later(5)
    drain(app)
    assert handled == [1]


def test_a_queue_that_does_not_answer_at_the_start_is_an_error(queue, flaky):
    app, _ = counting(flaky(queue, get_queue_attributes=["ServiceUnavailable"]))
    with pytest.raises(Throttled):
        app.run(once=True)


def test_a_fault_in_the_worker_itself_ends_the_run_aloud_and_keeps_the_message(world, queue, drain, monkeypatch):
    world.send(queue, {"a": 1})
    app, _ = counting(queue)

    def broken(_settler, _entries, _begun):
        raise ZeroDivisionError

    monkeypatch.setattr("megaql.consumer.settlement.Settler.settle", broken)
    with pytest.raises(ZeroDivisionError):
        drain(app)
    assert queue.info().in_flight == 1


@pytest.mark.parametrize("seed", range(5))
def test_whatever_fails_every_message_is_handled_and_none_is_deleted_before(world, flaky, drain, seed):
    chance = random.Random(seed)
    codes = ["ServiceUnavailable", "ThrottlingException", "ExpiredToken", "AccessDenied"]

    def script(share):
        fault = [*codes, *(("lost", code) for code in codes)]
        return [chance.choice(fault) if chance.random() < share else None for _ in range(400)]

    queue = world.with_dead_letters("orders", receives=1000)
    sent = set(range(120))
    world.send(queue, *({"a": number} for number in sent))
    faulty = flaky(
        queue,
        receive_message=script(0.2),
        delete_message_batch=script(0.4),
        change_message_visibility_batch=script(0.4),
    )
    app = App(faulty)
    begun, done = [], []

    @app.subscribe("exists a")
    def sometimes(data):
        begun.append(data.data["a"])
        if chance.random() < 0.3:
            raise chance.choice([ValueError, TimeoutError, Retry, SystemExit])
        done.append(data.data["a"])

    for _ in range(60):
        with contextlib.suppress(BrokerError):
            drain(app, concurrency=3)
        info = queue.info()
        assert info.visible + info.in_flight >= len(sent - set(done))
        if set(done) == sent and info.visible + info.in_flight == 0:
            break
        world.later(1000)
    assert set(done) == sent
    assert info.visible + info.in_flight == 0
    # The ledger keeps a handler that is done from running again, however often its delete fails.
    assert len(done) == len(sent)
    assert len(begun) > len(done)
