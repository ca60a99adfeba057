"""Moving messages between queues of the home, atomically: to a dead-letter queue, and back by a move task.

A maintainer keeps one rule: a message that moves is a new arrival there (a new number, its receives counted from zero),
because a number's order is its order in a FIFO lane, and because the old receipt handles must not reach it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.broker.local import fifo, queues

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from megaql.broker.local.queues import Queue


def dead_letter_target(db: sqlite3.Connection, queue: Queue) -> Queue | None:
    """Return the queue that takes this one's dead letters; None where there is none, or it was deleted."""
    return queues.by_arn(db, queue.redrive.dead_letter_arn) if queue.redrive else None


def to_dead_letters(db: sqlite3.Connection, source: Queue, target: Queue, numbers: Sequence[int], now: int) -> None:
    """Move messages to a dead-letter queue; they keep their message id and, unless FIFO, the time they were sent."""
    moved = relocate(db, source, target, numbers, now)
    db.executemany("UPDATE payload SET source_arn = ? WHERE id = ?", [(source.arn, number) for number in moved])
    if target.fifo:
        db.executemany("UPDATE message SET sent_at = ? WHERE id = ?", [(now, number) for number in moved])


def relocate(db: sqlite3.Connection, source: Queue, target: Queue, numbers: Sequence[int], now: int) -> list[int]:
    """Move messages by number, visible at once, inside the caller's transaction; return their new numbers in order.

    The caller settles the lanes of `source` that they left.
    """
    first = int(db.execute("SELECT value FROM counter WHERE queue = 0").fetchone()[0]) + 1
    moved = list(range(first, first + len(numbers)))
    for number, new in zip(numbers, moved, strict=True):
        lane = None
        if target.fifo:
            row = db.execute("SELECT group_id FROM payload WHERE id = ?", (number,)).fetchone()
            lane = fifo.enter(db, target, row[0] or "", now)
        db.execute(
            "UPDATE message SET id = ?, queue = ?, lane = ?, visible_at = ?, receives = 0, received_at = 0,"
            " first_received_at = 0 WHERE id = ?",
            (new, target.id, lane, now, number),
        )
        db.execute("UPDATE payload SET id = ? WHERE id = ?", (new, number))
    db.execute("UPDATE counter SET value = value + ? WHERE queue IN (0, ?)", (len(moved), target.id))
    db.execute("UPDATE counter SET value = value - ? WHERE queue = ?", (len(moved), source.id))
    return moved
