"""SendMessage and SendMessageBatch: messages into a queue, on the disk before the answer.

A maintainer keeps one rule: what costs time and needs no lock (checks, digests, random ids) happens before the write
transaction, which every other writer of the home waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from megaql.broker.local import batches, fifo, queues
from megaql.broker.local.contents import MAX_SIZE, Outgoing, prepare
from megaql.broker.local.errors import BATCH_TOO_LONG, Refused
from megaql.broker.local.expiry import expire
from megaql.broker.local.identifiers import new_ids, sequence_number

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from megaql.broker.local.queues import Queue, Request, Response
    from megaql.broker.local.store import Store


def send(store: Store, request: Request) -> Response:
    """SendMessage."""
    with store.read() as db:
        queue = queues.of_request(db, request)
    outgoing = prepare(queue, request)
    with store.write() as db:
        ((message_id, number),) = enqueue(db, queues.of_request(db, request), [outgoing], store.stamp(db))
    return _result(queue, outgoing, message_id, number)


def send_batch(store: Store, request: Request) -> Response:
    """SendMessageBatch; an entry SQS refuses is in `Failed`, the others are sent."""
    entries = batches.checked_entries(request)
    with store.read() as db:
        queue = queues.of_request(db, request)
    prepared: list[tuple[str, Outgoing]] = []
    failed = []
    for entry in entries:
        try:
            prepared.append((entry["Id"], prepare(queue, entry)))
        except Refused as refused:
            failed.append(refused.entry(entry["Id"]))
    total = sum(outgoing.size for _, outgoing in prepared)
    if total > MAX_SIZE:
        raise Refused(
            BATCH_TOO_LONG, f"Batch requests cannot be longer than {MAX_SIZE} bytes. You have sent {total} bytes."
        )
    if not prepared:
        return batches.answer([], failed)
    with store.write() as db:
        queue = queues.of_request(db, request)
        stored = enqueue(db, queue, [outgoing for _, outgoing in prepared], store.stamp(db))
    successful = [
        {"Id": entry_id, **_result(queue, outgoing, message_id, number)}
        for (entry_id, outgoing), (message_id, number) in zip(prepared, stored, strict=True)
    ]
    return batches.answer(successful, failed)


def enqueue(db: sqlite3.Connection, queue: Queue, messages: Sequence[Outgoing], now: int) -> list[tuple[str, int]]:
    """Store messages inside the caller's transaction; return the message id and number of each, in order.

    A FIFO message whose deduplication id was used within the window is not stored again: it gets the id and number of
    the first one.
    """
    expire(db, queue, now)
    first = int(db.execute("SELECT value FROM counter WHERE queue = 0").fetchone()[0]) + 1
    ids = new_ids(len(messages))
    if queue.fifo:
        return _enqueue_fifo(db, queue, messages, now, list(zip(ids, range(first, first + len(ids)), strict=True)))
    rows, payloads = [], []
    for number, (message_id, message) in enumerate(zip(ids, messages, strict=True), first):
        visible_at = now + (queue.delay if message.delay is None else message.delay * 1000)
        rows.append((number, queue.id, None, visible_at, now))
        payloads.append(_payload(number, message_id, message))
    _store(db, queue, rows, payloads)
    return list(zip(ids, range(first, first + len(ids)), strict=True))


def _enqueue_fifo(
    db: sqlite3.Connection, queue: Queue, messages: Sequence[Outgoing], now: int, fresh: list[tuple[str, int]]
) -> list[tuple[str, int]]:
    fifo.forget(db, queue, now)
    unused = iter(fresh)
    answers, rows, payloads = [], [], []
    for message in messages:
        group_id, dedup_id = message.group_id or "", message.dedup_id or ""
        key = fifo.dedup_key(queue, group_id, dedup_id)
        known = fifo.remembered(db, queue, key, now)
        if known is None:
            known = message_id, number = next(unused)
            fifo.remember(db, queue, key, known, now)
            lane = fifo.enter(db, queue, group_id, now + queue.delay)
            rows.append((number, queue.id, lane, now + queue.delay, now))
            payloads.append(_payload(number, message_id, message))
        answers.append(known)
    _store(db, queue, rows, payloads)
    return answers


def _payload(number: int, message_id: str, message: Outgoing) -> tuple[Any, ...]:
    return (
        number,
        message_id,
        message.body,
        message.md5,
        message.attributes,
        message.trace_header,
        message.group_id,
        message.dedup_id,
    )


def _store(db: sqlite3.Connection, queue: Queue, rows: list[tuple[Any, ...]], payloads: list[tuple[Any, ...]]) -> None:
    db.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?, 0, 0, 0)", rows)
    db.executemany("INSERT INTO payload VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", payloads)
    db.execute("UPDATE counter SET value = value + ? WHERE queue IN (0, ?)", (len(rows), queue.id))


def _result(queue: Queue, message: Outgoing, message_id: str, number: int) -> Response:
    result = {"MessageId": message_id, "MD5OfMessageBody": message.md5}
    if message.attributes_md5:
        result["MD5OfMessageAttributes"] = message.attributes_md5
    if message.system_md5:
        result["MD5OfMessageSystemAttributes"] = message.system_md5
    if queue.fifo:
        result["SequenceNumber"] = sequence_number(number)
    return result
