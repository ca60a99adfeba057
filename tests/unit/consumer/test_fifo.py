"""FIFO queues: in order and one at a time per group, groups side by side, a retry blocks its own group only."""

import threading
from datetime import timedelta

import pytest

from megaql.broker.message import Message
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.held import Held
from megaql.consumer.jobs import Finished, Received
from megaql.consumer.outcomes import Reject, Retry
from megaql.consumer.plan import Plan
from megaql.consumer.report import Tally
from megaql.consumer.settlement import GIVE_BACK, SUPERSEDED, Action, Settled, Settlement
from megaql.consumer.worker import Worker


@pytest.fixture
def fifo(world):
    return world.with_dead_letters("orders.fifo")


def numbers(*values):
    return [{"n": value} for value in values]


def test_each_group_in_order_whatever_the_number_of_threads(world, fifo, drain):
    for number in range(40):
        for group in "abc":
            world.send(fifo, {"group": group, "n": number}, group=group)
    app = App(fifo)
    lock = threading.Lock()
    seen = {group: [] for group in "abc"}
    out = dict.fromkeys("abc", 0)
    together = []

    @app.subscribe("exists n")
    def note(data):
        group = data.data["group"]
        with lock:
            out[group] += 1
            together.append((out[group], sum(out.values())))
        seen[group].append(data.data["n"])
        with lock:
            out[group] -= 1

    assert drain(app, concurrency=4).handled == 120
    assert seen == {group: list(range(40)) for group in "abc"}
    assert {of_group for of_group, _ in together} == {1}


def test_groups_run_side_by_side(world, fifo, drain):
    world.send(fifo, *numbers(1), group="a")
    world.send(fifo, *numbers(2), group="b")
    app = App(fifo)
    meeting = threading.Barrier(2, timeout=30)
    app.subscribe("exists n", subscription="meet")(lambda _data: meeting.wait() and None)
    assert drain(app, concurrency=2).handled == 2


def test_a_retry_blocks_its_own_group_and_nothing_is_overtaken(world, fifo, drain):
    world.send(fifo, *numbers(1, 2, 3), group="a")
    world.send(fifo, *numbers(10, 20), group="b")
    app = App(fifo, backoff=Backoff(random=lambda: 1.0))
    handled = []

    @app.subscribe("exists n")
    def note(data, message):
        if data.data["n"] == 1 and message.receive_count < 3:
            raise Retry(timedelta(seconds=60))
        handled.append(data.data["n"])

    drain(app)
    assert handled == [10, 20]
    world.later(60)
    drain(app)
    assert handled == [10, 20]
    world.later(60)
    drain(app)
    assert handled == [10, 20, 1, 2, 3]
    assert fifo.info().visible + fifo.info().in_flight == 0


def test_those_behind_a_head_that_fails_go_back_and_come_again_in_order(world, fifo, drain):
    """With several threads the first receive brings the whole group."""
    world.send(fifo, *numbers(1, 2, 3), group="a")
    app = App(fifo, backoff=Backoff(random=lambda: 1.0))
    handled = []

    @app.subscribe("exists n")
    def note(data, message):
        if data.data["n"] == 1 and message.receive_count == 1:
            raise Retry(timedelta(seconds=60))
        handled.append((data.data["n"], message.receive_count))

    report = drain(app, concurrency=3)
    assert (report.received, report.retried, report.returned, handled) == (3, 1, 2, [])
    world.later(60)
    assert drain(app, concurrency=3).handled == 3
    assert handled == [(1, 2), (2, 2), (3, 2)]


def test_a_rejected_head_goes_and_the_group_goes_on(world, fifo, drain):
    world.send(fifo, *numbers(1, 2), group="a")
    app = App(fifo)
    handled = []

    @app.subscribe("exists n")
    def note(data):
        if data.data["n"] == 1:
            raise Reject("one is never right")
        handled.append(data.data["n"])

    report = drain(app)
    assert (report.rejected, report.handled, handled) == (1, 1, [2])
    [dead] = fifo.dead_letter_queue().receive()
    assert (dead.payload.data, dead.group_id) == ({"n": 1}, "a")


@pytest.mark.usefixtures("no_pauses")
def test_a_head_that_cannot_be_deleted_is_not_overtaken(world, fifo, flaky, drain):
    world.send(fifo, *numbers(1, 2), group="a")
    app = App(flaky(fifo, delete_message_batch=["ServiceUnavailable"] * 3))
    handled = []
    app.subscribe("exists n", subscription="note")(lambda data: handled.append(data.data["n"]))
    drain(app)
    world.later(30)
    drain(app)
    assert handled == [1, 2]
    assert fifo.info().visible + fifo.info().in_flight == 0


def test_at_the_end_what_has_not_started_goes_back_in_order(world, fifo, drain):
    app = App(fifo)
    handled = []

    @app.subscribe("exists n")
    def note(data):
        handled.append(data.data["n"])
        if data.data["n"] in {0, 3}:
            app.stop()

    world.send(fifo, *numbers(*range(8)), group="a")
    drain(app, once=False)
    drain(app, once=False)
    drain(app)
    assert handled == list(range(8))


class Settling:
    """A worker over a FIFO queue whose messages are in hand and whose threads do nothing, so that a test says what was told to the queue."""

    def __init__(self, queue, *names):
        self.worker = Worker(queue, None, None, None, Plan(timedelta(seconds=30), Backoff()), monotonic=lambda: 1000.0)
        self.worker._settlers.submit = lambda _job: None
        self.receive(*names)

    def receive(self, *names):
        """Let messages arrive, each named by its group and number."""
        self.worker._polling.begin(10, 1000.0, in_hand=0)
        messages = [Message(name, "handle", system={"MessageGroupId": name[0]}) for name in names]
        self.worker._on_received(Received(10, messages))

    def start(self):
        """Return the names of those that handlers are given now."""
        given = self.worker._buffer.take(10)
        self.worker._running |= dict.fromkeys(given)
        return {held.message.id: held for held in given}

    def settle(self, held, settlement, *, gone):
        """Let the handlers be done with a message and the queue be told; returns what is to be told next."""
        if held in self.worker._running:
            self.worker._on_finished(Finished(held, settlement, 0.001))
        self.worker._pile.clear()
        self.worker._settling.append(1)
        self.worker._on_told([Settled(held, settlement, gone=gone, failed=False)])
        return [(one.message.id, said) for one, said in self.worker._pile]


DONE = Settlement(Action.DELETE, Tally.HANDLED)
LATER = Settlement(Action.RETURN, Tally.RETRIED)


def test_what_is_behind_one_that_stays_is_given_back(fifo):
    settling = Settling(fifo, "a1", "a2", "a3", "b1", "b2")
    out = settling.start()
    assert list(out) == ["a1", "b1"]
    assert settling.settle(out["a1"], LATER, gone=False) == [("a2", GIVE_BACK), ("a3", GIVE_BACK)]
    assert settling.start() == {}
    assert settling.settle(out["b1"], DONE, gone=True) == []
    assert list(settling.start()) == ["b2"]
    assert sorted(settling.worker._open) == ["b2"]


@pytest.mark.parametrize("settlement", [DONE, Settlement(Action.LEAVE, Tally.EXPIRED)])
def test_a_delete_that_failed_and_a_lease_that_was_lost_send_the_rest_back(fifo, settlement):
    settling = Settling(fifo, "a1", "a2")
    out = settling.start()
    assert settling.settle(out["a1"], settlement, gone=False) == [("a2", GIVE_BACK)]
    assert settling.worker._open == {}


def test_one_that_was_given_back_says_nothing_of_those_that_came_since(fifo):
    """The group has come again before the queue has answered: whoever is out now is not done."""
    settling = Settling(fifo, "a1", "a2")
    first = settling.start()["a1"]
    [(_, back)] = settling.settle(first, LATER, gone=False)
    settling.receive("a1", "a2", "a3")
    settling.start()
    assert settling.settle(Held(Message("a2", "old", system={"MessageGroupId": "a"}), 1000.0), back, gone=False) == []
    assert settling.start() == {}
    assert sorted(settling.worker._open) == ["a1", "a2", "a3"]


def test_the_old_copy_of_what_is_in_hand_says_nothing_of_its_group(fifo):
    settling = Settling(fifo, "a1", "a2")
    out = settling.start()
    old = Held(Message("a1", "old", system={"MessageGroupId": "a"}), 1000.0)
    assert settling.settle(old, SUPERSEDED, gone=False) == []
    assert settling.start() == {}
    assert settling.settle(out["a1"], DONE, gone=True) == []
    assert list(settling.start()) == ["a2"]
