"""Leases, copies of what is in hand, pace and shutdown, with real threads that wait for each other and never sleep."""

import threading
import time
from datetime import timedelta

import pytest

from megaql.broker.message import Message
from megaql.broker.queue import Queue
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.extension import Extension
from megaql.consumer.held import Held
from megaql.consumer.hooks import Hooks
from megaql.consumer.jobs import Answered, Finished, Received, Told
from megaql.consumer.middleware import Middleware
from megaql.consumer.plan import Plan
from megaql.consumer.report import Stopped, Tally
from megaql.consumer.settlement import Action, Settlement
from megaql.consumer.worker import AHEAD, FIFO_SETTLERS, LULL, SETTLERS, Worker

PATIENCE = 30  # seconds; a test that waits so long has failed


def in_background(app, **settings):
    reports = []
    thread = threading.Thread(target=lambda: reports.append(app.run(**{"wait": timedelta(0)} | settings)))
    thread.start()
    return thread, reports


class Gate:
    """A handler that waits until it is let through."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.seen = []

    def __call__(self, _data, message):
        self.seen.append((message.id, message.receive_count))
        self.entered.release()
        assert self.open.wait(PATIENCE)

    def wait_entered(self):
        assert self.entered.acquire(timeout=PATIENCE)


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open.set()


def test_a_message_whose_lease_has_ended_is_not_handled(world, queue, drain, monkeypatch, caplog):
    [sent] = world.send(queue, {"a": 1})
    app = App(queue)
    handled = []
    app.subscribe("exists a", subscription="note")(handled.append)
    received = Queue.receive

    def late(queue, *arguments, **settings):
        messages = received(queue, *arguments, **settings)
        for message in messages:
            object.__setattr__(message, "lease_deadline", time.monotonic())
        return messages

    monkeypatch.setattr(Queue, "receive", late)
    report = drain(app, limit=1)
    assert (report.received, report.expired, report.handled) == (1, 1, 0)
    assert handled == []
    assert f"the lease of message {sent} ended before it was handled; it comes again" in caplog.messages
    monkeypatch.undo()
    world.later(30)
    assert drain(app).handled == 1


def test_no_second_handler_starts_once_the_lease_has_ended(world, queue, drain):
    world.send(queue, {"a": 1})
    app = App(queue)
    ran = []

    @app.subscribe("exists a")
    def slow(_data, message):
        ran.append("slow")
        if message.receive_count == 1:
            object.__setattr__(message, "lease_deadline", time.monotonic())

    @app.subscribe("exists a")
    def next_one(_data):
        ran.append("next_one")

    assert drain(app, limit=1).expired == 1
    assert ran == ["slow"]
    world.later(30)
    assert drain(app).handled == 1
    assert ran == ["slow", "next_one"]


def test_a_handler_that_outlives_its_lease_is_said(world, queue, drain, caplog):
    world.send(queue, {"a": 1})
    app = App(queue)

    @app.subscribe("exists a")
    def slow(_data, message):
        object.__setattr__(message, "lease_deadline", time.monotonic())

    assert drain(app).handled == 1
    assert "whose lease ended meanwhile" in caplog.text


def test_a_copy_of_what_is_in_hand_renews_it_and_is_not_handled_beside_it(world, queue, gate, monkeypatch):
    renewed = threading.Event()
    renew = Held.renew
    monkeypatch.setattr(Held, "renew", lambda *arguments: (renew(*arguments), renewed.set()))
    world.send(queue, {"a": 1})
    app = App(queue)
    app.subscribe("exists a", subscription="gate")(gate)
    thread, reports = in_background(app, once=False, limit=2, concurrency=2)
    gate.wait_entered()
    world.later(30)
    assert renewed.wait(PATIENCE)
    gate.open.set()
    thread.join(PATIENCE)
    assert (reports[0].received, reports[0].handled, reports[0].expired) == (2, 1, 1)
    assert len(gate.seen) == 1
    world.later(3600)
    assert world.bodies(queue) == []


def test_never_more_is_received_than_threads_while_the_pace_is_unknown(world, queue, gate):
    world.send(queue, *({"a": number} for number in range(20)))
    app = App(queue)
    app.subscribe("exists a", subscription="gate")(gate)
    thread, reports = in_background(app, concurrency=3)
    for _ in range(3):
        gate.wait_entered()
    assert queue.info().in_flight == 3
    app.stop()
    gate.open.set()
    thread.join(PATIENCE)
    assert (reports[0].received, reports[0].handled) == (3, 3)


def test_stopping_lets_what_runs_finish_and_returns_the_rest(world, queue, gate):
    world.send(queue, *({"a": number} for number in range(30)))
    app = App(queue)

    @app.subscribe("exists a")
    def first_fast_then_slow(data, message):
        if data.data["a"] > 0:
            gate(data, message)

    thread, reports = in_background(app)
    gate.wait_entered()
    app.stop()
    heard = time.monotonic() + PATIENCE
    while app._worker._stopped is None:  # until then, what was given ahead goes on
        assert time.monotonic() < heard
    gate.open.set()
    thread.join(PATIENCE)
    [report] = reports
    assert report.stopped is Stopped.ASKED
    assert report.handled == 2
    assert report.returned == report.received - 2
    assert (queue.info().visible, queue.info().in_flight) == (28, 0)


def test_a_second_stop_gives_back_what_is_running_at_once(world, queue, gate):
    world.send(queue, {"a": 1}, {"a": 2})
    app = App(queue)
    app.subscribe("exists a", subscription="gate")(gate)
    thread, reports = in_background(app, concurrency=2)
    gate.wait_entered()
    gate.wait_entered()
    app.stop()
    app.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    [report] = reports
    assert (report.stopped, report.handled, report.returned) == (Stopped.AT_ONCE, 0, 2)
    assert (queue.info().visible, queue.info().in_flight) == (2, 0)


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_after_the_drain_timeout_what_is_running_goes_back(world, queue, gate, seconds):
    world.send(queue, {"a": 1})
    app = App(queue)
    app.subscribe("exists a", subscription="gate")(gate)
    thread, reports = in_background(app, drain_timeout=timedelta(seconds=seconds))
    gate.wait_entered()
    app.stop()
    thread.join(PATIENCE)
    assert (reports[0].stopped, reports[0].returned) == (Stopped.AT_ONCE, 1)
    assert (queue.info().visible, queue.info().in_flight) == (1, 0)


def test_an_end_is_not_held_up_by_a_request_that_hangs(world, queue, monkeypatch):
    world.send(queue, {"a": 1})
    hanging, released = threading.Event(), threading.Event()

    def hang(_queue, _messages, **_more):
        hanging.set()
        released.wait(PATIENCE)
        return []

    monkeypatch.setattr(Queue, "delete", hang)
    app = App(queue)
    app.subscribe("exists a", subscription="note")(lambda _data: None)
    thread, reports = in_background(app, drain_timeout=timedelta(seconds=0.2))
    assert hanging.wait(PATIENCE)
    app.stop()
    thread.join(PATIENCE)
    assert reports[0].stopped is Stopped.AT_ONCE
    released.set()


def test_the_received_add_up(world, queue, drain):
    world.send(queue, *({"a": number} for number in range(50)), *({"b": number} for number in range(7)))
    app = App(queue)

    @app.subscribe("a > 40")
    def fails(_data):
        raise ValueError

    app.subscribe("a >= 0", subscription="note")(lambda _data: None)
    report = drain(app, concurrency=4)
    assert (report.received, report.handled, report.retried, report.unknown) == (57, 41, 9, 7)


def test_signals_are_given_back_to_whoever_had_them(world, queue, drain):
    import signal

    def mine(_number, _frame):
        pass

    before = signal.signal(signal.SIGTERM, mine)
    try:
        world.send(queue, {"a": 1})
        app = App(queue)
        during = []
        app.subscribe("exists a", subscription="note")(lambda _data: during.append(signal.getsignal(signal.SIGTERM)))
        drain(app)
        assert during[0] is not mine
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_stops_the_run_and_is_in_the_report(world, queue):
    import os
    import signal

    world.send(queue, {"a": 1})
    app = App(queue)
    app.subscribe("exists a", subscription="kill")(lambda _data: os.kill(os.getpid(), signal.SIGTERM))
    report = app.run(wait=timedelta(0))
    assert (report.stopped, report.signal, report.handled) == (Stopped.ASKED, signal.SIGTERM, 1)


@pytest.mark.parametrize(
    ("lease", "settings", "seconds"),
    [
        (30, {}, 5),
        (30, {"once": True}, 1),
        (30, {"local": True}, 1),
        (30, {"local": True, "wait": timedelta(seconds=3)}, 3),
        (30, {"wait": timedelta(seconds=20)}, 7),
        (600, {"wait": timedelta(seconds=20)}, 20),
        (12, {}, 3),
        (5, {}, 1),
        (2, {}, 1),
        (1, {}, 0),
        (1, {"once": True}, 0),
        (30, {"wait": timedelta(0)}, 0),
    ],
)
def test_a_receive_waits_for_a_quarter_of_the_lease_at_most(lease, settings, seconds):
    plan = Plan(lease=timedelta(seconds=lease), poll_backoff=Backoff(), **settings)
    assert plan.poll_wait == timedelta(seconds=seconds)


def test_a_run_that_ends_when_empty_does_not_ask_again_while_something_is_in_hand(queue):
    plan = Plan(lease=timedelta(seconds=30), poll_backoff=Backoff(), once=True, concurrency=3)
    worker = Worker(queue, None, None, None, plan, monotonic=lambda: 1000.0)
    worker._polling.begin(3, 1000.0, in_hand=0)
    worker._on_received(Received(3, [Message("m1", "a")]))
    assert worker._receive_size() == 2
    worker._polling.begin(2, 1000.0, in_hand=1)
    worker._on_received(Received(2, []))
    assert worker._receive_size() == 0


def test_what_is_received_while_every_thread_is_busy_is_no_progress(queue):
    """A handler that hangs would look alive for as long as there is room for more messages."""
    now = [1000.0]
    plan = Plan(lease=timedelta(seconds=30), poll_backoff=Backoff(), concurrency=2)
    worker = Worker(queue, None, None, None, plan, monotonic=lambda: now[0])

    def received(*messages):
        now[0] += 10
        worker._polling.begin(2, now[0], in_hand=0)
        worker._on_received(Received(2, list(messages)))
        return worker.vitals.quiet_for()

    assert received(Message("m1", "a"), Message("m2", "a")) == 0
    one, other = worker._buffer.take(2)
    worker._running[one] = None
    assert received() == 0
    worker._running[other] = None
    assert received() == 10
    worker._on_finished(Finished(one, Settlement(Action.DELETE, Tally.HANDLED), 30.0))
    assert worker.vitals.quiet_for() == 0
    assert received() == 0


class Slow:
    """Extends no lease before it is let through."""

    def __init__(self):
        self.asked = threading.Event()
        self.open = threading.Event()

    def extend(self, messages):
        self.asked.set()
        assert self.open.wait(PATIENCE)
        return [Extension(held, held.message, None) for held in messages]


@pytest.mark.parametrize(
    ("action", "waits"), [(Action.RETURN, True), (Action.DEAD_LETTER, True), (Action.DELETE, False)]
)
def test_a_message_goes_back_only_when_nothing_extends_its_lease_any_more(queue, action, waits):
    """A late extension would change the lease of whoever has received the message since."""
    now, slow = [1000.0], Slow()
    plan = Plan(lease=timedelta(seconds=30), poll_backoff=Backoff())
    worker = Worker(queue, None, None, slow, plan, monotonic=lambda: now[0])
    worker._polling.begin(1, 1000.0, in_hand=0)
    worker._on_received(Received(1, [Message("m1", "a", lease_deadline=1030.0)]))
    [held] = worker._buffer.take(1)
    worker._running[held] = None
    now[0] = 1016.0
    worker._on_time()
    assert slow.asked.wait(PATIENCE)
    settlement = Settlement(action, Tally.RETRIED)
    worker._on_finished(Finished(held, settlement, 16.0))
    assert worker._pile == ([] if waits else [(held, settlement)])
    assert worker._in_hand() == 1
    slow.open.set()
    with worker._inbox:
        [event] = worker._inbox.take(PATIENCE)
    worker._react(event)
    assert worker._pile == [(held, settlement)]
    assert worker._heartbeat.next_at() is None


@pytest.mark.parametrize("lost", [False, True])
def test_a_new_copy_that_comes_while_the_old_one_is_extended_is_extended_after_it(queue, lost):
    now = [1000.0]
    worker = Worker(
        queue, None, None, None, Plan(lease=timedelta(seconds=30), poll_backoff=Backoff()), monotonic=lambda: now[0]
    )
    worker._extenders.submit = lambda _: None  # none of them comes back by itself
    worker._polling.begin(1, 1000.0, in_hand=0)
    worker._on_received(Received(1, [Message("m1", "a", lease_deadline=1030.0)]))
    [held] = worker._buffer.take(1)
    now[0] = 1016.0
    worker._on_time()
    old, now[0] = held.message, 1031.0
    worker._polling.begin(1, now[0], in_hand=1)
    worker._on_received(Received(1, [Message("m1", "b", lease_deadline=1061.0)]))
    now[0] = 1060.0
    assert worker._heartbeat.due(now[0]) == []
    worker._on_extended([Extension(held, old, None, lost=lost)])
    assert not held.lost
    assert worker._heartbeat.next_at() is not None


class Begun:
    """A request that was begun, and whether it went well."""

    def __init__(self, *, plain):
        self.plain = plain


class Ends:
    """Stands for the end of a job: where it is called is noted."""

    def __init__(self, *, plain):
        self.begun = Begun(plain=plain)
        self.threads = []

    def __call__(self):
        self.threads.append(threading.current_thread().name)
        return Told([])


@pytest.mark.parametrize(("plain", "where"), [(True, "MainThread"), (False, "megaql-settle-0")])
def test_what_did_not_go_well_is_ended_where_it_may_take_its_time(queue, plain, where):
    worker = Worker(queue, None, None, None, Plan(timedelta(seconds=30), poll_backoff=Backoff()), monotonic=lambda: 0.0)
    worker._settling = [0, 0]
    job = Ends(plain=plain)
    worker._react(Answered(job))
    if not plain:
        with worker._inbox:
            assert worker._inbox.take(PATIENCE) == [Told([])]
    assert job.threads == [where]


def test_where_there_is_nothing_to_give_nobody_has_to_look_after_it(queue):
    worker = Worker(queue, None, None, None, Plan(timedelta(seconds=30), poll_backoff=Backoff()), monotonic=lambda: 0.0)
    worker._stopped = Stopped.ASKED  # so that nothing is received
    worker._assign()
    assert worker._handlers.help_at() is None


@pytest.mark.parametrize(("name", "most"), [("orders", SETTLERS), ("orders.fifo", FIFO_SETTLERS)])
def test_what_is_decided_shares_a_request_where_enough_are_under_way(name, most):
    queue = Queue.open(f"local:{name}", create=True)
    now = [0.0]
    plan = Plan(timedelta(seconds=30), poll_backoff=Backoff())
    worker = Worker(queue, None, None, None, plan, monotonic=lambda: now[0])
    worker._put(Held(Message("m1", "a"), 0.0), Settlement(Action.DELETE, Tally.HANDLED))
    worker._settling = [1] * (most - 1)
    assert worker._may_settle()
    worker._settling.append(1)
    assert not worker._may_settle()
    now[0] = 1.0
    assert worker._patience() != 0, "it is not the time that is waited for"


def test_receives_that_somebody_watches_are_not_begun(queue):
    """Hooks and a supervisor's count may take their time."""
    plan = Plan(timedelta(seconds=30), poll_backoff=Backoff())
    plain = Worker(queue, None, None, None, plan, monotonic=lambda: 0.0, receive=queue.receive)
    assert plain._begin_receive == queue.begin_receive
    watched = Hooks([Watching()]).receiving("orders", queue.receive)
    assert Worker(queue, None, None, None, plan, monotonic=lambda: 0.0, receive=watched)._begin_receive is None


class Watching(Middleware):
    def before_receive(self, queue, limit):
        """Take as long as it likes."""


@pytest.mark.parametrize(
    ("name", "wanted", "seconds", "lull"),
    [
        ("orders", 1, 0.001, 0),
        ("orders", 2, 0.001, LULL),
        ("orders", 2, AHEAD, LULL),
        ("orders", 2, 0.012, 0),
        ("orders", 2, None, 0),
        ("orders.fifo", 2, 0.001, 0),
    ],
)
def test_only_a_busy_standard_queue_whose_handlers_have_enough_to_do_is_not_looked_at_for_a_moment(
    name, wanted, seconds, lull
):
    queue = Queue.open(f"local:{name}", create=True)
    plan = Plan(timedelta(seconds=30), poll_backoff=Backoff(), concurrency=4)
    worker = Worker(queue, None, None, None, plan, monotonic=lambda: 0.0)
    worker._polling.wanted = wanted
    if seconds is not None:
        worker._pace.observe(seconds)
    assert worker._lull() == lull
