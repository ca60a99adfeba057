"""Reading ISO 8601 strictly, and the day as a stretch of time."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from bson.datetime_ms import DatetimeMS

from megaql.lang import dates
from megaql.lang.dates import Moment


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-02", utc(2026, 1, 2)),
        ("2026-01-02T03:04", utc(2026, 1, 2, 3, 4)),
        ("2026-01-02T03:04:05", utc(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02 03:04:05", utc(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02t03:04:05z", utc(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02T03:04:05.5Z", utc(2026, 1, 2, 3, 4, 5, 500_000)),
        ("2026-01-02T03:04:05,25Z", utc(2026, 1, 2, 3, 4, 5, 250_000)),
        ("2026-01-02T03:04:05.123456789Z", utc(2026, 1, 2, 3, 4, 5, 123_456)),
        ("2026-01-02T03:04:05+02:00", utc(2026, 1, 2, 1, 4, 5)),
        ("2026-01-02T03:04:05-0330", utc(2026, 1, 2, 6, 34, 5)),
        ("2026-01-02T03:04:05+01", utc(2026, 1, 2, 2, 4, 5)),
        ("2024-02-29", utc(2024, 2, 29)),
        ("9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_read(text, instant):
    assert dates.read(text) == instant
    assert dates.read(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026",
        "2026-01",
        "20260102",
        "2026-1-2",
        "2026-02-30",
        "2026-13-01",
        "0000-01-01",
        "2026-W01-1",
        "2026-002",
        "2026-01-02T",
        "2026-01-02T03",
        "2026-01-02T24:00:00Z",
        "2026-01-02T23:59:60Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+02:60",
        "2026-01-02T03:04:05 Z",
        "2026-01-02Z",
        " 2026-01-02",
        "2026-01-02\n",
        "٢026-01-02",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-01-02T03:04:05." + "1" * 50,
    ],
)
def test_unreadable(text):
    assert dates.read(text) is None


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (datetime(2026, 1, 2, 3), utc(2026, 1, 2, 3)),  # noqa: DTZ001 - BSON's datetimes have no zone
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), utc(2026, 1, 2, 1)),
        (date(2026, 1, 2), utc(2026, 1, 2)),
        (DatetimeMS(1000), utc(1970, 1, 1, 0, 0, 1)),
        (DatetimeMS(2**62), None),
        (DatetimeMS(-(2**62)), None),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=2))), None),
    ],
)
def test_dates_of_documents_become_utc(value, instant):
    assert dates.aware(value) == instant


DAY = Moment(utc(2026, 1, 2), whole_day=True)


@pytest.mark.parametrize(
    ("instant", "order"),
    [
        (utc(2026, 1, 1, 23, 59, 59, 999_999), -1),
        (utc(2026, 1, 2), 0),
        (utc(2026, 1, 2, 23, 59, 59, 999_999), 0),
        (utc(2026, 1, 3), 1),
    ],
)
def test_an_instant_is_before_in_or_after_a_day(instant, order):
    assert Moment(instant).order(DAY) == order
    assert DAY.order(Moment(instant)) == -order


def test_days_order_by_their_start():
    later = Moment(utc(2026, 1, 3), whole_day=True)
    assert (DAY.order(DAY), DAY.order(later), later.order(DAY)) == (0, -1, 1)


def test_the_last_day_of_all_has_no_end_and_needs_none():
    last = Moment(utc(9999, 12, 31), whole_day=True)
    assert Moment(datetime.max.replace(tzinfo=UTC)).order(last) == 0
