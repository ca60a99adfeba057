"""Message move tasks: a dead-letter queue's messages back to where they came from, or to a named queue.

A thread of the process that starts a task moves the messages, a chunk a transaction, and the task's row is updated in
the same transaction: after a crash each message is in exactly one queue and the count is right. A maintainer keeps two
rules. A task moves only what was there when it started, so that a message which comes back is not moved for ever. And
every step beats; a task whose process died is found by its silence and marked failed, by whoever looks next.

A moved message is a new one, as in SQS: a new message id, sent now, never received.
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.broker.local import fifo, queues, redrive
from megaql.broker.local.errors import (
    INVALID_VALUE,
    QUEUE_DOES_NOT_EXIST,
    RESOURCE_NOT_FOUND,
    UNSUPPORTED,
    Refused,
    invalid_value,
)
from megaql.broker.local.identifiers import new_ids
from megaql.broker.local.receive import candidates

if TYPE_CHECKING:
    from megaql.broker.local.queues import Queue, Request, Response
    from megaql.broker.local.store import Store

#: Messages a step moves at most, so that other writers get their turn between.
CHUNK: Final = 100
#: A running task that did not move anything or look for this long has lost its process. Milliseconds.
SILENCE: Final = 30_000
#: Finished tasks that a source's list remembers.
HISTORY: Final = 10
#: The highest rate one may ask for. Messages a second.
MAX_RATE: Final = 500

RUNNING, CANCELLING, CANCELLED, COMPLETED, FAILED = "RUNNING", "CANCELLING", "CANCELLED", "COMPLETED", "FAILED"

#: What a task moves next, of a standard queue: what is due and was there when it started.
STANDARD_CHUNK: Final = (
    "SELECT m.id, NULL, p.source_arn FROM message AS m INDEXED BY message_due CROSS JOIN payload AS p ON p.id = m.id"
    " WHERE m.queue = ? AND m.visible_at <= ? AND m.id <= ? ORDER BY m.visible_at LIMIT ?"
)


class Row(NamedTuple):
    """What a step has to know of a message: its number, its lane, and the queue that dead-lettered it."""

    number: int
    lane: int | None
    source_arn: str | None


def start(store: Store, request: Request) -> Response:
    """StartMessageMoveTask; the moving goes on in a thread after this returns.

    A process waits for it at its end; closing the client stops it.
    """
    source_arn, destination_arn = request["SourceArn"], request.get("DestinationArn")
    rate = request.get("MaxNumberOfMessagesPerSecond")
    if rate is not None and not 1 <= rate <= MAX_RATE:
        raise invalid_value("MaxNumberOfMessagesPerSecond", f"Must be between 1 and {MAX_RATE}, if provided.")
    task = uuid.uuid4().hex
    with store.write() as db:
        now = store.stamp(db)
        source = _checked_source(db, source_arn)
        _check_destination(db, source, destination_arn)
        _bury(db, now)
        if db.execute(
            "SELECT 1 FROM move_task WHERE source_arn = ? AND status IN ('RUNNING', 'CANCELLING')", (source_arn,)
        ).fetchone():
            raise Refused(
                INVALID_VALUE,
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            )
        last = db.execute("SELECT value FROM counter WHERE queue = 0").fetchone()[0]
        waiting = int(queues.counts(db, source, now)["ApproximateNumberOfMessages"])
        db.execute(
            "INSERT INTO move_task VALUES (?, ?, ?, ?, ?, 0, ?, ?, NULL, ?, ?)",
            (task, source_arn, destination_arn, rate, RUNNING, waiting, last, now, now),
        )
        db.execute(
            "DELETE FROM move_task WHERE source_arn = ? AND id NOT IN"
            " (SELECT id FROM move_task WHERE source_arn = ? ORDER BY started_at DESC, rowid DESC LIMIT ?)",
            (source_arn, source_arn, HISTORY),
        )
    launch(store, task, rate)
    return {"TaskHandle": _write_handle(task)}


def _checked_source(db: sqlite3.Connection, arn: str) -> Queue:
    source = queues.by_arn(db, arn)
    if source is None:
        raise Refused(RESOURCE_NOT_FOUND, "The resource that you specified for the SourceArn parameter doesn't exist.")
    if not db.execute("SELECT 1 FROM queue WHERE dead_letter_arn = ?", (arn,)).fetchone():
        raise Refused(INVALID_VALUE, "Source queue must be configured as a Dead Letter Queue.")
    return source


def _check_destination(db: sqlite3.Connection, source: Queue, arn: str | None) -> None:
    if arn is None:
        return
    destination = queues.by_arn(db, arn)
    if destination is None:
        raise Refused(
            RESOURCE_NOT_FOUND, "The resource that you specified for the DestinationArn parameter doesn't exist."
        )
    if destination.id == source.id:
        raise Refused(INVALID_VALUE, "Source queue arn and destination queue arn cannot be the same.")
    if destination.fifo != source.fifo:
        raise Refused(UNSUPPORTED, "Source and destination must be of the same type, standard or FIFO.")


def launch(store: Store, task: str, rate: int | None) -> None:
    """Run a task to its end in a thread."""
    threading.Thread(target=run, args=(store, task, rate), name=f"megaql-move-{task[:8]}").start()


def run(store: Store, task: str, rate: int | None) -> None:
    """Move chunk after chunk, at most `rate` messages a second, until the task is finished, cancelled or failed."""
    chunk = min(CHUNK, rate) if rate else CHUNK
    try:
        while step(store, task, chunk):
            if rate:
                time.sleep(chunk / rate)
    except (sqlite3.Error, OSError, Refused):
        # Closed, full or damaged: the row cannot be relied on to take a note of it, and its silence will tell.
        return


def step(store: Store, task: str, chunk: int = CHUNK) -> bool:
    """Move one chunk; False where the task is over."""
    with store.write() as db:
        now = store.stamp(db)
        source_arn, destination_arn, status, last = db.execute(
            "SELECT source_arn, destination_arn, status, last_message FROM move_task WHERE id = ?", (task,)
        ).fetchone()
        if status != RUNNING:
            return _finish(db, task, CANCELLED if status == CANCELLING else status)
        source = queues.by_arn(db, source_arn)
        if source is None:
            return _finish(db, task, FAILED, QUEUE_DOES_NOT_EXIST)
        rows = _next_rows(db, source, now, last, chunk)
        if not rows:
            return _finish(db, task, COMPLETED)
        for arn in dict.fromkeys(destination_arn or row.source_arn for row in rows):
            same = [row for row in rows if (destination_arn or row.source_arn) == arn]
            failure = _move(db, source, arn, same, task=task, now=now)
            if failure:
                return _finish(db, task, FAILED, failure)
    return True


def _next_rows(db: sqlite3.Connection, source: Queue, now: int, last: int, limit: int) -> list[Row]:
    """Return the next messages to move."""
    if not source.fifo:
        return [Row(*row) for row in db.execute(STANDARD_CHUNK, (source.id, now, last, limit))]
    return [Row(c.number, c.lane, c.source_arn) for c in candidates(db, source, now, limit) if c.number <= last]


def _move(
    db: sqlite3.Connection, source: Queue, arn: str | None, rows: list[Row], *, task: str, now: int
) -> str | None:
    """Move rows that share a destination; return why it cannot be, as SQS's `FailureReason`."""
    if arn is None:
        return "CouldNotDetermineMessageSource"
    target = queues.by_arn(db, arn)
    if target is None:
        return QUEUE_DOES_NOT_EXIST
    moved = redrive.relocate(db, source, target, [row.number for row in rows], now)
    fresh = zip(new_ids(len(moved)), moved, strict=True)
    db.executemany("UPDATE payload SET message_id = ?, source_arn = NULL WHERE id = ?", list(fresh))
    db.executemany("UPDATE message SET sent_at = ? WHERE id = ?", [(now, number) for number in moved])
    fifo.settle(db, [row.lane for row in rows if row.lane is not None], now)
    db.execute("UPDATE move_task SET moved = moved + ?, beat_at = ? WHERE id = ?", (len(moved), now, task))
    return None


def _finish(db: sqlite3.Connection, task: str, status: str, failure: str | None = None) -> bool:
    db.execute("UPDATE move_task SET status = ?, failure = COALESCE(?, failure) WHERE id = ?", (status, failure, task))
    return False


def _bury(db: sqlite3.Connection, now: int) -> None:
    """Mark the tasks failed whose process died."""
    db.execute(
        "UPDATE move_task SET status = 'FAILED', failure = 'the process that ran this task has ended'"
        " WHERE status IN ('RUNNING', 'CANCELLING') AND beat_at < ?",
        (now - SILENCE,),
    )


def list_tasks(store: Store, request: Request) -> Response:
    """ListMessageMoveTasks: the latest tasks of a source, newest first; `Results` is absent where there are none."""
    limit = request.get("MaxResults", 1)
    if not 1 <= limit <= HISTORY:
        raise invalid_value("MaxResults", f"Must be between 1 and {HISTORY}, if provided.")
    with store.write() as db:
        if queues.by_arn(db, request["SourceArn"]) is None:
            raise Refused(
                RESOURCE_NOT_FOUND, "The resource that you specified for the SourceArn parameter doesn't exist."
            )
        _bury(db, store.stamp(db))
        rows = db.execute(
            "SELECT id, status, source_arn, destination_arn, rate, moved, to_move, failure, started_at FROM move_task"
            " WHERE source_arn = ? ORDER BY started_at DESC, rowid DESC LIMIT ?",
            (request["SourceArn"], limit),
        ).fetchall()
    return {"Results": [_entry(row) for row in rows]} if rows else {}


def _entry(row: tuple[Any, ...]) -> Response:
    task, status, source_arn, destination_arn, rate, moved, to_move, failure, started_at = row
    entry = {
        "TaskHandle": _write_handle(task) if status == RUNNING else None,
        "Status": status,
        "SourceArn": source_arn,
        "DestinationArn": destination_arn,
        "MaxNumberOfMessagesPerSecond": rate,
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": to_move,
        "FailureReason": failure,
        "StartedTimestamp": started_at,
    }
    return {key: value for key, value in entry.items() if value is not None}


def cancel(store: Store, request: Request) -> Response:
    """CancelMessageMoveTask; what was moved stays moved."""
    task = _read_handle(request["TaskHandle"])
    with store.write() as db:
        _bury(db, store.stamp(db))
        row = db.execute("SELECT status, moved FROM move_task WHERE id = ?", (task,)).fetchone()
        if row is None:
            raise Refused(RESOURCE_NOT_FOUND, "Task does not exist.")
        if row[0] != RUNNING:
            raise Refused(UNSUPPORTED, "Only active tasks can be cancelled.")
        db.execute("UPDATE move_task SET status = ? WHERE id = ?", (CANCELLING, task))
    return {"ApproximateNumberOfMessagesMoved": row[1]}


def _write_handle(task: str) -> str:
    return base64.urlsafe_b64encode(f"mt1.{task}".encode()).decode()


def _read_handle(text: str) -> str:
    try:
        decoded = base64.urlsafe_b64decode(text).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    if not decoded.startswith("mt1."):
        raise invalid_value("TaskHandle", "it is no handle of a move task")
    return decoded.removeprefix("mt1.")
