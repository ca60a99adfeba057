"""What a scan does to a queue: each of CLI.md's rules for reading a live queue, against a queue with a clock of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from megaql.errors import BrokerError, ScanError, ScanRefused, Throttled
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.live import LiveScan, lease_for
from megaql.scan.preflight import preflight
from megaql.scan.stop import SecondSignal, StopFlag

NO_WAIT = timedelta(0)
EVERYTHING = Budget()


@pytest.fixture
def scan_of(clock):
    def make(queue, budget=EVERYTHING, **settings):
        allow = {"allow_receives": True, "allow_dead_letter": settings.pop("allow_dead_letter", False)}
        return LiveScan(queue, preflight(queue, **allow), budget, clock=clock, wall=clock.wall, **settings)

    return make


def read(scan, verdict=lambda _: Verdict.NO_MATCH):
    with scan:
        ids = []
        for message in scan:
            ids.append(message.id)
            scan.tally(verdict(message))
    return ids


def raise_at(message_id, error):
    def look(message):
        if message.id == message_id:
            raise error
        return Verdict.NO_MATCH

    return look


def test_every_message_is_received_once_and_given_back(make_queue, scan_of):
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


def test_nothing_is_released_while_the_scan_runs(make_queue, scan_of):
    queue = make_queue(40)
    with scan_of(queue) as scan:
        for _ in scan:
            assert queue.releases == []
    assert len(queue.releases) == 4


def test_releases_go_in_batches_of_ten_with_visibility_zero(make_queue, scan_of):
    queue = make_queue(25)
    read(scan_of(queue))
    assert [len(handles) for _, handles, _ in queue.releases] == [10, 10, 5]
    assert {timeout for _, _, timeout in queue.releases} == {timedelta(0)}


def test_a_receive_asks_for_a_real_lease_and_long_polling(make_queue, scan_of):
    queue = make_queue(3)
    read(scan_of(queue))
    for _, wait, visibility, _ in queue.receives:
        assert timedelta(seconds=10) <= visibility <= timedelta(seconds=60)
        assert timedelta(seconds=1) <= wait <= timedelta(seconds=3)


def test_one_preflight_request_and_all_requests_counted(make_queue, scan_of):
    queue = make_queue(20)
    scan = scan_of(queue)
    read(scan)
    assert queue.infos == 1
    assert scan.report.requests == 1 + len(queue.receives) + len(queue.releases) == 1 + 5 + 2
    assert scan.report.total == 20


def test_three_empty_polls_in_a_row_end_it(make_queue, scan_of):
    queue = make_queue(0)
    scan = scan_of(queue)
    assert read(scan) == []
    assert len(queue.receives) == 3
    assert scan.report.stopped_because is StopReason.EMPTY


def test_only_empty_polls_in_a_row_count(make_queue, scan_of, clock):
    queue = make_queue(30)
    for number, stored in enumerate(queue.stored):
        stored.visible_at = clock.now + 2.0 * (number // 10)
    scan = scan_of(queue)
    assert len(read(scan)) == 30
    assert sum(not received for *_, received in queue.receives) > 3


def test_the_scan_budget_is_exact(make_queue, scan_of):
    queue = make_queue(40)
    scan = scan_of(queue, Budget(scan=23))
    assert len(read(scan)) == 23
    assert sum(stored.receives for stored in queue.stored) == 23
    assert scan.report.stopped_because is StopReason.SCAN


def test_the_limit_counts_matches(make_queue, scan_of):
    queue = make_queue(100)
    scan = scan_of(queue, Budget(limit=3))
    ids = read(scan, lambda message: Verdict.MATCH if int(message.id[1:]) % 10 == 9 else Verdict.UNKNOWN)
    assert ids[-1] == "m29"
    report = scan.report
    assert (report.matched, report.unknown, report.seen) == (3, 27, 30)
    assert report.stopped_because is StopReason.LIMIT


def test_without_a_filter_no_more_is_received_than_the_limit(make_queue, scan_of):
    queue = make_queue(100)
    read(scan_of(queue, Budget(limit=13)), lambda _: Verdict.MATCH)
    assert sum(stored.receives for stored in queue.stored) == 13


def test_a_limit_reached_within_a_receive_gives_back_the_unseen_rest(make_queue, scan_of):
    queue = make_queue(20)
    scan = scan_of(queue, Budget(limit=2))
    ids = read(scan, lambda message: Verdict.MATCH if message.id in {"m4", "m5"} else Verdict.NO_MATCH)
    assert ids[-1] == "m5"
    assert scan.report.received > scan.report.seen == 6
    assert queue.hidden == []


def test_time_ends_it(make_queue, scan_of):
    queue = make_queue(10_000, receive_takes=1.0)
    scan = scan_of(queue, Budget(duration=timedelta(seconds=5)))
    read(scan)
    assert len(queue.receives) == 5
    assert scan.report.stopped_because is StopReason.TIME


def test_it_ends_before_the_first_lease_does(make_queue, scan_of):
    """The naive loop reads on, and receives the first messages a second time."""
    queue = make_queue(100, receive_takes=2.0)
    scan = scan_of(queue, lease=timedelta(seconds=30))
    read(scan)
    assert max(stored.receives for stored in queue.stored) == 1
    assert scan.report.stopped_because is StopReason.LEASE
    assert scan.report.released == scan.report.received > 50


def test_a_tenth_of_the_headroom_is_the_most_it_holds(make_queue, scan_of):
    queue = make_queue(300, in_flight=120_000 - 1_050)
    scan = scan_of(queue)
    assert len(read(scan)) == 105
    assert scan.report.stopped_because is StopReason.HEADROOM


def test_a_queue_without_headroom_is_not_received_from(make_queue, scan_of):
    queue = make_queue(5, in_flight=119_995)
    scan = scan_of(queue)
    assert read(scan) == []
    assert queue.receives == []
    assert scan.report.stopped_because is StopReason.HEADROOM


def test_a_message_on_its_last_life_ends_it(make_queue, scan_of):
    queue = make_queue(50, max_receive_count=5)
    queue.stored[13].receives = 4
    scan = scan_of(queue)
    assert len(read(scan)) == 20, "what was received with it is shown"
    assert scan.report.stopped_because is StopReason.LAST_LIFE
    assert scan.report.last_life == 1


def test_whoever_allowed_dead_lettering_reads_past_last_lives(make_queue, scan_of):
    queue = make_queue(30, max_receive_count=1)
    scan = scan_of(queue, allow_dead_letter=True)
    assert len(read(scan)) == 30
    assert scan.report.last_life == 30


def test_a_fifo_queue_gets_one_receive_and_the_shortest_lease(make_queue, scan_of):
    queue = make_queue(30, fifo=True, name="orders.fifo")
    scan = scan_of(queue)
    assert len(read(scan)) == 10
    assert [visibility for _, _, visibility, _ in queue.receives] == [timedelta(seconds=10)]
    assert scan.report.stopped_because is StopReason.RECEIVES


def test_more_fifo_receives_on_request(make_queue, scan_of):
    queue = make_queue(30, fifo=True)
    assert len(read(scan_of(queue, Budget(receives=2)))) == 20


def test_a_signal_ends_it_after_the_receive_in_flight(make_queue, scan_of):
    flag = StopFlag()
    queue = make_queue(50, on_receive=lambda number: number == 2 and flag.set(15))
    scan = scan_of(queue, stop=flag)
    assert len(read(scan)) == 10
    assert scan.report.received == 20, "the receive in flight has ended and is accounted for"
    assert queue.hidden == []
    assert scan.report.stopped_because is StopReason.SIGNAL
    assert flag.exit_status == 143


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("handler"), StopReason.ERROR),
        (BrokenPipeError(), StopReason.CLOSED),
        (KeyboardInterrupt(), StopReason.SIGNAL),
        (SystemExit(1), StopReason.ERROR),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_exception_on_the_way_releases(make_queue, scan_of, error, reason):
    queue = make_queue(50)
    scan = scan_of(queue)
    with pytest.raises(type(error)):
        read(scan, raise_at("m25", error))
    assert queue.hidden == []
    assert scan.report.released == 30
    assert scan.report.stopped_because is reason


def test_leaving_early_releases(make_queue, scan_of):
    queue = make_queue(50)
    with scan_of(queue) as scan:
        next(iter(scan))
    assert queue.hidden == []
    assert scan.report.stopped_because is StopReason.CALLER


def test_leaving_at_the_limit_is_said_as_the_limit(make_queue, scan_of):
    queue = make_queue(50)
    with scan_of(queue, Budget(limit=1)) as scan:
        next(iter(scan))
        scan.tally(Verdict.MATCH)
    assert scan.report.stopped_because is StopReason.LIMIT


def test_a_failing_receive_is_reported_after_the_release(make_queue, scan_of, clock):
    def fail(number):
        if number == 3:
            raise Throttled("slow down")

    queue = make_queue(50, on_receive=fail)
    scan = scan_of(queue)
    with pytest.raises(Throttled):
        read(scan)
    report = scan.report
    assert (report.released, report.in_doubt) == (20, 10)
    assert report.returning_at is not None
    assert report.returning_at.timestamp() >= max(stored.visible_at for stored in queue.stored) + clock.skew
    assert report.stopped_because is StopReason.ERROR


def test_a_second_signal_leaves_at_once_and_says_when_messages_return(make_queue, scan_of, clock):
    queue = make_queue(50)
    scan = scan_of(queue, lease=timedelta(seconds=20))
    with pytest.raises(SecondSignal) as caught:
        read(scan, raise_at("m15", SecondSignal(2)))
    assert queue.releases == []
    assert scan.report.unreleased == 20
    returns = datetime.fromtimestamp(max(stored.visible_at for stored in queue.stored) + clock.skew, UTC)
    assert abs(scan.report.returning_at - returns) < timedelta(seconds=1)
    assert caught.value.exit_status == 130


def test_a_second_signal_during_the_release_keeps_the_account(make_queue, scan_of):
    def signal_in_second_batch(number, _messages):
        if number == 1:
            raise SecondSignal(2)

    queue = make_queue(30, on_release=signal_in_second_batch)
    scan = scan_of(queue)
    with pytest.raises(SecondSignal):
        read(scan)
    assert (scan.report.released, scan.report.unreleased) == (10, 20)


def test_nothing_is_released_at_or_after_the_deadline(make_queue, scan_of, clock):
    """An old receipt handle is accepted by SQS: a late release would take the messages from whoever has them now."""
    queue = make_queue(10)
    scan = scan_of(queue, lease=timedelta(seconds=10))
    with scan:
        for _ in scan:
            clock.now += 0.98  # a slow reader
        clock.now += 2
        other = queue.receive(10, visibility=timedelta(seconds=300), holder="consumer")
    assert len(other) == 10
    assert queue.releases == []
    assert len(queue.hidden) == 10, "they still are the consumer's"
    assert scan.report.unreleased == 10


def test_a_release_leaves_time_for_its_own_travel(make_queue, scan_of, clock):
    queue = make_queue(10)
    scan = scan_of(queue, Budget(scan=10), lease=timedelta(seconds=10))
    with scan:
        list(scan)
        clock.now += 7.5
    assert queue.releases == []
    assert scan.report.unreleased == 10


def test_the_deadline_counts_from_before_the_request(make_queue, scan_of):
    queue = make_queue(10, receive_takes=8.0)
    scan = scan_of(queue, Budget(scan=10), lease=timedelta(seconds=10))
    read(scan)
    assert queue.releases == [], "the lease may have begun when the request was sent, 8 seconds ago"


def test_a_slow_release_stops_where_the_lease_ends(make_queue, scan_of):
    queue = make_queue(100, release_takes=3.0)
    scan = scan_of(queue, Budget(scan=100), lease=timedelta(seconds=20))
    read(scan)
    report = scan.report
    assert 0 < report.released < 100
    assert report.released + report.unreleased == 100
    assert all(moment < 1000 + 20 + 1 - 3 for moment, _, _ in queue.releases)


def test_a_laptop_that_slept_releases_nothing(make_queue, scan_of, clock):
    """The monotonic clock stands still in sleep; the queue's clock does not."""
    queue = make_queue(10)
    scan = scan_of(queue, Budget(scan=10))
    with scan:
        list(scan)
        clock.skew += 3600
    assert queue.releases == []
    assert scan.report.unreleased == 10


def test_a_wall_clock_set_back_does_not_extend_a_lease(make_queue, scan_of, clock):
    queue = make_queue(10)
    scan = scan_of(queue, Budget(scan=10), lease=timedelta(seconds=20))
    with scan:
        list(scan)
        clock.now += 30
        clock.skew -= 3600
    assert queue.releases == []


def test_a_partial_failure_is_left_to_its_lease(make_queue, scan_of, failure):
    queue = make_queue(25)
    queue.on_release = lambda _number, messages: [failure(message) for message in messages if message.id == "m3"]
    scan = scan_of(queue)
    read(scan)
    assert (scan.report.released, scan.report.unreleased) == (24, 1)
    assert scan.report.release_error == "InternalError"
    assert scan.report.returning_at is not None
    assert queue.hidden == ["m3"]


def test_a_failed_release_request_does_not_stop_the_others(make_queue, scan_of):
    def fail_first(number, _messages):
        if not failed:
            failed.append(number)
            raise Throttled("slow down")

    failed = []
    queue = make_queue(30, on_release=fail_first)
    scan = scan_of(queue)
    read(scan)
    assert (scan.report.released, scan.report.unreleased) == (20, 10)
    assert scan.report.release_error == "slow down"


def test_a_dead_service_is_given_up_after_three_requests(make_queue, scan_of):
    def fail(_number, _messages):
        tried.append(1)
        raise BrokerError("gone")

    tried = []
    queue = make_queue(100, on_release=fail)
    scan = scan_of(queue)
    read(scan)
    assert len(tried) == 3
    assert scan.report.unreleased == 100


def test_a_failing_release_does_not_hide_the_first_error(make_queue, scan_of):
    def fail(_number, _messages):
        raise BrokerError("gone")

    queue = make_queue(10, on_release=fail)
    scan = scan_of(queue)
    with pytest.raises(ZeroDivisionError):
        read(scan, raise_at("m0", ZeroDivisionError()))
    assert scan.report.unreleased == 10


def test_a_duplicate_is_counted_not_shown_and_released_by_its_newest_handle(make_queue, scan_of, clock):
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


def test_a_duplicate_does_not_make_the_first_lease_longer(make_queue, scan_of, clock):
    def hand_out_again(number):
        if number == 4:
            queue.stored[0].visible_at = clock.now

    queue = make_queue(200, receive_takes=2.0, on_receive=hand_out_again)
    scan = scan_of(queue, lease=timedelta(seconds=30))
    read(scan)
    assert scan.report.repeated == 1
    assert len(queue.receives) == 8, "15 seconds, half of the lease of m1"


def test_bodies_are_not_held(make_queue, scan_of):
    queue = make_queue(30)
    with scan_of(queue) as scan:
        list(scan)
        assert {held.message.body for held in scan._holdings._held.values()} == {""}


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


def test_following_goes_on_when_the_queue_is_empty(make_queue, scan_of):
    def arrive(number):
        if number == 10:
            queue.stored[0].visible_at = 0

    queue = make_queue(1, on_receive=arrive)
    queue.stored[0].visible_at = 1e9
    scan = scan_of(queue, Budget(limit=1), follow=True)
    assert read(scan, lambda _: Verdict.MATCH) == ["m0"]
    assert len(queue.receives) == 11
    assert scan.report.stopped_because is StopReason.LIMIT


def test_a_followed_queue_is_waited_at(make_queue, scan_of):
    queue = make_queue(0)
    read(scan_of(queue, Budget(duration=timedelta(seconds=5)), follow=True, wait=NO_WAIT))
    assert len(queue.receives) == 5


def test_following_shows_a_message_that_comes_back_once_and_says_so(make_queue, scan_of):
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


def test_following_counts_only_current_leases_as_held(make_queue, scan_of, clock):
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


def test_following_ends_before_it_uses_up_lives(make_queue, scan_of):
    """Going on would raise every receive count once a lease, until a consumer's first look dead-letters the whole queue."""
    queue = make_queue(25, max_receive_count=5)
    scan = scan_of(queue, follow=True)
    assert len(read(scan)) == 25
    assert max(stored.receives for stored in queue.stored) == 2
    assert scan.report.stopped_because is StopReason.RETURNED


def test_following_goes_on_where_dead_lettering_is_allowed(make_queue, scan_of):
    queue = make_queue(1, max_receive_count=5)
    read(scan_of(queue, Budget(duration=timedelta(seconds=250)), follow=True, allow_dead_letter=True))
    assert queue.stored[0].receives == 5


def test_a_fifo_queue_cannot_be_followed(make_queue, scan_of):
    with pytest.raises(ScanRefused, match="FIFO"):
        scan_of(make_queue(1, fifo=True), follow=True)
