"""Publish and PublishBatch: a message to every queue whose subscription takes it, in one transaction.

A maintainer keeps two rules. All deliveries of a request are on the disk before it is answered, or none is. And a message that one of the queues
would refuse is refused to the publisher: SNS would drop that delivery and tell a log nobody reads.

Amazon SNS API reference: Publish, PublishBatch; developer guide: "FIFO topics", "raw message delivery".
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.local import batches, clock, queues, send, sns_subscriptions, sns_topics
from megaql.broker.local.contents import Outgoing, prepare
from megaql.broker.local.errors import Refused
from megaql.broker.local.identifiers import new_ids, sequence_number
from megaql.broker.local.sns_topics import Topic, invalid
from megaql.broker.outgoing import body_and_attributes_size
from megaql.codec.envelopes import wrap

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from megaql.broker.local.sns_subscriptions import Subscription
    from megaql.broker.local.sns_topics import Request, Response
    from megaql.broker.local.store import Store

#: The most a message with its attributes, and a batch of them, may take. Bytes.
MAX_SIZE: Final = 256 * 1024
#: How long a deduplication id is remembered. Milliseconds.
DEDUP_WINDOW: Final = 300_000

_SUBJECT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_TYPE: Final = re.compile(r"(String|Number|Binary)(\..+)?")
_ATTRIBUTE_NAME: Final = re.compile(r"(?!\.)(?!.*\.\.)[\w\-.]{1,256}(?<!\.)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Publication:
    """A message that passed the rules; `message` is what SQS subscriptions get of it."""

    id: str
    message: str
    subject: str | None
    attributes: Mapping[str, Mapping[str, Any]]
    group_id: str | None
    dedup_id: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one queue, checked and ready to be stored."""

    queue_arn: str
    outgoing: Outgoing


def publish(store: Store, request: Request) -> Response:
    """Publish."""
    with store.read() as db:
        topic = sns_topics.find(db, request.get("TopicArn") or request.get("TargetArn"))
        subscriptions = sns_subscriptions.of_topic(db, topic)
        known = _queues(db, subscriptions)
    publication = _checked(topic, request)
    deliveries = _deliveries(topic, subscriptions, known, publication, store.now())
    with store.write() as db:
        return _store(db, topic, publication, deliveries, store.stamp(db))


def publish_batch(store: Store, request: Request) -> Response:
    """PublishBatch; an entry SNS refuses is in `Failed`, the others are published."""
    entries = _entries(request)
    with store.read() as db:
        topic = sns_topics.find(db, request["TopicArn"])
        subscriptions = sns_subscriptions.of_topic(db, topic)
        known = _queues(db, subscriptions)
    accepted: list[tuple[str, Publication, list[Delivery]]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            publication = _checked(topic, entry)
            deliveries = _deliveries(topic, subscriptions, known, publication, store.now())
            accepted.append((entry["Id"], publication, deliveries))
        except Refused as refused:
            failed.append(refused.entry(entry["Id"]))
    if sum(publication.size for _, publication, _ in accepted) > MAX_SIZE:
        raise Refused("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
    successful: list[dict[str, Any]] = []
    if accepted:
        with store.write() as db:
            now = store.stamp(db)
            successful = [
                {"Id": key, **_store(db, topic, publication, deliveries, now)}
                for key, publication, deliveries in accepted
            ]
    return {"Successful": successful, "Failed": failed}


def _entries(request: Request) -> list[dict[str, Any]]:
    """Return the entries of a batch; refuse the whole request where SNS does, under its own codes."""
    try:
        return batches.checked_entries({"Entries": request["PublishBatchRequestEntries"]})
    except Refused as refused:
        raise Refused(refused.code.rsplit(".", 1)[-1], refused.message) from None


def _queues(db: sqlite3.Connection, subscriptions: Sequence[Subscription]) -> dict[str, queues.Queue]:
    """Return the queues there are; a subscription whose queue was deleted delivers nothing, as with SNS."""
    found = {known.endpoint: queues.by_arn(db, known.endpoint) for known in subscriptions}
    return {arn: queue for arn, queue in found.items() if queue is not None}


def _checked(topic: Topic, request: Request) -> Publication:
    """Return a publish request as a message for the topic; refuse what SNS refuses."""
    text: str = request["Message"]
    attributes = _checked_attributes(request.get("MessageAttributes") or {})
    subject = request.get("Subject")
    if not text:
        raise invalid("Empty message")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise invalid("Subject")
    size = body_and_attributes_size(text, attributes)
    if size > MAX_SIZE:
        raise invalid("Message too long")
    group_id, dedup_id = _ids(topic, request, text)
    message = _of_structure(text, request.get("MessageStructure"))
    return Publication(new_ids(1)[0], message, subject, attributes, group_id, dedup_id, size)


def _of_structure(text: str, structure: str | None) -> str:
    """Return what queues get: the text, or with the structure `json` the part of it that is for them."""
    if structure is None:
        return text
    if structure != "json":
        raise invalid("MessageStructure")
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, dict) or not isinstance(parts.get("default"), str):
        raise invalid("Message Structure - No default entry in JSON message body")
    chosen = parts.get("sqs")
    return chosen if isinstance(chosen, str) else str(parts["default"])


def _checked_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    checked: dict[str, dict[str, Any]] = {}
    for name, attribute in attributes.items():
        kind = _TYPE.fullmatch(attribute["DataType"])
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise Refused("ParameterValueInvalid", f"Invalid message attribute name: '{name[:80]}'")
        if kind is None:
            raise Refused(
                "ParameterValueInvalid",
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
                "prefixes is Binary, Number, and String.",
            )
        wanted, other = ("BinaryValue", "StringValue") if kind[1] == "Binary" else ("StringValue", "BinaryValue")
        value = attribute.get(wanted)
        if not value or attribute.get(other):
            raise Refused(
                "ParameterValueInvalid",
                f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
                f"type '{kind[1]}'.",
            )
        checked[name] = {
            "DataType": attribute["DataType"],
            wanted: value.encode() if kind[1] == "Binary" and isinstance(value, str) else value,
        }
    return checked


def _ids(topic: Topic, request: Request, text: str) -> tuple[str | None, str | None]:
    group_id, dedup_id = request.get("MessageGroupId"), request.get("MessageDeduplicationId")
    if not topic.fifo:
        if dedup_id is not None:
            raise invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not "
                "valid for this topic type"
            )
        return group_id, None
    if not group_id:
        raise invalid("The MessageGroupId parameter is required for FIFO topics")
    if not dedup_id:
        if not topic.content_dedup:
            raise invalid(
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
            )
        dedup_id = hashlib.sha256(text.encode()).hexdigest()
    return group_id, dedup_id


def _deliveries(
    topic: Topic,
    subscriptions: Sequence[Subscription],
    known: Mapping[str, queues.Queue],
    publication: Publication,
    now: int,
) -> list[Delivery]:
    """Return what goes to which queue; everything that costs time happens here, before the write transaction."""
    deliveries = []
    for subscription in subscriptions:
        queue = known.get(subscription.endpoint)
        policy = subscription.policy
        if queue is None or (policy and not policy.accepts(publication.message, publication.attributes)):
            continue
        try:
            deliveries.append(Delivery(queue.arn, prepare(queue, _entry(topic, subscription, queue, publication, now))))
        except Refused as refused:
            raise invalid(f"Message Reason: the queue {queue.name} refuses it: {refused.message}") from None
    return deliveries


def _entry(
    topic: Topic, subscription: Subscription, queue: queues.Queue, publication: Publication, now: int
) -> dict[str, Any]:
    """Return the message as `SendMessage` would take it, raw or in SNS's envelope."""
    entry: dict[str, Any] = {}
    if subscription.raw:
        entry = {"MessageBody": publication.message, "MessageAttributes": publication.attributes}
    else:
        entry["MessageBody"] = wrap(
            topic.arn,
            publication.message,
            message_id=publication.id,
            timestamp=datetime.fromtimestamp(now / 1000, UTC),
            subject=publication.subject,
            attributes=publication.attributes,
        )
    if publication.group_id is not None:
        entry["MessageGroupId"] = publication.group_id
    if queue.fifo:
        entry["MessageDeduplicationId"] = publication.dedup_id
    return entry


def _store(
    db: sqlite3.Connection, topic: Topic, publication: Publication, deliveries: Sequence[Delivery], now: int
) -> Response:
    """Store a message's deliveries inside the caller's transaction and return the answer; a duplicate has none."""
    sns_topics.find(db, topic.arn)
    if not topic.fifo:
        _deliver(db, deliveries, now)
        return {"MessageId": publication.id}
    key = f"{publication.group_id} {publication.dedup_id}" if topic.dedup_by_group else str(publication.dedup_id)
    # What expires later than any window from now was noted before the clock was set back, and would suppress for longer than a window.
    db.execute(
        "DELETE FROM topic_dedup WHERE topic = ? AND (expires_at <= ? OR expires_at > ?)",
        (topic.name, now, now + DEDUP_WINDOW + clock.SLACK),
    )
    known = db.execute(
        "SELECT message_id, sequence FROM topic_dedup WHERE topic = ? AND key = ?", (topic.name, key)
    ).fetchone()
    if known is None:
        db.execute("UPDATE topic SET sequence = sequence + 1 WHERE name = ?", (topic.name,))
        (sequence,) = db.execute("SELECT sequence FROM topic WHERE name = ?", (topic.name,)).fetchone()
        known = (publication.id, sequence)
        db.execute("INSERT INTO topic_dedup VALUES (?, ?, ?, ?, ?)", (topic.name, key, now + DEDUP_WINDOW, *known))
        _deliver(db, deliveries, now)
    return {"MessageId": known[0], "SequenceNumber": sequence_number(known[1])}


def _deliver(db: sqlite3.Connection, deliveries: Sequence[Delivery], now: int) -> None:
    for delivery in deliveries:
        # Looked up again: another process may have purged or deleted the queue since it was read.
        queue = queues.by_arn(db, delivery.queue_arn)
        if queue is not None:
            send.enqueue(db, queue, [delivery.outgoing], now)
