from datetime import timedelta

import pytest

from megaql.broker.message import Message
from megaql.consumer.heartbeat import Heartbeat
from megaql.consumer.held import Held


@pytest.fixture
def heartbeat():
    return Heartbeat(timedelta(seconds=30), timedelta(seconds=100))


def held(received_at, deadline=None):
    return Held(Message("m", "{}", lease_deadline=received_at + 30 if deadline is None else deadline), received_at)


def test_a_message_in_hand_is_extended_at_half_of_its_lease_and_again_and_again(heartbeat):
    one = held(1000.0)
    heartbeat.watch(one, 1000.0)
    assert heartbeat.next_at() == 1015.0
    assert heartbeat.due(1014.9) == []
    assert heartbeat.due(1015.0) == [one]
    assert heartbeat.next_at() is None  # until the queue has answered
    one.extended_to = 1045.0
    heartbeat.watch(one, 1015.2)
    assert heartbeat.due(1030.2) == [one]


def test_a_message_that_came_late_in_its_lease_is_extended_sooner(heartbeat):
    late = held(1007.0, deadline=1030.0)
    heartbeat.watch(late, 1007.0)
    assert heartbeat.next_at() == 1015.0


def test_an_extension_that_failed_is_tried_again_soon(heartbeat):
    one = held(1000.0)
    heartbeat.watch(one, 1015.0, soon=True)
    assert heartbeat.due(1018.0) == [one]


def test_what_is_decided_needs_no_time(heartbeat):
    done, waiting = held(1000.0), held(1001.0)
    heartbeat.watch(done, 1000.0)
    heartbeat.watch(waiting, 1001.0)
    heartbeat.forget(done)
    assert heartbeat.due(1020.0) == [waiting]


@pytest.mark.parametrize("ended", ["in time", "lost"])
def test_a_lease_that_is_not_ours_any_more_is_left_alone(heartbeat, ended):
    one = held(1000.0)
    heartbeat.watch(one, 1000.0)
    one.lost = ended == "lost"
    assert heartbeat.due(1030.0 if ended == "in time" else 1015.0) == []


def test_a_handler_that_hangs_does_not_keep_its_message_for_ever(heartbeat):
    one = held(1000.0, deadline=2000.0)
    for beat in (1015.0, 1030.0, 1045.0, 1060.0):
        heartbeat.watch(one, beat - 15)
        assert heartbeat.due(beat) == [one]
    heartbeat.watch(one, 1060.0)
    assert heartbeat.due(1075.0) == []


def test_nothing_is_kept_of_what_is_decided_behind_a_message_that_stays(heartbeat):
    heartbeat.watch(held(1000.0), 1000.0)
    for number in range(1000):
        done = held(1000.0 + number / 1000)
        heartbeat.watch(done, done.received_at)
        heartbeat.forget(done)
    assert len(heartbeat._beats) == 1
    assert heartbeat.next_at() == 1015.0


def test_a_new_copy_is_watched_once(heartbeat):
    one = held(1000.0)
    heartbeat.watch(one, 1000.0)
    one.renew(held(1010.0).message, 1010.0)
    heartbeat.watch(one, 1010.0)
    assert heartbeat.due(1015.0) == []
    assert heartbeat.due(1026.0) == [one]
