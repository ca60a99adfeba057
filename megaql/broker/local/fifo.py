"""Order and deduplication of FIFO queues.

A lane is a message group that holds messages. Its messages are received in the order of their numbers; while one of
them is in flight, none of the lane is given out. What is in flight is always the head of a lane, and no more than one
receive takes (ten), so `settle` finds a lane's state in its first ten rows however long it is.

A maintainer keeps two rules: whoever changes messages of a FIFO queue settles their lanes in the same transaction, and a
message enters a lane at its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from megaql.broker.local.queues import Queue

#: How long a deduplication id is remembered. Milliseconds.
DEDUP_WINDOW: Final = 300_000

#: More rows than one receive can have in flight in a lane.
_HEAD: Final = 10


def enter(db: sqlite3.Connection, queue: Queue, group_id: str, visible_at: int) -> int:
    """Return the lane of a group, made where there is none; its first message will be visible at `visible_at`."""
    row = db.execute("SELECT id FROM lane WHERE queue = ? AND name = ?", (queue.id, group_id)).fetchone()
    if row is not None:
        return int(row[0])
    cursor = db.execute("INSERT INTO lane (queue, name, ready_at) VALUES (?, ?, ?)", (queue.id, group_id, visible_at))
    return int(cursor.lastrowid or 0)


def settle(db: sqlite3.Connection, lanes: Iterable[int], now: int) -> None:
    """Bring lanes up to date after their messages were received, returned, deleted or moved away."""
    for lane in set(lanes):
        head = db.execute(
            "SELECT visible_at, receives FROM message INDEXED BY message_lane WHERE lane = ? ORDER BY id LIMIT ?",
            (lane, _HEAD),
        ).fetchall()
        if not head:
            db.execute("DELETE FROM lane WHERE id = ?", (lane,))
            continue
        in_flight = [visible_at for visible_at, receives in head if receives and visible_at > now]
        # A lane whose turn is over queues behind the others, or one with a long backlog would keep them waiting.
        ready_at = max(in_flight) if in_flight else max(head[0][0], now)
        db.execute("UPDATE lane SET ready_at = ? WHERE id = ? AND ready_at <> ?", (ready_at, lane, ready_at))


def dedup_key(queue: Queue, group_id: str, dedup_id: str) -> str:
    """Return what must not repeat within the window: the id in the queue, or in its group where the queue says so."""
    return f"{group_id} {dedup_id}" if queue.dedup_by_group else dedup_id


def remembered(db: sqlite3.Connection, queue: Queue, key: str, now: int) -> tuple[str, int] | None:
    """Return the message id and number first sent under a key within the window, or None."""
    row = db.execute(
        "SELECT message_id, sequence FROM dedup WHERE queue = ? AND key = ? AND expires_at > ?", (queue.id, key, now)
    ).fetchone()
    return (row[0], row[1]) if row else None


def remember(db: sqlite3.Connection, queue: Queue, key: str, sent: tuple[str, int], now: int) -> None:
    """Note that a key was used, by the message with that id and number."""
    db.execute("INSERT OR REPLACE INTO dedup VALUES (?, ?, ?, ?, ?)", (queue.id, key, now + DEDUP_WINDOW, *sent))


def forget(db: sqlite3.Connection, queue: Queue, now: int) -> None:
    """Drop the keys whose window has ended."""
    db.execute("DELETE FROM dedup WHERE queue = ? AND expires_at <= ?", (queue.id, now))
