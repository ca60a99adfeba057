"""How a scan reads: each of CLI.md's rules for reading a live queue, against a queue with a clock of its own."""

from datetime import timedelta

import pytest

from megaql.errors import ScanError
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.live import lease_for
from megaql.scan.stop import StopFlag


def test_every_message_is_received_once_and_given_back(make_queue, scan_of, read):
    queue = make_queue(95)
    scan = scan_of(queue)
    ids = read(scan)
    assert ids == [f"m{number}" for number in range(95)]
    assert {stored.receives for stored in queue.stored} == {1}
    assert queue.hidden == []
    report = scan.report
    assert (report.seen, report.received, report.released, report.unreleased) == (95, 95, 95, 0)
    assert report.returning_at is None
    assert report.stopped_because is StopReason.EMPTY


def test_a_receive_asks_for_a_real_lease_and_long_polling(make_queue, scan_of, read):
    queue = make_queue(3)
    read(scan_of(queue))
    for _, wait, visibility, _ in queue.receives:
        assert timedelta(seconds=10) <= visibility <= timedelta(seconds=60)
        assert timedelta(seconds=1) <= wait <= timedelta(seconds=3)


def test_one_preflight_request_and_all_requests_counted(make_queue, scan_of, read):
    queue = make_queue(20)
    scan = scan_of(queue)
    read(scan)
    assert queue.infos == 1
    assert scan.report.requests == 1 + len(queue.receives) + len(queue.releases) == 1 + 5 + 2
    assert scan.report.total == 20


def test_three_empty_polls_in_a_row_end_it(make_queue, scan_of, read):
    queue = make_queue(0)
    scan = scan_of(queue)
    assert read(scan) == []
    assert len(queue.receives) == 3
    assert scan.report.stopped_because is StopReason.EMPTY


def test_only_empty_polls_in_a_row_count(make_queue, scan_of, clock, read):
    queue = make_queue(30)
    for number, stored in enumerate(queue.stored):
        stored.visible_at = clock.now + 2.0 * (number // 10)
    scan = scan_of(queue)
    assert len(read(scan)) == 30
    assert sum(not received for *_, received in queue.receives) > 3


def test_the_scan_budget_is_exact(make_queue, scan_of, read):
    queue = make_queue(40)
    scan = scan_of(queue, Budget(scan=23))
    assert len(read(scan)) == 23
    assert sum(stored.receives for stored in queue.stored) == 23
    assert scan.report.stopped_because is StopReason.SCAN


def test_the_limit_counts_matches(make_queue, scan_of, read):
    queue = make_queue(100)
    scan = scan_of(queue, Budget(limit=3))
    ids = read(scan, lambda message: Verdict.MATCH if int(message.id[1:]) % 10 == 9 else Verdict.UNKNOWN)
    assert ids[-1] == "m29"
    report = scan.report
    assert (report.matched, report.unknown, report.seen) == (3, 27, 30)
    assert report.stopped_because is StopReason.LIMIT


def test_without_a_filter_no_more_is_received_than_the_limit(make_queue, scan_of, read):
    queue = make_queue(100)
    read(scan_of(queue, Budget(limit=13)), lambda _: Verdict.MATCH)
    assert sum(stored.receives for stored in queue.stored) == 13


def test_a_limit_reached_within_a_receive_gives_back_the_unseen_rest(make_queue, scan_of, read):
    queue = make_queue(20)
    scan = scan_of(queue, Budget(limit=2))
    ids = read(scan, lambda message: Verdict.MATCH if message.id in {"m4", "m5"} else Verdict.NO_MATCH)
    assert ids[-1] == "m5"
    assert scan.report.received > scan.report.seen == 6
    assert queue.hidden == []


def test_time_ends_it(make_queue, scan_of, read):
    queue = make_queue(10_000, receive_takes=1.0)
    scan = scan_of(queue, Budget(duration=timedelta(seconds=5)))
    read(scan)
    assert len(queue.receives) == 5
    assert scan.report.stopped_because is StopReason.TIME


def test_it_ends_before_the_first_lease_does(make_queue, scan_of, read):
    """The naive loop reads on, and receives the first messages a second time."""
    queue = make_queue(100, receive_takes=2.0)
    scan = scan_of(queue, lease=timedelta(seconds=30))
    read(scan)
    assert max(stored.receives for stored in queue.stored) == 1
    assert scan.report.stopped_because is StopReason.LEASE
    assert scan.report.released == scan.report.received > 50


def test_a_tenth_of_the_headroom_is_the_most_it_holds(make_queue, scan_of, read):
    queue = make_queue(300, in_flight=120_000 - 1_050)
    scan = scan_of(queue)
    assert len(read(scan)) == 105
    assert scan.report.stopped_because is StopReason.HEADROOM


def test_a_queue_without_headroom_is_not_received_from(make_queue, scan_of, read):
    queue = make_queue(5, in_flight=119_995)
    scan = scan_of(queue)
    assert read(scan) == []
    assert queue.receives == []
    assert scan.report.stopped_because is StopReason.HEADROOM


def test_a_message_on_its_last_life_ends_it(make_queue, scan_of, read):
    queue = make_queue(50, max_receive_count=5)
    queue.stored[13].receives = 4
    scan = scan_of(queue)
    assert len(read(scan)) == 20, "what was received with it is shown"
    assert scan.report.stopped_because is StopReason.LAST_LIFE
    assert scan.report.last_life == 1


def test_whoever_allowed_dead_lettering_reads_past_last_lives(make_queue, scan_of, read):
    queue = make_queue(30, max_receive_count=1)
    scan = scan_of(queue, allow_dead_letter=True)
    assert len(read(scan)) == 30
    assert scan.report.last_life == 30


def test_a_fifo_queue_gets_one_receive_and_the_shortest_lease(make_queue, scan_of, read):
    queue = make_queue(30, fifo=True, name="orders.fifo")
    scan = scan_of(queue)
    assert len(read(scan)) == 10
    assert [visibility for _, _, visibility, _ in queue.receives] == [timedelta(seconds=10)]
    assert scan.report.stopped_because is StopReason.RECEIVES


def test_more_fifo_receives_on_request(make_queue, scan_of, read):
    queue = make_queue(30, fifo=True)
    assert len(read(scan_of(queue, Budget(receives=2)))) == 20


def test_a_signal_ends_it_after_the_receive_in_flight(make_queue, scan_of, read):
    flag = StopFlag()
    queue = make_queue(50, on_receive=lambda number: number == 2 and flag.set(15))
    scan = scan_of(queue, stop=flag)
    assert len(read(scan)) == 10
    assert scan.report.received == 20, "the receive in flight has ended and is accounted for"
    assert queue.hidden == []
    assert scan.report.stopped_because is StopReason.SIGNAL
    assert flag.exit_status == 143


def test_a_duplicate_is_counted_not_shown_and_released_by_its_newest_handle(make_queue, scan_of, clock, read):
    """A standard queue may hand out a message twice, lease or not."""

    def hand_out_again(number):
        if number == 1:
            queue.stored[2].visible_at = clock.now

    queue = make_queue(15, on_receive=hand_out_again)
    scan = scan_of(queue)
    ids = read(scan)
    assert sorted(ids) == sorted(stored.id for stored in queue.stored)
    assert scan.report.repeated == 1
    handles = [handle for _, batch, _ in queue.releases for handle in batch]
    assert "m2#2" in handles
    assert "m2#1" not in handles


def test_a_duplicate_does_not_make_the_first_lease_longer(make_queue, scan_of, clock, read):
    def hand_out_again(number):
        if number == 4:
            queue.stored[0].visible_at = clock.now

    queue = make_queue(200, receive_takes=2.0, on_receive=hand_out_again)
    scan = scan_of(queue, lease=timedelta(seconds=30))
    read(scan)
    assert scan.report.repeated == 1
    assert len(queue.receives) == 8, "15 seconds, half of the lease of m1"


@pytest.mark.parametrize("seconds", [0, 1, 9.9, 61, 3600])
def test_a_lease_is_ten_to_sixty_seconds(make_queue, scan_of, seconds):
    with pytest.raises(ScanError, match="10 to 60 seconds"):
        scan_of(make_queue(1), lease=timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("budget", "settings", "seconds"),
    [
        (Budget(), {}, 60),
        (Budget(duration=timedelta(seconds=2)), {}, 30),
        (Budget(duration=timedelta(seconds=20)), {}, 40),
        (Budget(duration=timedelta(minutes=5)), {}, 60),
        (Budget(), {"fifo": True}, 10),
        (Budget(duration=timedelta(seconds=2)), {"follow": True}, 60),
    ],
)
def test_the_lease_covers_the_time_asked_for(budget, settings, seconds):
    assert lease_for(budget, **settings) == timedelta(seconds=seconds)
