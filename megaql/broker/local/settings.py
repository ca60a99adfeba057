"""Creating, configuring, tagging and listing queues.

A maintainer keeps one rule: a redrive policy is accepted only where its target exists, is of the same type and allows it;
what becomes of the target later, the receive has to bear.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from megaql.broker.local import attributes as queue_attributes
from megaql.broker.local.attributes import ACCOUNT, ARN_PREFIX
from megaql.broker.local.errors import (
    INVALID_ATTRIBUTE_NAME,
    INVALID_VALUE,
    QUEUE_NAME_EXISTS,
    Refused,
    invalid_value,
    queue_missing,
)
from megaql.broker.local.queues import URL_PREFIX, by_arn, by_name, counts, new_id, of_request

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from megaql.broker.local.queues import Request, Response
    from megaql.broker.local.store import Store

#: The most queues a page lists.
PAGE: Final = 1000

#: The most tags a queue carries.
MAX_TAGS: Final = 50

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")


def get_url(store: Store, request: Request) -> Response:
    """GetQueueUrl."""
    with store.read() as db:
        queue = by_name(db, request["QueueName"])
    if queue is None or request.get("QueueOwnerAWSAccountId", ACCOUNT) != ACCOUNT:
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
    number = new_id(db)
    policy = queue_attributes.redrive(stored["RedrivePolicy"]) if "RedrivePolicy" in stored else None
    db.execute(
        "INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, name, json.dumps(stored), json.dumps(tags), policy.dead_letter_arn if policy else None, now, now),
    )


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
    with store.snapshot() as db:
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
