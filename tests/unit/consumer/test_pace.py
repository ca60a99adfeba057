from datetime import timedelta

import pytest

from megaql.consumer.pace import Pace


def test_until_something_was_measured_nothing_is_taken_that_cannot_start():
    pace = Pace(concurrency=3, lease=timedelta(seconds=30))
    assert pace.room(in_hand=0, idle=3) == 3
    assert pace.room(in_hand=3, idle=0) == 0


def test_fast_handlers_get_whole_batches():
    pace = Pace(concurrency=1, lease=timedelta(seconds=30))
    pace.observe(0.001)
    assert pace.room(in_hand=0, idle=1) == 10
    assert pace.capacity() == 11


@pytest.mark.parametrize(("seconds", "capacity"), [(1, 11), (2, 7), (5, 3), (15, 1), (100, 1)])
def test_what_waits_can_be_handled_within_half_a_lease(seconds, capacity):
    pace = Pace(concurrency=1, lease=timedelta(seconds=30))
    pace.observe(seconds)
    assert pace.capacity() == capacity


def test_a_slow_message_is_remembered_for_a_while():
    pace = Pace(concurrency=1, lease=timedelta(seconds=30))
    pace.observe(20)
    pace.observe(0.01)
    assert pace.capacity() == 1
    for _ in range(200):
        pace.observe(0.01)
    assert pace.capacity() == 11


def test_with_all_threads_busy_it_waits_for_half_of_the_room():
    pace = Pace(concurrency=2, lease=timedelta(seconds=30))
    pace.observe(0.001)
    assert pace.capacity() == 12
    assert pace.room(in_hand=11, idle=0) == 0
    assert pace.room(in_hand=7, idle=0) == 0
    assert pace.room(in_hand=6, idle=0) == 6
    assert pace.room(in_hand=11, idle=1) == 1


def test_a_receive_never_asks_for_more_than_sqs_gives():
    assert Pace(concurrency=64, lease=timedelta(seconds=30)).room(in_hand=0, idle=64) == 10
