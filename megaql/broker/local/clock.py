"""The broker's time inside a transaction, and what happens when the machine's clock leaps.

Everything that waits (a lease, a delay, a lane, a deduplication id) waits for a point of time, and a message past its retention is dropped. Were the
clock set back by an hour, all of it would wait an hour longer; were it set ahead, as on a machine that starts without the date and learns
it later, leases would end under their handlers and messages be dropped as too old. So the database keeps the date seen last, and beside it the time since the
machine started, which nobody sets. A transaction that finds the two apart moves all points of time by as much: what was visible stays visible,
what had ten seconds left has ten seconds left, what was a day old is a day old. Where the platform has no such clock, or the machine was started
meanwhile, only a step back can be told, because ahead is where time goes anyway.

A maintainer keeps one rule: a transaction takes its time from `Store.stamp`, once.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3

#: Leaps up to this are not worth correcting: processes read their clocks before they queue for the lock. Milliseconds.
SLACK: Final = 2_000

#: How far the time seen may lag behind, so that not every transaction has to write it. Milliseconds.
_PRECISION: Final = 500

#: Under a name of ours, a type checker does not take the other platforms' code for dead.
_PLATFORM: Final[str] = sys.platform

#: The rows of `counter` that hold the date seen last; date and uptime of one moment; which start of the machine that uptime counts from.
_SEEN: Final = -2
_DATE: Final = -3
_UPTIME: Final = -4
_START: Final = -5

#: The columns that hold points of time.
_POINTS: Final = (
    ("message", ("visible_at", "sent_at")),
    ("lane", ("ready_at",)),
    ("dedup", ("expires_at",)),
    ("move_task", ("beat_at",)),
)
#: The same where 0 stands for never.
_POINTS_OR_NEVER: Final = ("received_at", "first_received_at")


class Uptime(NamedTuple):
    """The time since the machine started, sleep included, and a number for which start that was."""

    milliseconds: int
    start: int


def machine_uptime() -> Uptime | None:
    """Return this machine's; `None` where the platform has no clock that counts sleep and that nobody sets."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return Uptime(int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000), _start())
    if _PLATFORM == "darwin":
        return Uptime(int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1000), 1)
    return None


@functools.cache
def _start() -> int:
    """Return a number that is another one after each start, and in containers that were given an uptime of their own."""
    told = ""
    with suppress(OSError):
        told = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    with suppress(OSError):
        told += os.readlink("/proc/self/ns/time")  # noqa: PTH115 - what it says is no path
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6], "big") + 1


def stamp(db: sqlite3.Connection, now: int, uptime: Uptime | None) -> int:
    """Return `now`, the caller's transaction's time in milliseconds, after moving all points of time by as much as the clock has leapt."""
    seen = _rows(db)
    leap = _leap(seen, now, uptime)
    moved = abs(leap) > SLACK
    if moved:
        _move(db, leap)
    if moved or now > seen[_SEEN] + _PRECISION:
        since, start = uptime or (0, 0)
        rows = ((_SEEN, now), (_DATE, now), (_UPTIME, since), (_START, start))
        db.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?)", rows)
    return now


def leapt(db: sqlite3.Connection, now: int, uptime: Uptime | None) -> bool:
    """Return whether the clock has leapt since the last transaction, and the next one will correct for it."""
    return abs(_leap(_rows(db), now, uptime)) > SLACK


def _rows(db: sqlite3.Connection) -> dict[int, int]:
    return dict(db.execute("SELECT queue, value FROM counter WHERE queue BETWEEN ? AND ?", (_START, _SEEN)))


def _leap(seen: dict[int, int], now: int, uptime: Uptime | None) -> int:
    """Return by how much the date has gone further than the time; below 0, backwards."""
    back = min(0, now - seen[_SEEN])
    if uptime is None or seen.get(_START) != uptime.start or uptime.milliseconds < seen[_UPTIME] - SLACK:
        return back
    if seen[_DATE] != seen[_SEEN]:  # a release that does not know of uptimes has been here
        return back
    return (now - seen[_DATE]) - (uptime.milliseconds - seen[_UPTIME])


def _move(db: sqlite3.Connection, leap: int) -> None:
    # Names are constants of this module.
    for table, columns in _POINTS:
        for column in columns:
            db.execute(f"UPDATE {table} SET {column} = {column} + ?", (leap,))  # noqa: S608 - as above
    for column in _POINTS_OR_NEVER:
        db.execute(f"UPDATE message SET {column} = {column} + ? WHERE {column} > 0", (leap,))  # noqa: S608 - as above
