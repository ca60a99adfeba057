"""What a queue is to the other operations: its settings, found by URL, name or ARN, and how much it holds.

A maintainer keeps one rule: whoever writes looks the queue up again inside the transaction, because another process may
have purged, reconfigured or deleted it since.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from megaql.broker.local import attributes as queue_attributes
from megaql.broker.local.attributes import ACCOUNT, ARN_PREFIX, RedrivePolicy
from megaql.broker.local.errors import (
    INVALID_ADDRESS,
    Refused,
    queue_missing,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    Request = Mapping[str, Any]
    Response = dict[str, Any]

#: The prefix of this broker's queue URLs; nothing listens there.
URL_PREFIX: Final = f"http://local.megaql/{ACCOUNT}/"

#: The most queues a page lists.
PAGE: Final = 1000

#: The most tags a queue carries.
MAX_TAGS: Final = 50

#: Rows a transaction deletes when a discarded queue's contents go, so that other writers get their turn between.
DISCARD_CHUNK: Final = 500

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_COLUMNS: Final = "id, name, attributes, created_at, modified_at"


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue's settings as last committed; times in milliseconds, sizes in bytes. `attributes` holds defaults too."""

    id: int
    name: str
    fifo: bool
    attributes: Mapping[str, str]
    created_at: int
    modified_at: int
    visibility: int
    delay: int
    retention: int
    wait: int
    max_size: int
    content_dedup: bool
    dedup_by_group: bool
    redrive: RedrivePolicy | None

    @property
    def url(self) -> str:
        """The queue's URL."""
        return URL_PREFIX + self.name

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return ARN_PREFIX + self.name


@functools.lru_cache(maxsize=256)
def _queue(number: int, name: str, stored: str, created_at: int, modified_at: int) -> Queue:
    fifo = name.endswith(".fifo")
    values = {**queue_attributes.defaults(fifo=fifo), **json.loads(stored)}
    return Queue(
        id=number,
        name=name,
        fifo=fifo,
        attributes=values,
        created_at=created_at,
        modified_at=modified_at,
        visibility=int(values["VisibilityTimeout"]) * 1000,
        delay=int(values["DelaySeconds"]) * 1000,
        retention=int(values["MessageRetentionPeriod"]) * 1000,
        wait=int(values["ReceiveMessageWaitTimeSeconds"]) * 1000,
        max_size=int(values["MaximumMessageSize"]),
        content_dedup=values.get("ContentBasedDeduplication") == "true",
        dedup_by_group=values.get("DeduplicationScope") == "messageGroup",
        redrive=queue_attributes.redrive(values["RedrivePolicy"]) if "RedrivePolicy" in values else None,
    )


def by_name(db: sqlite3.Connection, name: str) -> Queue | None:
    """Return the queue of that name as last committed, or None."""
    row = db.execute(f"SELECT {_COLUMNS} FROM queue WHERE name = ?", (name,)).fetchone()  # noqa: S608 - constant
    return _queue(*row) if row else None


def by_arn(db: sqlite3.Connection, arn: str) -> Queue | None:
    """Return the queue of that ARN as last committed, or None; ARNs of other regions name no queue here."""
    return by_name(db, arn.removeprefix(ARN_PREFIX)) if arn.startswith(ARN_PREFIX) else None


def of_request(db: sqlite3.Connection, request: Request) -> Queue:
    """Return the queue a request's `QueueUrl` names; refuse an address of another service, or no such queue."""
    url: str = request["QueueUrl"]
    name = url.removeprefix(URL_PREFIX)
    if name == url:
        raise Refused(INVALID_ADDRESS, f"The address {_shown(url)} is not valid for this endpoint.")
    queue = by_name(db, name)
    if queue is None:
        raise queue_missing()
    return queue


def _shown(url: str) -> str:
    """Return a URL without what may be a secret in it."""
    parts = urlsplit(url) if url.isprintable() and "[" not in url else urlsplit("")
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def new_id(db: sqlite3.Connection) -> int:
    """Return an id no queue ever had, with its message counter at zero."""
    db.execute("UPDATE counter SET value = value + 1 WHERE queue = -1")
    number = int(db.execute("SELECT value FROM counter WHERE queue = -1").fetchone()[0])
    db.execute("INSERT INTO counter VALUES (?, 0)", (number,))
    return number


def counts(db: sqlite3.Connection, queue: Queue, now: int) -> dict[str, str]:
    """Return how many messages can be received now, are in flight, and are delayed."""
    total = db.execute("SELECT value FROM counter WHERE queue = ?", (queue.id,)).fetchone()[0]
    hidden, in_flight = db.execute(
        "SELECT COUNT(*), COALESCE(SUM(receives > 0), 0) FROM message INDEXED BY message_due WHERE queue = ? AND visible_at > ?",
        (queue.id, now),
    ).fetchone()
    expired = db.execute(
        "SELECT COUNT(*) FROM message INDEXED BY message_due WHERE queue = ? AND visible_at < ?",
        (queue.id, now - queue.retention),
    ).fetchone()[0]
    return {
        "ApproximateNumberOfMessages": str(max(0, total - hidden - expired)),
        "ApproximateNumberOfMessagesNotVisible": str(in_flight),
        "ApproximateNumberOfMessagesDelayed": str(hidden - in_flight),
    }


def in_flight(db: sqlite3.Connection, queue: Queue, now: int) -> int:
    """Return how many messages are received and neither deleted nor visible again."""
    row = db.execute(
        "SELECT COUNT(*) FROM message INDEXED BY message_due WHERE queue = ? AND visible_at > ? AND receives > 0",
        (queue.id, now),
    ).fetchone()
    return int(row[0])
