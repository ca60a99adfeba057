from datetime import UTC, datetime

import pytest

from megaql.cli.environment import Environment
from megaql.cli.reading.report import run_lines, run_status, scan_lines
from megaql.consumer.report import RunReport, Stopped
from megaql.scan.budget import StopReason
from megaql.scan.report import ScanReport

WORLD = Environment(stdin=None, stdout=None, stderr=None, zone=UTC, width=200)


def test_a_queue_that_was_read_and_given_back():
    report = ScanReport("orders", total=12, seen=12, matched=3, received=12, released=12, requests=5)
    report.stopped_because = StopReason.LIMIT
    assert scan_lines(report, WORLD) == [
        "orders: seen 12 of about 12, matched 3; stopped: the limit of matches is reached",
        "12 receive counts raised by 1; released 12; 5 requests",
    ]


def test_what_is_not_as_it_should_be_is_said():
    report = ScanReport("orders", total=12_000, seen=500, matched=3, unknown=2, received=500, released=497, requests=52)
    report.unreleased, report.in_doubt, report.repeated, report.last_life = 3, 10, 2, 1
    report.returning_at = datetime(2026, 11, 24, 12, 0, 31, tzinfo=UTC)
    report.release_error = "AccessDenied"
    report.stopped_because = StopReason.SIGNAL
    assert scan_lines(report, WORLD) == [
        "orders: seen 500 of about 12,000, matched 3, unknown 2; stopped: interrupted",
        "500 receive counts raised by 1; released 497; 3 return by 12:00:31; up to 10 more return by 12:00:31; 52 requests",
        "2 came a second time and are shown once",
        "on their last life, so that the next receive dead-letters them: 1",
        "releasing failed: AccessDenied",
    ]


def test_a_file_was_only_read():
    report = ScanReport("x.ndjson", seen=3, matched=1, bad_lines=2, stopped_because=StopReason.END)
    assert scan_lines(report, WORLD) == ["x.ndjson: seen 3, matched 1, unreadable lines 2"]


def test_lines_are_broken_between_parts_only():
    report = ScanReport("orders", total=12, seen=12, matched=3, received=12, released=12, requests=5)
    report.stopped_because = StopReason.EMPTY
    narrow = Environment(stdin=None, stdout=None, stderr=None, zone=UTC, width=60)
    assert scan_lines(report, narrow) == [
        "orders: seen 12 of about 12, matched 3",
        f"stopped: {StopReason.EMPTY.value}",
        "12 receive counts raised by 1; released 12; 5 requests",
    ]


def test_a_run_that_did_all():
    assert run_lines(RunReport(received=1200, handled=1200, stopped=Stopped.EMPTY)) == [
        "received 1,200, handled 1,200; stopped: the queue was empty"
    ]


def test_a_run_says_what_is_not_as_it_should_be():
    report = RunReport(received=9, handled=4, rejected=2, kept=3, undone=1, died=1, stopped=Stopped.EMPTY)
    assert run_lines(report) == [
        "received 9, handled 4, rejected 2, kept 3; stopped: the queue had no more to give",
        "rejected and still in the queue, since no dead-letter queue took them, so that they come again: 3",
        "could not be told to the queue, so that they come back when their lease ends: 1",
        "1 process died; what was in hand there is not done, and comes back when its lease ends",
    ]


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (RunReport(stopped=Stopped.EMPTY, retried=1), 0),
        (RunReport(stopped=Stopped.EMPTY, died=1), 6),
        (RunReport(stopped=Stopped.LIMIT, died=1), 6),
        (RunReport(stopped=Stopped.ASKED, died=1), 0),
        (RunReport(stopped=Stopped.ASKED, died=1, signal=15), 143),
    ],
    ids=["all done", "died", "died within a limit", "stopped by itself", "stopped by a signal"],
)
def test_the_status_of_a_run(report, status):
    assert run_status(report) == status
