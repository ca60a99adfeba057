"""ReceiveMessage: what is due goes in flight, and its receipt handles out.

A maintainer keeps three rules. A poll that finds nothing due writes nothing. Candidates come through the due index (or
the lanes, in a FIFO queue), never by looking at all messages: SQLite's planner is told which index. And a message past
its receives or its retention is moved or dropped here, in the same transaction, at the receive that would have
delivered it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.broker.local import fifo, queues, redrive, wakeup
from megaql.broker.local.answers import Candidate, Selection, message
from megaql.broker.local.errors import OVER_LIMIT, Refused, invalid_value
from megaql.broker.local.expiry import drop, expire

if TYPE_CHECKING:
    import sqlite3

    from megaql.broker.local.queues import Queue, Request, Response
    from megaql.broker.local.store import Link, Store

#: The most messages of a queue that may be in flight.
MAX_IN_FLIGHT: Final = 120_000

#: Rounds of candidates one receive goes through where dead letters or expired messages fill them.
MAX_ROUNDS: Final = 20

_COLUMNS: Final = (
    "m.id, m.lane, m.visible_at, m.sent_at, m.receives, m.first_received_at,"
    " p.message_id, p.body, p.md5, p.attributes, p.trace_header, p.group_id, p.dedup_id, p.source_arn"
)
#: The candidates of a standard queue: due first, first out.
DUE: Final = (
    f"SELECT {_COLUMNS} FROM message AS m INDEXED BY message_due CROSS JOIN payload AS p ON p.id = m.id"  # noqa: S608
    " WHERE m.queue = ? AND m.visible_at <= ? ORDER BY m.visible_at LIMIT ?"
)
#: The lanes of a FIFO queue whose first message may be received.
DUE_LANES: Final = "SELECT id FROM lane INDEXED BY lane_due WHERE queue = ? AND ready_at <= ? ORDER BY ready_at LIMIT ?"
#: When the first message of a standard queue, or of any lane, is due.
NEXT_DUE: Final = "SELECT visible_at FROM message INDEXED BY message_due WHERE queue = ? ORDER BY visible_at LIMIT 1"
NEXT_LANE: Final = "SELECT ready_at FROM lane INDEXED BY lane_due WHERE queue = ? ORDER BY ready_at LIMIT 1"
#: The first messages of a lane.
LANE_HEAD: Final = (
    f"SELECT {_COLUMNS} FROM message AS m INDEXED BY message_lane CROSS JOIN payload AS p ON p.id = m.id"  # noqa: S608
    " WHERE m.lane = ? ORDER BY m.id LIMIT ?"
)


class _Wish(NamedTuple):
    """What a request asks for, seconds where it says them."""

    limit: int
    visibility: int | None
    wait: int | None
    selection: Selection


def receive(store: Store, request: Request) -> Response:
    """ReceiveMessage; waits up to `WaitTimeSeconds` for a first message. `Messages` is absent where there is none."""
    wish = _checked(request)
    deadline = None
    with store.link() as link:
        if link.joined:  # in a transaction already, in which nothing new comes
            return _answer(store, link, request, wish)
        while True:
            with link.guard:
                version, db = wakeup.version(link), link.opened()[0]
                queue = queues.of_request(db, request)
                due_at, now = _first_due(db, queue), store.now()
                due = due_at is not None and (due_at <= now or store.leapt(db))
            if due:
                if answer := _answer(store, link, request, wish):
                    return answer
                continue
            if deadline is None:
                deadline = wakeup.deadline(queue.wait if wish.wait is None else wish.wait * 1000)
            if not wakeup.changed(store, link, version, due_at, deadline):
                return {}


def _answer(store: Store, link: Link, request: Request, wish: _Wish) -> Response:
    """Put due messages in flight and return them, or nothing."""
    with link.write() as db:
        queue, now = queues.of_request(db, request), store.stamp(db)
        lease = queue.visibility if wish.visibility is None else wish.visibility * 1000
        found = take(db, queue, now, wish.limit, lease)
    return {"Messages": [message(queue, candidate, wish.selection, now) for candidate in found]} if found else {}


def _checked(request: Request) -> _Wish:
    limit = request.get("MaxNumberOfMessages", 1)
    if not 1 <= limit <= 10:
        raise invalid_value("MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
    visibility, wait = request.get("VisibilityTimeout"), request.get("WaitTimeSeconds")
    if visibility is not None and not 0 <= visibility <= 43_200:
        raise invalid_value("VisibilityTimeout", "Must be between 0 and 43200, if provided.")
    if wait is not None and not 0 <= wait <= 20:
        raise invalid_value("WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
    return _Wish(limit, visibility, wait, Selection.of(request))


def _first_due(db: sqlite3.Connection, queue: Queue) -> int | None:
    """Return when the queue's next message may be received, past or future; None where it is empty."""
    row = db.execute(NEXT_LANE if queue.fifo else NEXT_DUE, (queue.id,)).fetchone()
    return int(row[0]) if row else None


def take(db: sqlite3.Connection, queue: Queue, now: int, limit: int, visibility: int) -> list[Candidate]:
    """Put up to `limit` due messages in flight for `visibility` milliseconds, inside the caller's transaction."""
    expire(db, queue, now)
    _check_room(db, queue, now)
    found: list[Candidate] = []
    for _ in range(MAX_ROUNDS):
        due = candidates(db, queue, now, limit - len(found))
        kept = _sorted_out(db, queue, due, now)
        db.executemany(
            "UPDATE message SET visible_at = ?, receives = ?, received_at = ?, first_received_at = ? WHERE id = ?",
            [(now + visibility, c.receives + 1, now, c.first_received_at or now, c.number) for c in kept],
        )
        fifo.settle(db, [c.lane for c in due if c.lane is not None], now)
        found += kept
        if len(kept) == len(due) or not visibility:
            break
    return found


def _check_room(db: sqlite3.Connection, queue: Queue, now: int) -> None:
    total = db.execute("SELECT value FROM counter WHERE queue = ?", (queue.id,)).fetchone()[0]
    if total > MAX_IN_FLIGHT and queues.in_flight(db, queue, now) >= MAX_IN_FLIGHT:
        raise Refused(
            OVER_LIMIT, f"Too many messages in flight: at most {MAX_IN_FLIGHT} may be received and not deleted."
        )


def candidates(db: sqlite3.Connection, queue: Queue, now: int, limit: int) -> list[Candidate]:
    """Return up to `limit` messages that may be received at `now`, in the order they should be."""
    if not queue.fifo:
        return [Candidate(*row) for row in db.execute(DUE, (queue.id, now, limit))]
    found: list[Candidate] = []
    for (lane,) in db.execute(DUE_LANES, (queue.id, now, limit)).fetchall():
        head = (Candidate(*row) for row in db.execute(LANE_HEAD, (lane, limit - len(found))).fetchall())
        found += itertools.takewhile(lambda candidate: candidate.visible_at <= now, head)
        if len(found) >= limit:
            break
    return found


def _sorted_out(db: sqlite3.Connection, queue: Queue, due: list[Candidate], now: int) -> list[Candidate]:
    """Return the candidates to deliver; drop those past retention, dead-letter those past their receives."""
    expired = [c.number for c in due if c.sent_at < now - queue.retention]
    if expired:
        drop(db, queue, expired)
        due = [c for c in due if c.sent_at >= now - queue.retention]
    if queue.redrive is None:
        return due
    most = queue.redrive.max_receives
    dead = [c.number for c in due if c.receives >= most]
    target = redrive.dead_letter_target(db, queue) if dead else None
    if target is None:
        return due
    redrive.to_dead_letters(db, queue, target, dead, now)
    return [c for c in due if c.receives < most]
