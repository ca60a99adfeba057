from datetime import timedelta

import pytest

from megaql.consumer.backoff import Backoff
from megaql.consumer.polling import EMPTY_INTERVAL, Polling


@pytest.fixture
def polling():
    return Polling(3, Backoff(base=timedelta(seconds=1), cap=timedelta(seconds=30), random=lambda: 1.0), now=100.0)


def receive(polling, now, asked, count, **given):
    polling.begin(asked, now, in_hand=given.get("in_hand", 0))
    polling.received(asked, count, pause=True)


def test_receives_that_come_back_full_bring_more_side_by_side_and_empty_ones_fewer(polling):
    assert polling.wanted == 1
    for wanted in (2, 3, 3):
        receive(polling, 100.0, 10, 10)
        assert polling.wanted == wanted
    receive(polling, 100.0, 10, 4)
    assert polling.wanted == 3
    for wanted in (2, 1, 1):
        receive(polling, 100.0, 10, 0)
        assert polling.wanted == wanted


def test_no_more_begin_than_are_wanted(polling):
    receive(polling, 100.0, 10, 10)
    polling.begin(10, 100.0, in_hand=0)
    assert polling.may_begin(100.0)
    polling.begin(5, 100.0, in_hand=0)
    assert not polling.may_begin(100.0)
    assert polling.pending == 15


def test_a_server_that_does_not_wait_is_not_asked_without_end(polling):
    receive(polling, 100.0, 1, 0)
    assert not polling.may_begin(100.0)
    assert polling.paused_until(100.0) == 100.0 + EMPTY_INTERVAL
    assert polling.may_begin(100.0 + EMPTY_INTERVAL)
    assert polling.paused_until(100.0 + EMPTY_INTERVAL) is None


def test_a_failure_leaves_one_receive_that_waits_longer_each_time(polling):
    receive(polling, 100.0, 10, 10)
    polling.begin(10, 100.0, in_hand=0)
    assert polling.failed(10, 100.0) == 1
    polling.begin(10, 101.0, in_hand=0)
    assert polling.failed(10, 101.0) == 2
    assert (polling.wanted, polling.failures, polling.pending) == (1, 2, 0)
    assert not polling.may_begin(102.5)
    assert polling.may_begin(103.0)
    receive(polling, 103.0, 1, 1)
    assert polling.failures == 0


def test_receives_that_fail_side_by_side_are_one_failure(polling):
    receive(polling, 100.0, 10, 10)
    receive(polling, 100.0, 10, 10)
    for _ in range(3):
        polling.begin(10, 100.0, in_hand=0)
    assert [polling.failed(10, now) for now in (103.0, 103.25, 103.5)] == [1.0, 0.75, 0.5]
    assert (polling.wanted, polling.failures, polling.asked) == (1, 1, [])


@pytest.mark.parametrize(
    ("in_hand", "beside", "conclusive"), [(0, None, True), (1, None, False), (0, 0, False), (0, 3, False)]
)
def test_an_empty_receive_says_that_the_queue_is_empty_only_where_nothing_else_could_have_come_back(
    polling, in_hand, beside, conclusive
):
    receive(polling, 100.0, 10, 10)
    if beside is not None:
        polling.begin(7, 100.0, in_hand=0)
    polling.begin(10, 100.0, in_hand=in_hand)
    if beside is not None:
        polling.received(7, beside, pause=False)
    polling.received(10, 0, pause=False)
    assert polling.dry
    assert polling.conclusive is conclusive


def test_what_comes_beside_an_empty_receive_makes_it_say_nothing(polling):
    receive(polling, 100.0, 10, 10)
    polling.begin(10, 100.0, in_hand=0)
    polling.begin(7, 100.0, in_hand=0)
    polling.received(7, 2, pause=False)
    polling.received(10, 0, pause=False)
    assert not polling.conclusive
