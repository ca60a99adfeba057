"""Retention: messages older than their queue keeps them go.

A maintainer keeps one rule: no sweep over a queue. A message never received is due since it was sent, so the due index
finds it; one that was received and returned is checked when it comes up for the next receive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.broker.local import fifo

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from megaql.broker.local.queues import Queue

#: The most messages a send or receive drops on its way, so that none waits long for others' leftovers.
CHUNK: Final = 100


def expire(db: sqlite3.Connection, queue: Queue, now: int) -> None:
    """Drop some messages that are past the queue's retention, if there are any."""
    rows = db.execute(
        "SELECT id, lane FROM message INDEXED BY message_due WHERE queue = ? AND visible_at < ? LIMIT ?",
        (queue.id, now - queue.retention, CHUNK),
    ).fetchall()
    if rows:
        drop(db, queue, [number for number, _ in rows])
        fifo.settle(db, [lane for _, lane in rows if lane is not None], now)


def drop(db: sqlite3.Connection, queue: Queue, numbers: Iterable[int]) -> None:
    """Delete messages of a queue by number; the caller settles their lanes."""
    rows = [(number,) for number in numbers]
    db.executemany("DELETE FROM message WHERE id = ?", rows)
    db.executemany("DELETE FROM payload WHERE id = ?", rows)
    db.execute("UPDATE counter SET value = value - ? WHERE queue = ?", (len(rows), queue.id))
