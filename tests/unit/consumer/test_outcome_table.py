"""RUNTIME's table of handler outcomes, row by row, on the embedded broker."""

from datetime import timedelta

import pytest

from megaql.broker.queue import Queue
from megaql.codec.payloads import MegaEvent
from megaql.consumer.app import App
from megaql.consumer.outcomes import Outcome, Reject, Retry

ADDED = MegaEvent("item.added", attributes={"quantity": 5})


class RefusedError(Exception):
    pass


def subscribed(app, behaviour, **settings):
    calls = []

    @app.subscribe('event.name == "item.added"', subscription="reserve", **settings)
    def reserve(event, message):
        calls.append((event, message))
        return behaviour()

    return calls


def raising(error):
    def behaviour():
        raise error

    return behaviour


@pytest.mark.parametrize("result", [None, Outcome.DONE, "something else", False])
def test_done_deletes(app, queue, world, drain, result):
    world.send(queue, ADDED)
    calls = subscribed(app, lambda: result)
    report = drain(app)
    assert (report.received, report.handled) == (1, 1)
    assert calls[0][0] == ADDED
    assert calls[0][1].queue == "orders"
    world.later(3600)
    assert world.bodies(queue) == []


def test_a_result_that_means_nothing_is_said_once(world, app, queue, drain, caplog):
    world.send(queue, ADDED, ADDED)
    subscribed(app, lambda: True)
    drain(app)
    assert [text for text in caplog.messages if "returned a bool" in text] == [
        "reserve returned a bool, which is taken for done: a handler returns None or a megaql.Outcome"
    ]


@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [
        (lambda: Outcome.RETRY_LATER, 5),
        (raising(Retry()), 5),
        (lambda: Retry(timedelta(minutes=2)), 120),
        (lambda: Retry, 5),
        (lambda: RefusedError, 5),
        (lambda: RefusedError("whatever"), 5),
        (raising(Retry(timedelta(minutes=2))), 120),
        (raising(Retry(timedelta(0))), 0),
        (raising(ConnectionError("the database is away")), 5),
        (raising(RefusedError("whatever")), 5),
        (raising(SystemExit(1)), 5),
    ],
    ids=[
        "RETRY_LATER",
        "Retry",
        "returned",
        "class",
        "error class",
        "error",
        "Retry(2m)",
        "Retry(0)",
        "transient",
        "unknown",
        "sys.exit",
    ],
)
def test_later_returns_after_the_delay(app, world, drain, behaviour, seconds):
    world.send(app.target, ADDED)
    calls = subscribed(app, behaviour)
    report = drain(app, limit=1)
    assert (report.received, report.retried, report.handled) == (1, 1, 0)
    if seconds:
        world.later(seconds - 1)
        assert drain(app, limit=1).received == 0
        world.later(1)
    assert drain(app, limit=1).received == 1
    assert len(calls) == 2


def test_back_off_grows_with_the_receive_count(app, queue, world, drain):
    world.send(queue, ADDED)
    subscribed(app, raising(RefusedError("no")))
    for seconds in (5, 10, 20, 40):
        assert drain(app).retried == 1
        world.later(seconds - 1)
        assert drain(app).received == 0
        world.later(1)


def test_a_longer_delay_than_sqs_allows_is_cut(app, queue, world, drain):
    world.send(queue, ADDED)
    subscribed(app, raising(Retry(timedelta(days=30))))
    assert drain(app).retried == 1
    world.later(12 * 3600)
    assert len(world.bodies(queue)) == 1


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (lambda: Outcome.FATAL_ERROR, {"megaql.reason": "the handler said FATAL_ERROR"}),
        (raising(Reject("no such customer")), {"megaql.reason": "no such customer"}),
        (lambda: Reject("no such customer"), {"megaql.reason": "no such customer"}),
        (lambda: Reject, {"megaql.reason": "the handler rejected the message"}),
        (
            lambda: RefusedError,
            {"megaql.reason": "the handler raised a fatal exception", "megaql.error": "RefusedError"},
        ),
        (
            raising(RefusedError("secret quantity 5")),
            {"megaql.reason": "the handler raised a fatal exception", "megaql.error": "RefusedError"},
        ),
    ],
    ids=["FATAL_ERROR", "Reject", "returned", "class", "fatal class", "fatal="],
)
def test_never_goes_to_the_dead_letter_queue_with_the_reason(app, world, drain, behaviour, told):
    queue = app.target
    [sent] = world.send(queue, ADDED)
    original = queue.receive(visibility=timedelta(0))[0]
    subscribed(app, behaviour, fatal=RefusedError)
    report = drain(app)
    assert (report.received, report.rejected) == (1, 1)
    world.later(3600)
    assert world.bodies(queue) == []
    [dead] = queue.dead_letter_queue().receive()
    assert dead.body == original.body
    assert dead.id != sent
    assert {name: dead.attribute(name) for name in dead.attributes if name.startswith("megaql.")} == {
        **{name: value for name, value in original.typed_attributes.items() if name.startswith("megaql.")},
        "megaql.subscription": "reserve",
        **told,
    }


def test_the_cause_of_a_reject_is_named_by_its_type(world, app, queue, drain):
    def behaviour():
        raise Reject("no such customer") from LookupError("secret")

    world.send(queue, ADDED)
    subscribed(app, behaviour)
    drain(app)
    [dead] = queue.dead_letter_queue().receive()
    assert dead.attribute("megaql.error") == "LookupError"


def test_without_a_dead_letter_queue_a_rejected_message_stays_and_is_an_error(world, drain, caplog):
    queue = world.queue("orders")
    [sent] = world.send(queue, ADDED)
    app = App(queue)
    subscribed(app, raising(Reject("no such customer")))
    for _ in range(2):  # it is rejected each time, and is one message all the same
        report = drain(app, limit=1)
        assert (report.received, report.kept, report.rejected) == (1, 1, 0)
        world.later(3600)
    assert (
        f"message {sent} was rejected (no such customer) and stays in the queue: orders has no dead-letter queue"
        in (caplog.messages)
    )
    assert len(world.bodies(queue)) == 1


def test_a_message_rejected_by_one_and_wanted_later_by_another_is_returned_first(app, queue, world, drain):
    world.send(queue, ADDED)
    busy = [True]

    @app.subscribe('event.name == "item.added"')
    def rejects(_event):
        raise Reject("never")

    @app.subscribe('event.name == "item.added"')
    def waits(_event):
        return Outcome.RETRY_LATER if busy else None

    assert drain(app).retried == 1
    assert queue.dead_letter_queue().receive() == []
    busy.clear()
    world.later(5)
    assert drain(app).rejected == 1
    assert len(queue.dead_letter_queue().receive()) == 1


def test_of_several_delays_the_longest_counts(app, queue, world, drain):
    world.send(queue, ADDED)
    for name, seconds in (("short", 10), ("long", 100), ("medium", 50)):
        app.subscribe("event.quantity > 0", subscription=name)(
            lambda _e, after=seconds: Retry(timedelta(seconds=after))
        )
    drain(app)
    world.later(99)
    assert world.bodies(queue) == []
    world.later(1)
    assert len(world.bodies(queue)) == 1


def test_a_handler_that_finished_is_not_run_again_when_another_one_retries(app, queue, world, drain):
    world.send(queue, ADDED)
    ran = []

    @app.subscribe("event.quantity > 0")
    def first(_event):
        ran.append("first")

    @app.subscribe("event.quantity > 1")
    def second(_event):
        ran.append("second")
        if ran.count("second") < 3:
            raise RefusedError

    for _ in range(3):
        drain(app)
        world.later(60)
    assert ran == ["first", "second", "second", "second"]
    assert world.bodies(queue) == []
    assert app._ledger.done("anything") == set()


def test_errors_are_logged_without_the_body(world, app, queue, drain, caplog):
    [sent] = world.send(queue, MegaEvent("item.added", attributes={"card": "4111-1111"}))
    subscribed(app, raising(RefusedError("no luck")))
    drain(app)
    failure = next(record for record in caplog.records if "raised" in record.message)
    assert failure.message == f"reserve raised RefusedError on message {sent}"
    assert (failure.queue, failure.subscription, failure.message_id) == ("orders", "reserve", sent)
    assert failure.error["type"] == "RefusedError"
    assert "4111" not in caplog.text


def test_a_rejected_message_is_deleted_only_after_its_copy_is_there(app, drain, monkeypatch, world, caplog):
    queue = app.target
    world.send(queue, ADDED)
    subscribed(app, raising(Reject("never")))
    whole = Queue.send_batch
    monkeypatch.setattr(Queue, "send_batch", raising_batch)
    report = drain(app, limit=1)
    assert (report.kept, report.rejected) == (1, 0)
    assert "stays in the queue: OSError: the disk is full" in caplog.text
    monkeypatch.setattr(Queue, "send_batch", whole)
    assert queue.dead_letter_queue().receive() == []
    world.later(5)
    assert drain(app, limit=1).rejected == 1
    assert len(queue.dead_letter_queue().receive()) == 1


def raising_batch(_queue, _entries):
    raise OSError(28, "the disk is full")


class Unanswerable:
    """What arrays and SQL expressions are: neither true nor false where they are compared."""

    __hash__ = None

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise ValueError("the truth value is ambiguous")


def test_what_a_handler_returns_is_not_compared(world, app, queue, drain):
    world.send(queue, ADDED)
    subscribed(app, Unanswerable)
    assert drain(app).handled == 1


class Lazy:
    def __call__(self, _event):
        yield "never reached"


def test_a_generator_that_comes_out_is_no_success(world, app, queue, drain, caplog):
    world.send(queue, ADDED)
    app.subscribe(name="item.added")(Lazy())
    assert drain(app).retried == 1
    assert "none of it has run" in caplog.text
