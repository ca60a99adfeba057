"""An application run until its queue is empty: what is reported, what is raised, what waits."""

import asyncio
import threading
import traceback
from contextlib import contextmanager
from datetime import timedelta

import pytest

import megaql
from megaql.consumer.backoff import Backoff
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.report import Stopped
from megaql.errors import ConsumerError
from megaql.testing import NotEmptyError, mega_event, run_until_empty


@pytest.fixture
def app():
    return megaql.App("local:orders")


def counts(report):
    return report.received, report.handled, report.retried, report.rejected


def test_everything_is_handled(app, queue):
    seen = []
    app.subscribe('event.name == "item.added"')(lambda event: seen.append(event.attributes["quantity"]))
    for number in range(12):
        queue.publish(mega_event("item.added", quantity=number))
    queue.publish(mega_event("another"))
    report = run_until_empty(app)
    assert counts(report) == (13, 12, 0, 0)
    assert (report.unmatched, report.stopped, report.skipped) == (1, Stopped.EMPTY, timedelta(0))
    assert sorted(seen) == list(range(12))
    assert queue.messages() == []


@pytest.mark.usefixtures("queue")
def test_a_queue_that_is_empty_is_no_reason_to_wait(app):
    app.subscribe(catch_all=True)(print)
    assert run_until_empty(app).received == 0


def test_the_target_may_be_given_and_may_be_a_queue(broker, app):
    app.subscribe(catch_all=True)(lambda: None)
    other = broker.queue("other")
    other.publish("text")
    assert run_until_empty(app, other).handled == 1
    other.publish("text")
    assert run_until_empty(app, "local:other").handled == 1


def test_an_exception_comes_out_with_its_own_traceback(app, queue):
    @app.subscribe(catch_all=True)
    def broken(payload):
        return inner(payload)

    def inner(payload):
        return payload.data["x"] / 0

    queue.publish({"x": 1})
    with pytest.raises(ZeroDivisionError) as caught:
        run_until_empty(app)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-2:] == ["broken", "inner"]
    assert "_handle" not in frames
    (note,) = caught.value.__notes__
    assert note.startswith("raised by broken on message ")
    assert note.endswith(", receive 1, from local:orders; the message is back in the queue")
    assert [message.receive_count for message in queue.messages()] == [1]


def test_an_exception_ends_the_run_at_once(app, queue):
    calls = []

    @app.subscribe(catch_all=True)
    def broken(payload):
        calls.append(payload)
        raise LookupError

    for number in range(25):
        queue.publish({"number": number})
    with pytest.raises(LookupError):
        run_until_empty(app)
    assert len(calls) == 1
    assert len(queue.messages()) == 25


def test_several_exceptions_at_once_stop_the_application_once(app, queue, monkeypatch):
    # A second time would leave the handlers behind that still run.
    together, stops, stop = threading.Barrier(3), [], app.stop
    monkeypatch.setattr(app, "stop", lambda: stops.append(stop()))

    @app.subscribe(catch_all=True)
    def broken():
        together.wait(10)
        raise LookupError

    for _ in range(3):
        queue.publish({})
    with pytest.raises(LookupError):
        run_until_empty(app, concurrency=3)
    assert len(stops) == 1


@pytest.mark.parametrize("error", [ConnectionError, TimeoutError, SystemExit, AssertionError])
def test_no_exception_is_too_special_to_come_out(app, queue, error):
    @app.subscribe(catch_all=True)
    def broken():
        raise error

    queue.publish({})
    with pytest.raises(error):
        run_until_empty(app)


def test_an_exception_of_an_async_handler_comes_out(app, queue):
    @app.subscribe(catch_all=True)
    async def broken():
        await asyncio.sleep(0)
        raise LookupError("in the coroutine")

    queue.publish({})
    with pytest.raises(LookupError) as caught:
        run_until_empty(app)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "broken"
    assert len(traceback.extract_tb(caught.value.__traceback__)) <= 3


def test_a_generator_that_comes_out_of_a_handler_is_told_in_words(app, queue):
    app.subscribe("exists n")(lambda _data: (number for number in range(3)))
    queue.publish({"n": 1})
    with pytest.raises(TypeError, match="the handler returned a generator, and none of it has run"):
        run_until_empty(app)


def test_an_exception_of_a_decoder_comes_out(app, queue):
    def decoder(_text):
        raise ValueError("not mine")

    for name in ("one", "two"):
        app.subscribe("x > 1", decoder=decoder, subscription=name)(print)
    queue.publish("text")
    with pytest.raises(ValueError, match="not mine") as caught:
        run_until_empty(app)
    assert "raised by " in caught.value.__notes__[0]
    assert "decoder" in caught.value.__notes__[0]


def test_a_decoder_that_two_share_runs_once(app, queue):
    calls = []

    def decoder(text):
        calls.append(text)
        return {"x": 2}

    for name in ("one", "two"):
        app.subscribe("x > 1", decoder=decoder, subscription=name)(lambda: None)
    queue.publish("text")
    assert run_until_empty(app).handled == 1
    assert calls == ["text"]


def test_an_expected_exception_is_retried_and_reported(app, queue):
    tries = []

    @app.subscribe(catch_all=True)
    def flaky(payload):
        tries.append(payload)
        if len(tries) < 3:
            raise ConnectionError("down")

    message_id = queue.publish({})
    report = run_until_empty(app, expected=ConnectionError)
    assert counts(report) == (3, 1, 2, 0)
    assert [(error.subscription, error.message_id, error.receive_count) for error in report.errors] == [
        ("flaky", message_id, 1),
        ("flaky", message_id, 2),
    ]
    assert str(report.errors[0].error) == "down"


def test_what_is_never_handled_ends_in_the_dead_letter_queue(app, queue):
    @app.subscribe(catch_all=True)
    def broken():
        raise LookupError

    queue.publish({"a": 1})
    report = run_until_empty(app, expected=(LookupError,))
    assert (report.received, len(report.errors)) == (5, 5)
    (letter,) = report.dead_letters
    assert letter.reason == "it was received too often"
    assert letter.message.payload.data == {"a": 1}
    assert queue.dead_letters() == [letter]


def test_messages_may_become_dead_letters_one_after_the_other(app, broker):
    queue = broker.queue("orders", max_receives=1)
    app.subscribe(catch_all=True)(lambda payload: megaql.Retry(timedelta(minutes=payload.data["n"])))
    for number in range(1, 7):
        queue.publish({"n": number})
    report = run_until_empty(app)
    assert [letter.message.payload.data["n"] for letter in report.dead_letters] == [1, 2, 3, 4, 5, 6]
    assert report.skipped > timedelta(minutes=5)


def test_a_rejected_message_says_why(app, queue):
    @app.subscribe('event.name == "a"')
    def picky():
        raise megaql.Reject("no such country")

    @app.subscribe('event.name == "b"', fatal=KeyError)
    def strict(event):
        return event.attributes["missing"]

    queue.publish(mega_event("a"))
    first = run_until_empty(app)
    assert [(one.reason, one.subscription, one.error) for one in first.dead_letters] == [
        ("no such country", "picky", "")
    ]
    queue.publish(mega_event("b"))
    second = run_until_empty(app)
    assert [(one.reason, one.subscription, one.error) for one in second.dead_letters] == [
        ("the handler raised a fatal exception", "strict", "KeyError")
    ]
    assert [type(one.error) for one in second.errors] == [KeyError]
    assert len(queue.dead_letters()) == 2


def test_delays_are_skipped_and_kept_in_order(app, queue):
    seen = []
    app.subscribe(catch_all=True)(lambda payload: seen.append(payload.text))
    queue.publish("last", delay=timedelta(minutes=15))
    queue.publish("second", delay=timedelta(minutes=1))
    queue.publish("first")
    report = run_until_empty(app)
    assert seen == ["first", "second", "last"]
    assert timedelta(minutes=14) < report.skipped <= timedelta(minutes=15)


def test_the_time_until_a_retry_is_skipped(app, queue):
    asked = []

    @app.subscribe(catch_all=True)
    def later(payload):
        asked.append(payload)
        if len(asked) < 3:
            raise megaql.Retry(timedelta(hours=2))

    queue.publish({})
    report = run_until_empty(app)
    assert (report.handled, report.retried) == (1, 2)
    assert timedelta(hours=3, minutes=59) < report.skipped <= timedelta(hours=4)


@pytest.mark.parametrize("after", [timedelta(0), timedelta(minutes=1)], ids=["at-once", "later"])
def test_what_keeps_coming_back_is_a_failure(broker, app, after):
    queue = broker.queue("orders")

    @app.subscribe(catch_all=True)
    def never():
        raise megaql.Retry(after, "the carrier is busy")

    message_id = queue.publish(mega_event("order.paid"))
    with pytest.raises(NotEmptyError) as caught:
        run_until_empty(app, tries=4)
    assert str(caught.value) == (
        "local:orders does not get empty: 1 left, one received more than 4 times\n"
        f"  {message_id} order.paid: received 5 times; never raised Retry: the carrier is busy\n"
        "let the handler take, reject or raise in the end, give the queue a dead-letter queue, or allow more tries="
    )
    assert isinstance(caught.value, AssertionError)
    assert caught.value.report.retried == 4
    assert [message.id for message in caught.value.left] == [message_id]


def test_what_nobody_takes_and_is_returned_is_a_failure(broker):
    queue = broker.queue("orders")
    app = megaql.App(queue, unmatched="return", backoff=Backoff(base=timedelta(0), cap=timedelta(0)))
    app.subscribe("a == 1")(print)
    for number in range(8):
        queue.publish({"b": number})
    with pytest.raises(NotEmptyError, match="and 3 more") as caught:
        run_until_empty(app, tries=3)
    assert "data: received 4 times; no handler said anything of it" in str(caught.value)
    assert "8 left" in str(caught.value)


def test_a_finished_handler_does_not_run_again(queue):
    ledger = MemoryLedger()
    app = megaql.App("local:orders", ledger=ledger)
    calls = []

    @app.subscribe(catch_all=True)
    def done():
        calls.append("done")

    @app.subscribe(catch_all=True)
    def late():
        calls.append("late")
        return megaql.Outcome.RETRY_LATER if calls.count("late") < 3 else None

    queue.publish({})
    assert run_until_empty(app).handled == 1
    assert sorted(calls) == ["done", "late", "late", "late"]


def test_a_handler_may_publish_to_its_own_queue(app, queue):
    seen = []

    @app.subscribe(catch_all=True)
    def countdown(payload):
        seen.append(payload.data["n"])
        if payload.data["n"]:
            megaql.Publisher("local:orders").publish({"n": payload.data["n"] - 1}, delay=timedelta(seconds=30))

    queue.publish({"n": 3})
    assert run_until_empty(app).handled == 4
    assert seen == [3, 2, 1, 0]


def test_what_a_handler_keeps_on_its_event_loop_outlives_a_retry(app, queue):
    loops = []

    @app.subscribe(catch_all=True)
    async def handler():
        loops.append(asyncio.get_running_loop())
        assert not loops[0].is_closed()
        return megaql.Outcome.RETRY_LATER if len(loops) < 3 else None

    queue.publish({})
    run_until_empty(app)
    assert len(loops) == 3
    assert len(set(map(id, loops))) == 1
    for thread in threading.enumerate():
        if thread.name == "megaql-async":
            thread.join(10)
    assert loops[0].is_closed()


def test_fifo_groups_stay_in_order_through_retries(broker):
    queue = broker.queue("orders.fifo", max_receives=100)
    app = megaql.App(queue)
    seen, failed = [], set()

    @app.subscribe(catch_all=True)
    def handler(payload, message):
        if payload.data["n"] % 3 == 0 and message.id not in failed:
            failed.add(message.id)
            raise megaql.Retry(timedelta(minutes=payload.data["n"]))
        seen.append((message.group_id, payload.data["n"]))

    for number in range(12):
        queue.publish({"n": number}, group_id="even" if number % 2 == 0 else "odd")
    report = run_until_empty(app, concurrency=3)
    assert report.handled == 12
    assert [n for group, n in seen if group == "even"] == [0, 2, 4, 6, 8, 10]
    assert [n for group, n in seen if group == "odd"] == [1, 3, 5, 7, 9, 11]


def test_a_message_held_by_somebody_else_comes_when_its_lease_has_ended(app, queue):
    app.subscribe(catch_all=True)(lambda: None)
    queue.publish({})
    assert len(queue.receive()) == 1
    report = run_until_empty(app)
    assert report.handled == 1
    assert report.skipped > timedelta(seconds=25)


def test_a_handler_may_stop_the_application(app, queue):
    @app.subscribe(catch_all=True)
    def handler():
        app.stop()

    for _ in range(20):
        queue.publish({})
    report = run_until_empty(app)
    assert report.stopped is Stopped.ASKED
    assert queue.messages()


def test_the_application_is_as_it_was_afterwards(app, queue):
    app.subscribe(catch_all=True)(lambda: None)
    before = app.subscriptions
    queue.publish({})
    run_until_empty(app)
    assert app.subscriptions == before
    assert [subscription.handler for subscription in app.subscriptions] == [one.handler for one in before]
    queue.publish({})
    assert app.run(once=True, wait=timedelta(0)).handled == 1


@pytest.mark.parametrize(
    "target",
    ["orders", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "arn:aws:sqs:eu-west-1:123456789012:orders"],
)
def test_a_real_queue_is_refused(app, target):
    app.subscribe(catch_all=True)(print)
    with pytest.raises(ConsumerError, match="is not a queue of the embedded broker"):
        run_until_empty(app, target)


def test_a_queue_has_to_be_named():
    with pytest.raises(ConsumerError, match="the application has no queue"):
        run_until_empty(megaql.App())


@pytest.mark.parametrize("expected", ["KeyError", KeyError("x"), (KeyError, int), [KeyError]])
@pytest.mark.usefixtures("queue")
def test_expected_are_exception_classes(app, expected):
    with pytest.raises(ConsumerError, match="expected= takes exception classes"):
        run_until_empty(app, expected=expected)


@pytest.mark.parametrize("tries", [0, -1, "many"])
@pytest.mark.usefixtures("queue")
def test_tries_are_a_number(app, tries):
    with pytest.raises(ConsumerError, match="tries="):
        run_until_empty(app, tries=tries)


class Committing(megaql.Middleware):
    @contextmanager
    def around_handle(self, handling):
        yield
        if handling.message.receive_count == 1:
            raise OSError("no commit")


def test_what_is_raised_around_a_handler_comes_out_as_its_own(app, queue):
    app.add_middleware(Committing())
    app.subscribe(catch_all=True, subscription="pay")(lambda: None)
    queue.publish("text")
    with pytest.raises(OSError, match="no commit") as caught:
        run_until_empty(app)
    assert caught.value.__notes__[0].startswith("raised by pay on message ")
    assert len(app.middleware) == 1
    assert run_until_empty(app, expected=OSError).handled == 1


def test_what_is_raised_around_a_handler_may_be_expected(app, queue):
    app.add_middleware(Committing())
    app.subscribe(catch_all=True, subscription="pay")(lambda: None)
    queue.publish("text")
    report = run_until_empty(app, expected=OSError)
    assert counts(report) == (2, 1, 1, 0)
    assert [(one.subscription, type(one.error), one.receive_count) for one in report.errors] == [("pay", OSError, 1)]


def test_what_a_handler_raised_is_told_once_with_middleware_around(app, queue):
    app.add_middleware(Committing())
    errors = iter([KeyError("spoon")])
    app.subscribe(catch_all=True, subscription="pay")(lambda: _raise(next(errors, None)))
    queue.publish("text")
    assert [type(one.error) for one in run_until_empty(app, expected=KeyError).errors] == [KeyError]


def _raise(error):
    if error is not None:
        raise error


class Broken(megaql.Middleware):
    def after_settle(self, settled):
        raise KeyError(settled.tally.value)


def test_a_hook_that_raises_comes_out_though_it_changes_nothing(app, queue):
    app.add_middleware(Broken())
    app.subscribe(catch_all=True)(lambda: None)
    queue.publish("text")
    with pytest.raises(KeyError, match="handled") as caught:
        run_until_empty(app)
    assert caught.value.__notes__ == ["raised by the hook Broken.after_settle, from local:orders"]
    assert queue.messages() == []
    queue.publish("text")
    report = run_until_empty(app, expected=KeyError)
    assert (report.handled, [one.subscription for one in report.errors]) == (1, ["the hook Broken.after_settle"])
