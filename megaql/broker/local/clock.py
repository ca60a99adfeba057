"""The broker's time inside a transaction, and what happens when the machine's clock is set back.

Everything that waits (a lease, a delay, a lane, a deduplication id) waits for a point of time. Were the clock set back
by an hour, all of it would wait an hour longer. So the latest time seen is kept in the database, and a transaction that
finds the clock well before it brings those points forward by as much: what was visible stays visible, what had ten
seconds left has ten seconds left. A maintainer keeps one rule: a transaction takes its time from `stamp`, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

#: Steps back up to this are not worth correcting: processes read their clocks before they queue for the lock. Milliseconds.
SLACK: Final = 2_000

#: How far the time seen may lag behind, so that not every transaction has to write it. Milliseconds.
_PRECISION: Final = 500

#: The columns that hold points of time something waits for.
_WAITING: Final = (("message", "visible_at"), ("lane", "ready_at"), ("dedup", "expires_at"), ("move_task", "beat_at"))


def stamp(db: sqlite3.Connection, now: int) -> int:
    """Return `now`, the caller's transaction's time in milliseconds, after correcting what a set-back clock would delay."""
    seen = _seen(db)
    if now < seen - SLACK:
        for table, column in _WAITING:
            db.execute(
                f"UPDATE {table} SET {column} = {column} - ? WHERE {column} > ?",  # noqa: S608 - constants above
                (seen - now, now),
            )
    if now < seen - SLACK or now > seen + _PRECISION:
        db.execute("UPDATE counter SET value = ? WHERE queue = -2", (now,))
    return now


def set_back(db: sqlite3.Connection, now: int) -> bool:
    """Return whether the clock was set back since the last transaction, and the next one will correct for it."""
    return now < _seen(db) - SLACK


def _seen(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM counter WHERE queue = -2").fetchone()[0])
