"""DeleteMessage and ChangeMessageVisibility, one by one and in batches: what a receipt handle may do.

A maintainer keeps SQS's difference between the two kinds of queue. A standard queue takes any handle the message ever
had, so a late call can hit a message that somebody else holds now. A FIFO queue takes only the handle of the last
receive, and only while it is in flight. Deleting what is gone already succeeds; changing it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.broker.local import batches, fifo, queues
from megaql.broker.local.errors import (
    INVALID_HANDLE,
    INVALID_VALUE,
    MISSING_PARAMETER,
    NOT_IN_FLIGHT,
    Refused,
    invalid_value,
)
from megaql.broker.local.expiry import drop
from megaql.broker.local.identifiers import Handle, read_handle

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from megaql.broker.local.queues import Queue, Request, Response
    from megaql.broker.local.store import Store

    _Refuse = Callable[[Request, Refused], None]
    _Act = Callable[[sqlite3.Connection, Queue, list[Any], int, _Refuse], None]

#: The longest a message may stay in flight from one receive. Milliseconds.
MAX_LEASE: Final = 43_200_000

_STATE: Final = "SELECT lane, visible_at, receives, received_at FROM message WHERE id = ? AND queue = ?"


def delete(store: Store, request: Request) -> Response:
    """DeleteMessage."""
    with store.write() as db:
        _delete(db, queues.of_request(db, request), [request], store.stamp(db), _raise)
    return {}


def delete_batch(store: Store, request: Request) -> Response:
    """DeleteMessageBatch."""
    return _batch(store, request, _delete)


def change_visibility(store: Store, request: Request) -> Response:
    """ChangeMessageVisibility."""
    with store.write() as db:
        _change(db, queues.of_request(db, request), [request], store.stamp(db), _raise)
    return {}


def change_visibility_batch(store: Store, request: Request) -> Response:
    """ChangeMessageVisibilityBatch."""
    return _batch(store, request, _change)


def _raise(_: Request, refused: Refused) -> None:
    raise refused


def _batch(store: Store, request: Request, act: _Act) -> Response:
    entries = batches.checked_entries(request)
    failed: dict[str, Response] = {}
    with store.write() as db:
        queue = queues.of_request(db, request)
        now = store.stamp(db)
        act(db, queue, entries, now, lambda entry, why: failed.update({entry["Id"]: why.entry(entry["Id"])}))
    successful = [{"Id": entry["Id"]} for entry in entries if entry["Id"] not in failed]
    return batches.answer(successful, list(failed.values()))


def _delete(db: sqlite3.Connection, queue: Queue, entries: list[Any], now: int, refuse: _Refuse) -> None:
    numbers: set[int] = set()
    lanes: set[int] = set()
    for entry in entries:
        try:
            handle = _handle(db, queue, entry)
            state = _state(db, queue, handle)
            if state is None:
                continue
            lane, visible_at, receives, _ = state
            if queue.fifo and (receives != handle.receives or visible_at <= now):
                raise invalid_value("ReceiptHandle", "The receipt handle has expired.")
        except Refused as refused:
            refuse(entry, refused)
            continue
        numbers.add(handle.message)
        if lane is not None:
            lanes.add(lane)
    if numbers:
        drop(db, queue, numbers)
        fifo.settle(db, lanes, now)


def _change(db: sqlite3.Connection, queue: Queue, entries: list[Any], now: int, refuse: _Refuse) -> None:
    for entry in entries:
        try:
            handle = _handle(db, queue, entry)
            timeout = _timeout(entry)
            state = _state(db, queue, handle)
            lane, received_at = _in_flight(queue, handle, state, now)
            if timeout and now + timeout > received_at + MAX_LEASE:
                raise invalid_value(
                    "VisibilityTimeout",
                    "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
                )
        except Refused as refused:
            refuse(entry, refused)
            continue
        db.execute("UPDATE message SET visible_at = ? WHERE id = ?", (now + timeout, handle.message))
        if lane is not None:
            fifo.settle(db, [lane], now)


def _handle(db: sqlite3.Connection, queue: Queue, entry: Request) -> Handle:
    handle = read_handle(entry["ReceiptHandle"])
    if handle.queue != queue.id and db.execute("SELECT 1 FROM queue WHERE id = ?", (handle.queue,)).fetchone():
        raise Refused(INVALID_HANDLE, "The input receipt handle is invalid: it was given out by another queue.")
    return handle


def _state(db: sqlite3.Connection, queue: Queue, handle: Handle) -> tuple[int | None, int, int, int] | None:
    """Return lane, visible_at, receives and received_at; None where the message is gone, also by a purge."""
    if handle.queue != queue.id:
        return None
    row: tuple[int | None, int, int, int] | None = db.execute(_STATE, (handle.message, queue.id)).fetchone()
    return row


def _timeout(entry: Request) -> int:
    """Return the new visibility timeout in milliseconds."""
    timeout: int | None = entry.get("VisibilityTimeout")
    if timeout is None:
        raise Refused(MISSING_PARAMETER, "The request must contain the parameter VisibilityTimeout.")
    if not 0 <= timeout <= MAX_LEASE // 1000:
        raise invalid_value("VisibilityTimeout", "VisibilityTimeout must be between 0 and 43200")
    return timeout * 1000


def _in_flight(
    queue: Queue, handle: Handle, state: tuple[int | None, int, int, int] | None, now: int
) -> tuple[int | None, int]:
    """Return the lane and time of receive of a message in flight; refuse any other."""
    if state is None:
        raise Refused(
            INVALID_VALUE,
            "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for "
            "visibility timeout change.",
        )
    lane, visible_at, receives, received_at = state
    if queue.fifo and receives != handle.receives:
        raise invalid_value("ReceiptHandle", "The receipt handle has expired.")
    if visible_at <= now or not receives:
        raise Refused(NOT_IN_FLIGHT, "The message referred to is not in flight.")
    return lane, received_at
