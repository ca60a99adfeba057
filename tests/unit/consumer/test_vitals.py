"""Progress, and handlers that take nearly as long as their lease."""

from datetime import timedelta

import pytest

from megaql.consumer.vitals import BETWEEN_LOOKS, REMEMBERED, Vitals


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def vitals(now):
    return Vitals("orders", timedelta(seconds=30), monotonic=lambda: now[0])


def test_a_run_begins_with_progress_and_is_quiet_after_it(vitals, now):
    assert vitals.quiet_for() == 0
    now[0] += 7
    assert vitals.quiet_for() == 7
    vitals.got_on()
    now[0] += 2
    assert vitals.quiet_for() == 2


def warnings(caplog):
    return [record.getMessage() for record in caplog.records]


def test_handlers_near_the_end_of_their_lease_are_told_of_once(vitals, caplog):
    for _ in range(BETWEEN_LOOKS * 10):
        vitals.took(25)
    (warning,) = warnings(caplog)
    assert warning.startswith("one message in twenty takes 25 s or more, and the lease is 30 s: only extending it")
    assert warning.endswith("; raise the visibility timeout")
    assert caplog.records[0].queue == "orders"


def test_a_few_messages_say_nothing(vitals, caplog):
    for _ in range(BETWEEN_LOOKS - 1):
        vitals.took(100)
    assert warnings(caplog) == []


@pytest.mark.parametrize(("slow", "told"), [(4, 0), (5, 1), (12, 1)])
def test_it_is_the_95th_of_a_hundred_that_counts(vitals, caplog, slow, told):
    # All at one look, so that the order does not count: the slow ones come last.
    for number in range(100):
        vitals.took(29 if number >= 100 - slow else 0.001)
    assert len(warnings(caplog)) == told


def test_what_was_long_ago_is_forgotten(vitals, caplog):
    for _ in range(REMEMBERED):
        vitals.took(23)
    for _ in range(REMEMBERED):
        vitals.took(0.001)
    assert list(vitals._times) == [0.001] * REMEMBERED
    assert warnings(caplog) == []


def test_a_worker_notes_how_long_handling_takes(world, queue, app, drain, monkeypatch):
    seen = []
    monkeypatch.setattr(Vitals, "took", lambda _self, seconds: seen.append(seconds))
    app.subscribe("exists n")(lambda _data: None)
    world.send(queue, {"n": 1}, {"n": 2})
    drain(app)
    assert len(seen) == 2
