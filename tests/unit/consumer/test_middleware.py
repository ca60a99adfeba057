"""What middleware sees, in which order and thread, and that nothing it does costs a message."""

import contextvars
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

import pytest

from megaql import Middleware
from megaql.broker.message import Message
from megaql.broker.queue import Queue
from megaql.codec.payloads import MegaEvent
from megaql.consumer import hooks
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.delivery import Deliverer
from megaql.consumer.held import Held
from megaql.consumer.hooks import COMPLAINT_INTERVAL, NAMES, Hooks
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.middleware import Handling
from megaql.consumer.outcomes import Outcome, Reject, Retry
from megaql.consumer.report import Tally
from megaql.errors import ConsumerError

ADDED = MegaEvent("item.added", attributes={"quantity": 5})


class Recorder(Middleware):
    """Writes down every call, with its name and thread."""

    def __init__(self, calls, name=""):
        self.calls = calls
        self.name = name

    def note(self, hook, *about):
        thread = threading.current_thread().name.rstrip("-0123456789")
        self.calls.append((self.name + hook, thread, *about))

    @contextmanager
    def around_handle(self, handling):
        self.note("enter")
        try:
            yield
        finally:
            self.note("leave", handling.outcome)


#: What the recorder writes down of each hook.
TOLD = {
    "before_run": lambda queue: (queue,),
    "after_run": lambda queue, report: (queue, report),
    "before_receive": lambda queue, limit: (queue, limit),
    "after_receive": lambda _queue, messages, error: (len(messages), error),
    "before_match": lambda _message: (),
    "after_match": lambda _message, match: ([one.name for one, _ in match.taken],),
    "before_handle": lambda handling: (handling.subscription, handling.outcome),
    "after_handle": lambda handling: (handling.outcome, type(handling.error)),
    "before_delete": lambda _message: (),
    "after_delete": lambda _message, done: (done,),
    "before_return": lambda _message, delay: (delay,),
    "after_return": lambda _message, _delay, done: (done,),
    "before_dead_letter": lambda _message, rejection: (rejection.reason,),
    "after_dead_letter": lambda _message, _rejection, done: (done,),
    "after_settle": lambda settled: (settled.tally,),
}


def recording(hook, told):
    def method(self, *about, **more):
        self.note(hook, *told(*about, **more))

    return method


for name, told in TOLD.items():
    setattr(Recorder, name, recording(name, told))


@pytest.fixture
def calls():
    return []


@pytest.fixture
def sent(world, queue):
    world.send(queue, ADDED)


@pytest.fixture
def consumer(queue, drain):
    """A consumer of one message whose handler behaves as told; the function returns what was done."""

    def run(behaviour, *middleware, **settings):
        app = App(queue, backoff=Backoff(random=lambda: 1.0), middleware=list(middleware), **settings)
        app.subscribe('event.name == "item.added"', subscription="reserve", fatal=KeyError)(behaviour)
        return drain(app, limit=1)

    return run


def raising(error):
    def behaviour(_event):
        raise error

    return behaviour


def test_each_step_is_told_in_its_own_thread(world, queue, consumer, calls):
    world.send(queue, ADDED)
    report = consumer(lambda _event: None, Recorder(calls))
    assert calls == [
        ("before_run", "MainThread", "orders"),
        ("before_receive", "megaql-poll", "orders", 1),
        ("after_receive", "megaql-poll", 1, None),
        ("before_match", "megaql-handle"),
        ("after_match", "megaql-handle", ["reserve"]),
        ("before_handle", "megaql-handle", "reserve", None),
        ("enter", "megaql-handle"),
        ("leave", "megaql-handle", Outcome.DONE),
        ("after_handle", "megaql-handle", Outcome.DONE, type(None)),
        ("before_delete", "megaql-settle"),
        ("after_delete", "megaql-settle", True),
        ("after_settle", "megaql-settle", Tally.HANDLED),
        ("after_run", "MainThread", "orders", report),
    ]


def test_the_first_is_outermost(world, queue, consumer, calls):
    world.send(queue, ADDED)
    consumer(lambda _event: None, Recorder(calls, "1 "), Recorder(calls, "2 "))
    names = [name for name, *_ in calls]
    for before, after in (("before_handle", "after_handle"), ("enter", "leave"), ("before_run", "after_run")):
        assert [name for name in names if name[2:] == before] == [f"1 {before}", f"2 {before}"]
        assert [name for name in names if name[2:] == after] == [f"2 {after}", f"1 {after}"]


@pytest.mark.parametrize(
    ("behaviour", "outcome", "error", "tally", "steps"),
    [
        (lambda _e: Outcome.RETRY_LATER, Outcome.RETRY_LATER, None, Tally.RETRIED, ["before_return", "after_return"]),
        (raising(Retry()), Outcome.RETRY_LATER, None, Tally.RETRIED, ["before_return", "after_return"]),
        (raising(OSError()), Outcome.RETRY_LATER, OSError, Tally.RETRIED, ["before_return", "after_return"]),
        (lambda _e: Retry(), Outcome.RETRY_LATER, None, Tally.RETRIED, ["before_return", "after_return"]),
        (
            raising(Reject("never")),
            Outcome.FATAL_ERROR,
            None,
            Tally.REJECTED,
            ["before_dead_letter", "after_dead_letter", "before_delete", "after_delete"],
        ),
        (
            raising(KeyError()),
            Outcome.FATAL_ERROR,
            KeyError,
            Tally.REJECTED,
            ["before_dead_letter", "after_dead_letter", "before_delete", "after_delete"],
        ),
    ],
    ids=["RETRY_LATER", "Retry", "OSError", "returned", "Reject", "fatal"],
)
@pytest.mark.usefixtures("sent")
def test_hooks_see_the_outcome(*, consumer, calls, behaviour, outcome, error, tally, steps):
    consumer(behaviour, Recorder(calls))
    told = {name: about for name, _, *about in calls}
    assert told["leave"] == [outcome]
    assert told["after_handle"] == [outcome, error or type(None)]
    assert told["after_settle"] == [tally]
    names = [name for name, *_ in calls]
    assert names[names.index("after_handle") + 1 : -2] == steps


class Broken(Middleware):
    """Every hook that only watches raises, and what it raises is the worst there is."""

    def __getattribute__(self, name):
        if name.startswith(("before_", "after_")) and name != "before_run":
            return self._raise
        return super().__getattribute__(name)

    def _raise(self, *_about, **_more):
        raise SystemExit("a hook ends the program")


@pytest.mark.parametrize(
    ("behaviour", "count"),
    [(lambda _e: None, "handled"), (raising(Retry(timedelta(0))), "retried"), (raising(Reject("no")), "rejected")],
    ids=["done", "later", "never"],
)
@pytest.mark.usefixtures("sent")
def test_a_hook_that_raises_changes_nothing(*, world, queue, consumer, calls, caplog, behaviour, count):
    report = consumer(behaviour, Broken(), Recorder(calls))
    assert getattr(report, count) == report.received == 1
    assert {name for name, *_ in calls} >= {"after_receive", "after_match", "after_handle", "after_settle", "after_run"}
    assert "the hook Broken._raise raised SystemExit; the consumer goes on" in caplog.messages
    assert len(world.bodies(queue)) == (count == "retried")


def test_a_failing_hook_is_told_once_a_minute(caplog):
    now = [100.0]
    broken = Hooks([Broken()], monotonic=lambda: now[0])
    for _ in range(5):
        broken.tell(broken.before_match, None)
    now[0] += COMPLAINT_INTERVAL
    broken.tell(broken.before_match, None)
    assert caplog.messages == [
        "the hook Broken._raise raised SystemExit; the consumer goes on",
        "the hook Broken._raise raised SystemExit, and 4 times in the minute before; the consumer goes on",
    ]


class Around(Middleware):
    def __init__(self, manager):
        self.manager = manager

    def around_handle(self, handling):
        return self.manager(handling)


@contextmanager
def swallowing(_handling):
    with suppress(BaseException):
        yield


@contextmanager
def failing_to_enter(_handling):
    raise OSError("no transaction")
    yield


@contextmanager
def failing_to_leave(_handling):
    yield
    raise OSError("no commit")


@contextmanager
def rejecting(_handling):
    raise Reject("the tenant is closed")
    yield


@contextmanager
def translating(_handling):
    try:
        yield
    except OSError as error:
        raise Reject("it will never work") from error


@pytest.mark.parametrize(
    ("behaviour", "manager", "count", "called"),
    [
        (lambda _e: None, lambda _h: None, "handled", 1),
        (lambda _e: None, swallowing, "handled", 1),
        (raising(OSError()), swallowing, "retried", 1),
        (raising(Reject("never")), swallowing, "rejected", 1),
        (lambda _e: Outcome.RETRY_LATER, swallowing, "retried", 1),
        (lambda _e: None, failing_to_enter, "retried", 0),
        (lambda _e: None, failing_to_leave, "retried", 1),
        (lambda _e: None, rejecting, "rejected", 0),
        (raising(OSError()), translating, "rejected", 1),
        (lambda _e: None, lambda _h: "no context manager", "retried", 0),
    ],
    ids=["none", "done", "swallows", "swallows Reject", "returned", "enter", "leave", "rejects", "translates", "wrong"],
)
@pytest.mark.usefixtures("sent")
def test_what_is_around_a_handler_is_part_of_it(*, consumer, calls, behaviour, manager, count, called):
    ran = []

    def handler(event):
        ran.append(event)
        return behaviour(event)

    report = consumer(handler, Recorder(calls), Around(manager))
    assert getattr(report, count) == report.received == 1
    assert len(ran) == called
    [outcome, _] = next(about for name, _, *about in calls if name == "after_handle")
    assert outcome is {"handled": Outcome.DONE, "retried": Outcome.RETRY_LATER}.get(count, Outcome.FATAL_ERROR)


def test_a_commit_that_fails_runs_the_handler_again(world, queue, drain):
    world.send(queue, ADDED)
    managers = iter([failing_to_leave, swallowing])
    ran = []

    def first_fails(handling):
        return next(managers)(handling)

    app = App(queue, backoff=Backoff(random=lambda: 1.0), middleware=[Around(first_fails)])
    app.subscribe(name="item.added")(ran.append)
    assert drain(app).retried == 1
    world.later(5)
    assert drain(app).handled == 1
    assert len(ran) == 2


TENANT = contextvars.ContextVar("tenant")


@contextmanager
def in_tenant(_handling):
    token = TENANT.set("acme")
    try:
        yield
    finally:
        TENANT.reset(token)


def test_an_async_handler_sees_the_context_around_it(world, queue, consumer):
    world.send(queue, ADDED)
    seen = []

    async def handler(_event):
        seen.append((TENANT.get(), threading.current_thread().name))

    assert consumer(handler, Around(in_tenant)).handled == 1
    assert seen == [("acme", "megaql-async")]


@pytest.mark.usefixtures("sent", "no_pauses")
def test_a_receive_that_fails_is_told_and_still_tried_again(queue, flaky, drain, calls):
    app = App(flaky(queue, receive_message=["InternalError"]), middleware=[Recorder(calls), Broken()])
    app.subscribe(name="item.added")(lambda _event: None)
    assert drain(app).handled == 1
    told = [about for name, _, *about in calls if name == "after_receive"]
    assert [type(error).__name__ for count, error in told if error] == ["Throttled"]


@pytest.mark.usefixtures("sent", "no_pauses")
def test_a_delete_that_fails_is_told(queue, flaky, drain, calls):
    app = App(flaky(queue, delete_message_batch=["AccessDenied"]), middleware=[Recorder(calls)])
    app.subscribe(name="item.added")(lambda _event: None)
    report = drain(app, limit=1)
    assert (report.handled, report.undone) == (1, 1)
    assert ("after_delete", "megaql-settle", False) in calls


class Refusing(Middleware):
    def before_run(self, queue):
        raise ConsumerError(f"not today, {queue}")


def test_only_before_run_can_refuse_and_those_before_it_tidy_up(consumer, calls):
    with pytest.raises(ConsumerError, match="not today, orders"):
        consumer(lambda _event: None, Recorder(calls, "1 "), Refusing(), Recorder(calls, "3 "))
    assert calls == [("1 before_run", "MainThread", "orders"), ("1 after_run", "MainThread", "orders", None)]


class Doubling(Queue):
    """Gives out each message twice, as a standard queue may."""

    def receive(self, limit=10, **settings):
        return [copy for message in super().receive(limit, **settings) for copy in (message, message)]


def test_every_received_message_is_settled_once_even_where_it_came_twice(world, queue, drain, calls):
    world.send(queue, ADDED)
    app = App(Doubling(queue.client, queue.url, queue.target), middleware=[Recorder(calls)])
    app.subscribe(name="item.added")(lambda _event: None)
    report = drain(app)
    assert (report.received, report.handled, report.expired) == (2, 1, 1)
    assert sorted(about[0].value for name, _, *about in calls if name == "after_settle") == ["expired", "handled"]


def test_what_is_not_overridden_is_not_there():
    bare = Hooks([Middleware()])
    assert not bare.handle
    assert [name for name in NAMES if getattr(bare, name, ())] == []
    receive = object()
    assert bare.receiving("orders", receive) is receive


class Misspelt(Middleware):
    def after_handel(self, handling): ...


class Async(Middleware):
    async def before_match(self, message): ...


class Generator(Middleware):
    def around_handle(self, _handling):
        yield


class AsyncAround(Middleware):
    @asynccontextmanager
    async def around_handle(self, _handling):
        yield


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (AsyncAround(), "the hook around_handle is async"),
        (
            Misspelt(),
            "there is no hook named after_handel\n  where: Misspelt.after_handel\n  why: it would never be called",
        ),
        (Misspelt(), "next: did you mean after_handle?"),
        (Async(), "the hook before_match is async"),
        (Generator(), "next: put @contextlib.contextmanager above it"),
        (Middleware, "middleware is an object, and Middleware is a class\n  next: make one: middleware=[Middleware()]"),
        (print, "middleware cannot be of type builtin_function_or_method"),
    ],
)
def test_what_could_not_work_is_refused_at_once(given, text):
    with pytest.raises(ConsumerError) as caught:
        App("local:orders", middleware=[given])
    assert text in str(caught.value)
    with pytest.raises(ConsumerError):
        hooks.checked(given)


def test_middleware_is_a_list():
    with pytest.raises(ConsumerError, match="middleware= cannot be of type Middleware"):
        App("local:orders", middleware=Middleware())
    app = App("local:orders", middleware=[one := Middleware()])
    app.add_middleware(two := Middleware())
    assert app.middleware == (one, two)


def test_a_handling_shows_no_payload():
    handling = Handling("reserve", None, MegaEvent("a", attributes={"card": "4111"}), error=ValueError("4111"))
    assert "4111" not in repr(handling)


def test_the_seconds_of_a_handling_are_the_handlers_and_those_around_it(calls):
    now = [0.0]

    def takes(seconds):
        now[0] += seconds

    class Slow(Middleware):
        before_handle = after_handle = lambda _self, _handling: takes(100)

        @contextmanager
        def around_handle(self, _handling):
            takes(1)
            yield
            takes(2)

    class Ledger(MemoryLedger):
        def record(self, message_id, subscription):
            takes(100)
            super().record(message_id, subscription)

    app = App()
    app.subscribe("a == 1")(lambda _data: takes(4))
    deliverer = Deliverer(
        app._matching,
        Ledger(),
        queue="orders",
        backoff=Backoff(),
        unmatched="delete",
        unknown="delete",
        monotonic=lambda: now[0],
        hooks=Hooks([Recorder(calls), Slow(), Seconds(calls)]),
    )
    deliverer.deliver(Held(Message("m-1", '{"a": 1}'), 0.0))
    assert calls[0] == ("seconds", 7.0)


class Seconds(Middleware):
    def __init__(self, calls):
        self.calls = calls

    def after_handle(self, handling):
        self.calls.insert(0, ("seconds", handling.seconds))
