"""How a scan gives back: on every way out, and never late."""

from datetime import UTC, datetime, timedelta

import pytest

from megaql.errors import AccessDenied, BrokerError, CredentialsMissing, QueueNotFound, Throttled
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.stop import SecondSignal


def test_nothing_is_released_while_the_scan_runs(make_queue, scan_of):
    queue = make_queue(40)
    with scan_of(queue) as scan:
        for _ in scan:
            assert queue.releases == []
    assert len(queue.releases) == 4


def test_releases_go_in_batches_of_ten_with_visibility_zero(make_queue, scan_of, read):
    queue = make_queue(25)
    read(scan_of(queue))
    assert [len(handles) for _, handles, _ in queue.releases] == [10, 10, 5]
    assert {timeout for _, _, timeout in queue.releases} == {timedelta(0)}


@pytest.mark.parametrize(
    "way",
    [
        (ValueError("handler"), StopReason.ERROR),
        (BrokenPipeError(), StopReason.CLOSED),
        (KeyboardInterrupt(), StopReason.SIGNAL),
        (SystemExit(1), StopReason.ERROR),
    ],
    ids=lambda way: type(way[0]).__name__,
)
def test_every_exception_on_the_way_releases(make_queue, scan_of, way, read, raise_at):
    error, reason = way
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


def test_a_failing_receive_is_reported_after_the_release(make_queue, scan_of, clock, read):
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


@pytest.mark.parametrize("error", [AccessDenied, CredentialsMissing, QueueNotFound])
@pytest.mark.parametrize("turn", [1, 2], ids=["one", "side-by-side"])
def test_a_receive_that_was_refused_leaves_nothing_in_doubt(make_queue, scan_of, read, error, turn):
    def fail(number):
        if number >= 2:
            raise error("no")

    scan = scan_of(make_queue(50, on_receive=fail), turn=turn, side_by_side=turn > 1)
    with pytest.raises(error):
        read(scan)
    assert (scan.report.received, scan.report.released, scan.report.in_doubt) == (10, 10, 0)


def test_a_second_signal_leaves_at_once_and_says_when_messages_return(make_queue, scan_of, clock, read, raise_at):
    queue = make_queue(50)
    scan = scan_of(queue, lease=timedelta(seconds=20))
    with pytest.raises(SecondSignal) as caught:
        read(scan, raise_at("m15", SecondSignal(2)))
    assert queue.releases == []
    assert scan.report.unreleased == 20
    returns = datetime.fromtimestamp(max(stored.visible_at for stored in queue.stored) + clock.skew, UTC)
    assert abs(scan.report.returning_at - returns) < timedelta(seconds=1)
    assert caught.value.exit_status == 130


def test_a_second_signal_during_the_release_keeps_the_account(make_queue, scan_of, read):
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


def test_the_deadline_counts_from_before_the_request(make_queue, scan_of, read):
    queue = make_queue(10, receive_takes=8.0)
    scan = scan_of(queue, Budget(scan=10), lease=timedelta(seconds=10))
    read(scan)
    assert queue.releases == [], "the lease may have begun when the request was sent, 8 seconds ago"


def test_a_slow_release_stops_where_the_lease_ends(make_queue, scan_of, read):
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


def test_a_partial_failure_is_left_to_its_lease(make_queue, scan_of, failure, read):
    queue = make_queue(25)
    queue.on_release = lambda _number, messages: [failure(message) for message in messages if message.id == "m3"]
    scan = scan_of(queue)
    read(scan)
    assert (scan.report.released, scan.report.unreleased) == (24, 1)
    assert scan.report.release_error == "InternalError"
    assert scan.report.returning_at is not None
    assert queue.hidden == ["m3"]


def test_a_failed_release_request_does_not_stop_the_others(make_queue, scan_of, read):
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


def test_a_dead_service_is_given_up_after_three_requests(make_queue, scan_of, read):
    def fail(_number, _messages):
        tried.append(1)
        raise BrokerError("gone")

    tried = []
    queue = make_queue(100, on_release=fail)
    scan = scan_of(queue)
    read(scan)
    assert len(tried) == 3
    assert scan.report.unreleased == 100


def test_a_failing_release_does_not_hide_the_first_error(make_queue, scan_of, read, raise_at):
    def fail(_number, _messages):
        raise BrokerError("gone")

    queue = make_queue(10, on_release=fail)
    scan = scan_of(queue)
    with pytest.raises(ZeroDivisionError):
        read(scan, raise_at("m0", ZeroDivisionError()))
    assert scan.report.unreleased == 10


def test_bodies_are_not_held(make_queue, scan_of):
    queue = make_queue(30)
    with scan_of(queue) as scan:
        list(scan)
        assert {held.message.body for held in scan._holdings._held.values()} == {""}


# Extending leases, as a read that may take long does


def test_leases_are_extended_at_half_and_never_before(make_queue, scan_of, clock):
    queue = make_queue(20)
    with scan_of(queue, Budget(scan=20), extend=True, lease=timedelta(seconds=60)) as scan:
        messages = iter(scan)
        for _ in range(10):
            next(messages)
        clock.now += 29
        assert queue.releases == []
        clock.now += 2
        assert len(list(messages)) == 10
        assert [(len(handles), visibility) for _, handles, visibility in queue.releases] == [
            (10, timedelta(seconds=60))
        ]
    assert queue.hidden == []
    assert scan.report.released == 20


def test_a_late_extension_sends_nothing(make_queue, scan_of, clock):
    """By then the message may be somebody else's, who would have it taken away."""
    queue = make_queue(20)
    with scan_of(queue, Budget(scan=20), extend=True, lease=timedelta(seconds=60)) as scan:
        messages = iter(scan)
        for _ in range(10):
            next(messages)
        clock.now += 58
        list(messages)
        assert queue.releases == []


def test_an_extension_counts_from_before_it_was_sent(make_queue, scan_of, clock):
    queue = make_queue(10, release_takes=20)
    with scan_of(queue, extend=True, lease=timedelta(seconds=60)) as scan:
        messages = iter(scan)
        for _ in range(10):
            next(messages)
        clock.now += 31
        begun = clock.now
        list(messages)
        assert queue.releases[0][0] == begun
        # Three empty polls later, and with the lease that was asked for at `begun`:
        clock.now = begun + 58
    assert len(queue.releases) == 1, "too late to be given back"
    assert scan.report.unreleased == 10


def test_what_cannot_be_extended_is_left_to_its_lease(make_queue, scan_of, clock):
    def fail(*_):
        raise Throttled("slow down")

    queue = make_queue(20, on_release=fail)
    with scan_of(queue, Budget(scan=20), extend=True, lease=timedelta(seconds=60)) as scan:
        messages = iter(scan)
        for _ in range(10):
            next(messages)
        clock.now += 31
        assert len(list(messages)) == 10
        queue.on_release = None
    assert scan.report.released == 20


def test_several_receives_make_a_batch(make_queue, scan_of):
    queue = make_queue(100)
    with scan_of(queue, extend=True, turn=8) as scan:
        sizes = [len(batch) for batch in scan.batches()]
    assert sizes == [10, 20, 40, 30, 0, 0, 0]
    assert len({handle for _, handles, _ in queue.releases for handle in handles}) == 100


def test_a_stop_ends_a_batch_between_two_receives(make_queue, scan_of):
    from megaql.scan.stop import StopFlag

    stop = StopFlag()
    queue = make_queue(200, on_receive=lambda number: stop.set() if number == 5 else None)
    with scan_of(queue, extend=True, turn=8, stop=stop) as scan:
        assert sum(len(batch) for batch in scan.batches()) == 50
    assert queue.hidden == []


def test_holding_more_than_a_tenth_has_to_be_said(make_queue, clock):
    from dataclasses import replace

    from megaql.scan.preflight import preflight

    looked = preflight(make_queue(10, in_flight=20_000))
    assert looked.max_held == 10_000
    assert replace(looked, hold=50_000).max_held == 50_000
    assert replace(looked, hold=500_000).max_held == 90_000
    assert replace(looked, hold=5).max_held == 5
    assert clock() == 1000
