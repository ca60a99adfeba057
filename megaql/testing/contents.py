"""What a queue of the embedded broker holds, looked at without receiving, and the time until more of it is due, skipped.

A maintainer keeps two rules. Looking changes nothing: no receive count, no lease. And skipping time brings the whole queue forward by as much, so
that what waits longer is still due later, as the broker itself does after the clock was set back (`megaql.broker.local.clock`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from megaql.broker.local import answers, queues, receive
from megaql.broker.local.answers import Candidate, Selection
from megaql.broker.local.client import LocalSQS
from megaql.broker.message import Message
from megaql.broker.queue import Queue
from megaql.broker.target import QueueTarget, parse_queue
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    import sqlite3

    from megaql.broker.local.store import Store

_ALL: Final = Selection.of({"AttributeNames": ["All"], "MessageAttributeNames": ["All"]})
#: Later than any time a message waits for. Milliseconds.
_EVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in a dead-letter queue.

    `reason`, `subscription` and the exception's type `error` are what the consumer says of a message that a handler rejected; of one that the queue
    itself moved, the reason is that it was received too often and the rest is `""`.
    """

    message: Message
    reason: str
    subscription: str = ""
    error: str = ""


def messages(queue: Queue) -> list[Message]:
    """Return all messages of a queue in the order they were sent: visible, delayed and in flight; without receipt handles."""
    with _store(queue).snapshot() as db:
        found = queues.of_request(db, {"QueueUrl": queue.url})
        rows = [Candidate(*row) for row in db.execute(receive.DUE, (found.id, _EVER, -1))]
    return [_message(found, row) for row in sorted(rows)]


def dead_letters(queue: Queue) -> list[DeadLetter]:
    """Return what is in a queue's dead-letter queue; nothing where it has none."""
    target = queue.dead_letter_queue()
    return [] if target is None else [_dead_letter(message) for message in messages(target)]


def skip_time(queue: Queue) -> timedelta:
    """Bring a queue's messages forward until the next one is due; returns the time that was skipped, zero where one is due or none is there."""
    store = _store(queue)
    with store.write() as db:
        found = queues.of_request(db, {"QueueUrl": queue.url})
        now = store.stamp(db)
        row = db.execute(receive.NEXT_LANE if found.fifo else receive.NEXT_DUE, (found.id,)).fetchone()
        wait = 0 if row is None else max(0, row[0] - now)
        if wait:
            _bring_forward(db, found.id, now, wait)
    return timedelta(milliseconds=wait)


def _bring_forward(db: sqlite3.Connection, queue: int, now: int, wait: int) -> None:
    change = "SET {0} = {0} - ? WHERE queue = ? AND {0} > ?"
    db.execute(f"UPDATE message {change.format('visible_at')}", (wait, queue, now))
    db.execute(f"UPDATE lane {change.format('ready_at')}", (wait, queue, now))


def opened(target: str | QueueTarget | Queue) -> Queue:
    """Return a queue of the embedded broker; raises `ConsumerError` for any other, before anything is asked of it."""
    given = target if isinstance(target, (Queue, QueueTarget)) else parse_queue(target)
    named = given.target if isinstance(given, Queue) else given
    if named.kind != "local" or (isinstance(given, Queue) and not isinstance(given.client, LocalSQS)):
        raise ConsumerError(
            f"{named.text} is not a queue of the embedded broker",
            why="tests skip time and look into the queue, which only the embedded broker allows; and a real queue must not be emptied by one",
            hint='name one: run_until_empty(app, "local:orders"), or give a queue of the megaql_broker fixture',
        )
    return given if isinstance(given, Queue) else Queue.open(given)


def _store(queue: Queue) -> Store:
    return opened(queue).client._store  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001 - a LocalSQS, with its own folder and clock


def _message(queue: queues.Queue, row: Candidate) -> Message:
    # What a receive would say of the message had it been the last one, since that counts itself.
    item = answers.message(queue, row._replace(receives=row.receives - 1), _ALL, row.first_received_at)
    if not row.receives:
        del item["Attributes"]["ApproximateFirstReceiveTimestamp"]
    del item["ReceiptHandle"]
    return Message.received(item, queue=queue.name, lease_deadline=None)


def _dead_letter(message: Message) -> DeadLetter:
    if "DeadLetterQueueSourceArn" in message.system:
        return DeadLetter(message, "it was received too often")
    told = [str(message.attribute(f"megaql.{name}", "")) for name in ("reason", "subscription", "error")]
    return DeadLetter(message, *told)
