"""Moments in time: reading ISO 8601 text, and the days and instants that a query means by its dates.

A maintainer keeps two rules. No zone means UTC, as the MEGA protocol says. And a date without a time is the whole UTC day: every
comparison with it is by day, so that `<`, `==` and `>` stay the three exclusive cases they are for numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,18}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date that the query itself names, by a literal or a function: an aware datetime, or the UTC day that starts there.

    It is a class of its own because the query's side decides that a string on the other side is read as a date.
    """

    start: datetime
    whole_day: bool = False

    def order(self, other: Moment) -> int:
        """Return -1, 0 or 1 as this is before, the same as, or after; an instant within a day is the same as the day."""
        if self.whole_day and not other.whole_day:
            return -_place(other.start, self.start)
        if other.whole_day and not self.whole_day:
            return _place(self.start, other.start)
        return (self.start > other.start) - (self.start < other.start)


def _place(instant: datetime, day: datetime) -> int:
    """Return whether an instant is before (-1), in (0) or after (1) the day that starts at `day`."""
    if instant < day:
        return -1
    return 1 if instant - day >= _DAY else 0


def read(text: str) -> datetime | None:
    """Read `YYYY-MM-DD`, optionally with `T` or a space and `HH:MM[:SS[.fraction]]` and `Z`, `+HH`, `+HHMM` or `+HH:MM`.

    Returns an aware datetime in UTC, or `None` for any other text. Digits past the microsecond are dropped; week dates, ordinal
    dates, the basic form without separators, hour 24 and second 60 are not read.
    """
    parts = _ISO.fullmatch(text)
    if parts is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = parts.groups()
    try:
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=UTC,
        )
        if sign is None:
            return local
        hours, minutes = int(zone_hours), int(zone_minutes or 0)
        if hours > 23 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        return local - offset if sign == "+" else local + offset
    except (ValueError, OverflowError):
        return None


def is_day(text: str) -> bool:
    """Say whether a readable text is a date without a time."""
    return len(text) == len("2026-01-02")


def aware(value: Any) -> datetime | None:
    """Return a document's date as an aware datetime in UTC, or `None` where Python cannot hold it.

    Takes a `datetime` (without a zone: UTC), a `date` (its midnight), and BSON's out-of-range `DatetimeMS`.
    """
    try:
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        return from_milliseconds(int(value))
    except (ValueError, OverflowError, TypeError):
        return None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def from_milliseconds(milliseconds: int) -> datetime | None:
    """Return the instant so many milliseconds after 1970 in UTC, or `None` outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
