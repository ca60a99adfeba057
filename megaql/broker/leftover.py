"""Temporary queues that a crash has left, found by their names and tags, and removed with their subscriptions.

A maintainer keeps one rule: only a queue with our name, both of our tags and an expiry in the past is a leftover, and that is asked once more right
before it goes, for somebody may have renewed it. Nothing else is touched, whatever it is called.

Amazon SQS API reference: ListQueues, ListQueueTags.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import aws, faults, subscribing
from megaql.broker.queue import Queue
from megaql.broker.target import QueueTarget
from megaql.broker.temporary import EXPIRY_TAG, PREFIX, TOPIC_TAG, delete, unsubscribe
from megaql.errors import QueueNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from megaql.broker.client import SQSClient
    from megaql.broker.topic import Topic

#: Queues asked for at a time; the most SQS lists.
PAGE: Final = 1000

_NAME: Final = re.compile(re.escape(PREFIX) + r"\d{8}T\d{6}-[0-9a-f]{12}(?:\.fifo)?")


@dataclass(frozen=True, slots=True)
class Temporary:
    """A temporary queue as its tags describe it."""

    name: str
    url: str
    topic_arn: str
    expires: datetime

    def expired(self, now: datetime) -> bool:
        """Whether it is nobody's any more."""
        return self.expires < now


def temporary_queues(client: SQSClient, topic_arn: str = "", *, local: bool = False) -> Iterator[Temporary]:
    """Yield the temporary queues of a broker or region, those of one topic where that is named."""
    place = _place(client, "the queues", local=local)
    request: dict[str, Any] = {"QueueNamePrefix": PREFIX, "MaxResults": PAGE}
    while True:
        with faults.translate("list the queues", place):
            answer = client.list_queues(**request)
        for url in answer.get("QueueUrls") or ():
            found = _read(client, str(url), local=local)
            if found is not None and topic_arn in {"", found.topic_arn}:
                yield found
        if not answer.get("NextToken"):
            return
        request["NextToken"] = answer["NextToken"]


def remove(
    client: SQSClient, found: Temporary, topic_of: Callable[[str], Topic], now: datetime, *, local: bool = False
) -> bool:
    """Remove a leftover and its subscription; False where it is none any more. `topic_of` returns a topic by its ARN."""
    present = _read(client, found.url, local=local)
    if present is None or not present.expired(now):
        return False
    queue = _queue(client, found.url, local=local)
    try:
        topic = topic_of(present.topic_arn)
        subscription = subscribing.arn_of(topic, queue.arn)
        if subscription is not None and subscription.startswith("arn:"):
            unsubscribe(topic, subscription)
    except QueueNotFound:
        pass  # a topic that is gone has taken its subscriptions along, or the queue went meanwhile
    delete(queue)
    return True


def _read(client: SQSClient, url: str, *, local: bool) -> Temporary | None:
    """Return a queue as a temporary one, `None` where its name or its tags are not ours."""
    queue = _queue(client, url, local=local)
    if not _NAME.fullmatch(queue.name):
        return None
    try:
        with faults.translate("read the queue's tags", queue.place):
            tags = client.list_queue_tags(QueueUrl=url).get("Tags") or {}
    except QueueNotFound:  # gone since it was listed
        return None
    topic_arn, expires = tags.get(TOPIC_TAG, ""), _time(tags.get(EXPIRY_TAG, ""))
    if not topic_arn.startswith("arn:") or expires is None:
        return None
    return Temporary(queue.name, url, topic_arn, expires)


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _queue(client: SQSClient, url: str, *, local: bool) -> Queue:
    name = url.rsplit("/", 1)[-1]
    text = f"local:{name}" if local else name
    return Queue(
        client, url, QueueTarget("local" if local else "name", name, text), place=_place(client, text, local=local)
    )


def _place(client: SQSClient, target: str, *, local: bool) -> faults.Place:
    endpoint, region = aws.endpoint(client)
    return faults.Place(target, endpoint, region, local=local)
