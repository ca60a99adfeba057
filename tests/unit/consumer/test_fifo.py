"""FIFO queues: in order and one at a time per group, groups side by side, a retry blocks its own group only."""

import threading
from datetime import timedelta

import pytest

from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.outcomes import Reject, Retry


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
