"""Queues: looking one up, creating, configuring, listing, emptying and deleting.

A maintainer keeps two rules. A queue's `id` stands for its present contents: purging and deleting leave it behind in
`discarded`, so both are one small commit however much is queued. And whoever writes looks the queue up again inside the
transaction, because another process may have purged, reconfigured or deleted it.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from megaql.broker.local import attributes as queue_attributes
from megaql.broker.local.attributes import ARN_PREFIX, RedrivePolicy
from megaql.broker.local.errors import (
    INVALID_ADDRESS,
    INVALID_ATTRIBUTE_NAME,
    INVALID_VALUE,
    QUEUE_NAME_EXISTS,
    Refused,
    invalid_value,
    queue_missing,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from megaql.broker.local.store import Store

    Request = Mapping[str, Any]
    Response = dict[str, Any]

#: The prefix of this broker's queue URLs; nothing listens there.
URL_PREFIX: Final = "http://local.megaql/000000000000/"

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


def get_url(store: Store, request: Request) -> Response:
    """GetQueueUrl."""
    with store.read() as db:
        queue = by_name(db, request["QueueName"])
    if queue is None:
        raise queue_missing()
    return {"QueueUrl": queue.url}


def create(store: Store, request: Request) -> Response:
    """CreateQueue: idempotent, unless the attributes given differ from the queue's."""
    name: str = request["QueueName"]
    if not _NAME.fullmatch(name):
        raise Refused(
            INVALID_VALUE,
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length, or .fifo at the end",
        )
    fifo = name.endswith(".fifo")
    if fifo and (request.get("Attributes") or {}).get("FifoQueue") != "true":
        raise Refused(
            INVALID_VALUE, "The name of a queue that is not FIFO must not end with .fifo: set FifoQueue to true"
        )
    if not fifo and "FifoQueue" in (request.get("Attributes") or {}):
        raise Refused(INVALID_VALUE, "The name of a FIFO queue can only end with .fifo.")
    given = queue_attributes.checked(request.get("Attributes") or {}, fifo=fifo)
    tags = _checked_tags(request.get("tags") or {})
    with store.write() as db:
        existing = by_name(db, name)
        if existing is None:
            _insert(db, name, given, tags, store.now())
        elif any(existing.attributes.get(key, "") != value for key, value in given.items()):
            raise Refused(
                QUEUE_NAME_EXISTS,
                "A queue already exists with the same name and a different value for attribute "
                + ", ".join(key for key, value in given.items() if existing.attributes.get(key, "") != value),
            )
    return {"QueueUrl": URL_PREFIX + name}


def _insert(db: sqlite3.Connection, name: str, given: Mapping[str, str], tags: Mapping[str, str], now: int) -> None:
    stored = {key: value for key, value in given.items() if value}
    _check_dead_letter(db, ARN_PREFIX + name, stored)
    number = _new_id(db)
    policy = queue_attributes.redrive(stored["RedrivePolicy"]) if "RedrivePolicy" in stored else None
    db.execute(
        "INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, name, json.dumps(stored), json.dumps(tags), policy.dead_letter_arn if policy else None, now, now),
    )


def _new_id(db: sqlite3.Connection) -> int:
    db.execute("UPDATE counter SET value = value + 1 WHERE queue = -1")
    number = int(db.execute("SELECT value FROM counter WHERE queue = -1").fetchone()[0])
    db.execute("INSERT INTO counter VALUES (?, 0)", (number,))
    return number


def _check_dead_letter(db: sqlite3.Connection, arn: str, values: Mapping[str, str]) -> None:
    if not values.get("RedrivePolicy"):
        return
    policy = queue_attributes.redrive(values["RedrivePolicy"])
    target = by_arn(db, policy.dead_letter_arn)
    if target is None:
        raise queue_attributes.invalid_attribute("RedrivePolicy", "the dead-letter target does not exist")
    if target.fifo != arn.endswith(".fifo"):
        raise queue_attributes.invalid_attribute("RedrivePolicy", "the dead-letter target must be of the same type")
    if not queue_attributes.allows(target.attributes.get("RedriveAllowPolicy", ""), arn):
        raise queue_attributes.invalid_attribute("RedrivePolicy", "the dead-letter target does not allow this queue")


def set_attributes(store: Store, request: Request) -> Response:
    """SetQueueAttributes; they hold from the next call on, and the retention at once for what is queued."""
    with store.write() as db:
        queue = of_request(db, request)
        given = queue_attributes.checked(request["Attributes"], fifo=queue.fifo)
        if "FifoQueue" in given and not queue.fifo:
            raise Refused(INVALID_ATTRIBUTE_NAME, "Unknown Attribute FifoQueue.")
        _check_dead_letter(db, queue.arn, given)
        row = db.execute("SELECT attributes FROM queue WHERE id = ?", (queue.id,)).fetchone()
        merged = {key: value for key, value in {**json.loads(row[0]), **given}.items() if value}
        policy = queue_attributes.redrive(merged["RedrivePolicy"]) if "RedrivePolicy" in merged else None
        db.execute(
            "UPDATE queue SET attributes = ?, dead_letter_arn = ?, modified_at = ? WHERE id = ?",
            (json.dumps(merged), policy.dead_letter_arn if policy else None, store.now(), queue.id),
        )
    return {}


def get_attributes(store: Store, request: Request) -> Response:
    """GetQueueAttributes; asks the counters and an index, never all messages."""
    names = set(request.get("AttributeNames") or ())
    for name in names - {"All", *queue_attributes.SETTABLE, *queue_attributes.COMPUTED}:
        raise Refused(INVALID_ATTRIBUTE_NAME, f"Unknown Attribute {name}.")
    with store.read() as db:
        queue = of_request(db, request)
        if not names:
            return {}
        values = {
            **queue.attributes,
            "QueueArn": queue.arn,
            "CreatedTimestamp": str(queue.created_at // 1000),
            "LastModifiedTimestamp": str(queue.modified_at // 1000),
        }
        if "All" in names or any(name.startswith("Approximate") for name in names):
            values |= counts(db, queue, store.now())
    return {"Attributes": values if "All" in names else {key: value for key, value in values.items() if key in names}}


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


def list_all(store: Store, request: Request) -> Response:
    """ListQueues, in order of name."""
    prefix = request.get("QueueNamePrefix") or ""
    return _listing(store, request, "QueueUrls", "substr(name, 1, length(?)) = ?", (prefix, prefix))


def list_sources(store: Store, request: Request) -> Response:
    """ListDeadLetterSourceQueues, in order of name."""
    with store.read() as db:
        queue = of_request(db, request)
    return {"queueUrls": [], **_listing(store, request, "queueUrls", "dead_letter_arn = ?", (queue.arn,))}


def _listing(store: Store, request: Request, key: str, condition: str, values: tuple[str, ...]) -> Response:
    limit = request.get("MaxResults")
    if limit is not None and not 1 <= limit <= PAGE:
        raise invalid_value("MaxResults", "Value must be between 1 and 1000")
    after = request.get("NextToken") or ""
    with store.read() as db:
        rows = db.execute(
            f"SELECT name FROM queue WHERE {condition} AND name > ? ORDER BY name LIMIT ?",  # noqa: S608 - constants above
            (*values, after, (limit or PAGE) + 1),
        ).fetchall()
    names = [name for (name,) in rows[: limit or PAGE]]
    answer: Response = {key: [URL_PREFIX + name for name in names]} if names else {}
    if limit and len(rows) > limit:
        answer["NextToken"] = names[-1]
    return answer


def purge(store: Store, request: Request) -> Response:
    """PurgeQueue: what was sent before goes, what is sent after stays; it is done when this returns."""
    with store.write() as db:
        queue = of_request(db, request)
        db.execute("INSERT INTO discarded VALUES (?)", (queue.id,))
        db.execute("UPDATE queue SET id = ? WHERE id = ?", (_new_id(db), queue.id))
    collect(store)
    return {}


def delete(store: Store, request: Request) -> Response:
    """DeleteQueue; the name is free at once, and the messages' space when this returns."""
    with store.write() as db:
        queue = of_request(db, request)
        db.execute("INSERT INTO discarded VALUES (?)", (queue.id,))
        db.execute("DELETE FROM queue WHERE id = ?", (queue.id,))
    collect(store)
    return {}


def collect(store: Store) -> None:
    """Delete what purged and deleted queues left, also what a process left that died meanwhile; free the space."""
    done = False
    while not done:
        with store.write() as db:
            done = _collect_chunk(db)
    with store.read() as db:
        db.execute("PRAGMA incremental_vacuum").fetchall()


def _collect_chunk(db: sqlite3.Connection) -> bool:
    found = db.execute("SELECT queue FROM discarded LIMIT 1").fetchone()
    if found is None:
        return True
    rows = db.execute(
        "SELECT id FROM message INDEXED BY message_due WHERE queue = ? LIMIT ?", (found[0], DISCARD_CHUNK)
    ).fetchall()
    db.executemany("DELETE FROM message WHERE id = ?", rows)
    db.executemany("DELETE FROM payload WHERE id = ?", rows)
    if not rows:
        for table in ("lane", "dedup", "counter", "discarded"):
            db.execute(f"DELETE FROM {table} WHERE queue = ?", found)  # noqa: S608 - constants above
    return False


def tag(store: Store, request: Request) -> Response:
    """TagQueue."""
    _retag(store, request, _checked_tags(request["Tags"]), ())
    return {}


def untag(store: Store, request: Request) -> Response:
    """UntagQueue."""
    _retag(store, request, {}, request["TagKeys"])
    return {}


def list_tags(store: Store, request: Request) -> Response:
    """ListQueueTags; `Tags` is absent where there are none, as in boto3."""
    with store.read() as db:
        queue = of_request(db, request)
        row = db.execute("SELECT tags FROM queue WHERE id = ?", (queue.id,)).fetchone()
    tags = json.loads(row[0]) if row else {}
    return {"Tags": tags} if tags else {}


def _retag(store: Store, request: Request, added: Mapping[str, str], removed: tuple[str, ...] | list[str]) -> None:
    with store.write() as db:
        queue = of_request(db, request)
        row = db.execute("SELECT tags FROM queue WHERE id = ?", (queue.id,)).fetchone()
        tags = {key: value for key, value in {**json.loads(row[0]), **added}.items() if key not in removed}
        if len(tags) > MAX_TAGS:
            raise Refused(INVALID_VALUE, f"Too many tags added for queue {queue.name}: at most {MAX_TAGS}.")
        db.execute("UPDATE queue SET tags = ? WHERE id = ?", (json.dumps(tags), queue.id))


def _checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise invalid_value("Tags", "a tag key has 1 to 128 characters and no aws: prefix, a value up to 256")
    return dict(tags)
