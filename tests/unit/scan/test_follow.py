"""A scan that goes on when the queue is empty."""

from datetime import timedelta

import pytest

from megaql.errors import ScanRefused
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason

NO_WAIT = timedelta(0)


def test_following_goes_on_when_the_queue_is_empty(make_queue, scan_of, read):
    def arrive(number):
        if number == 10:
            queue.stored[0].visible_at = 0

    queue = make_queue(1, on_receive=arrive)
    queue.stored[0].visible_at = 1e9
    scan = scan_of(queue, Budget(limit=1), follow=True)
    assert read(scan, lambda _: Verdict.MATCH) == ["m0"]
    assert len(queue.receives) == 11
    assert scan.report.stopped_because is StopReason.LIMIT


def test_a_followed_queue_is_waited_at(make_queue, scan_of, read):
    queue = make_queue(0)
    read(scan_of(queue, Budget(duration=timedelta(seconds=5)), follow=True, wait=NO_WAIT))
    assert len(queue.receives) == 5


def test_following_shows_a_message_that_comes_back_once_and_says_so(make_queue, scan_of, read):
    queue = make_queue(3)
    scan = scan_of(queue, Budget(duration=timedelta(seconds=100)), follow=True)
    assert read(scan) == ["m0", "m1", "m2"]
    assert scan.report.repeated == 3
    assert scan.report.received == 6
    assert queue.hidden == []


def test_following_does_not_release_what_its_lease_gave_up(make_queue, scan_of, clock):
    queue = make_queue(3)
    with scan_of(queue, follow=True) as scan:
        messages = iter(scan)
        for _ in range(3):
            next(messages)
        clock.now += 61
        queue.receive(10, visibility=timedelta(seconds=300), holder="consumer")
    assert queue.releases == []
    assert len(queue.hidden) == 3


def test_following_counts_only_current_leases_as_held(make_queue, scan_of, clock, read):
    queue = make_queue(15, in_flight=119_900)
    for number, stored in enumerate(queue.stored):
        stored.visible_at = clock.now + 100 * (number // 5)

    def take_away(message):
        queue.find(message.id).visible_at = 1e9
        return Verdict.NO_MATCH

    scan = scan_of(queue, Budget(duration=timedelta(seconds=300)), follow=True)
    assert len(read(scan, take_away)) == 15, "the most it may hold at once is 10"
    assert scan.report.stopped_because is StopReason.TIME
    assert scan.report.unreleased == 0


def test_following_ends_before_it_uses_up_lives(make_queue, scan_of, read):
    """Going on would raise every receive count once a lease, until a consumer's first look dead-letters the whole queue."""
    queue = make_queue(25, max_receive_count=5)
    scan = scan_of(queue, follow=True)
    assert len(read(scan)) == 25
    assert max(stored.receives for stored in queue.stored) == 2
    assert scan.report.stopped_because is StopReason.RETURNED


def test_following_goes_on_where_dead_lettering_is_allowed(make_queue, scan_of, read):
    queue = make_queue(1, max_receive_count=5)
    read(scan_of(queue, Budget(duration=timedelta(seconds=250)), follow=True, allow_dead_letter=True))
    assert queue.stored[0].receives == 5


def test_a_fifo_queue_cannot_be_followed(make_queue, scan_of):
    with pytest.raises(ScanRefused, match="FIFO"):
        scan_of(make_queue(1, fifo=True), follow=True)
