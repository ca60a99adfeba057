"""A topic: publish one message or many.

A maintainer keeps one rule: a topic on AWS is never made from here, only one of the embedded broker is, and only for a publisher.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import aws, faults
from megaql.broker.batches import Batches, BatchResult
from megaql.broker.outgoing import Outgoing, check_size
from megaql.broker.target import AMBIENT, Connection, TopicTarget, parse_topic
from megaql.errors import QueueNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from megaql.broker.client import Response, SNSClient

#: Bytes of one SNS batch request, and of one message.
MAX_BYTES: Final = 262_144


class Topic:
    """One topic behind a client. `sleep` is for tests."""

    def __init__(
        self,
        client: SNSClient,
        arn: str,
        target: TopicTarget,
        *,
        place: faults.Place | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.arn = arn
        self.target = target
        self.place = place or _place(client, target)
        self._sleep = sleep

    @classmethod
    def open(
        cls,
        target: str | TopicTarget,
        connection: Connection = AMBIENT,
        *,
        create: bool = False,
        client: SNSClient | None = None,
    ) -> Topic:
        """Return the topic a target names.

        With `create`, a topic of the embedded broker that is missing is made. An ARN on AWS is taken at its word, without a request. Errors:
        `BadTarget`, `QueueNotFound` for a missing local topic, and any other `BrokerError`.
        """
        found = target if isinstance(target, TopicTarget) else parse_topic(target)
        if found.kind == "arn":
            client = client or aws.client("sns", found.connection(connection), target=found.text)
            return cls(client, found.text, found, place=_place(client, found, connection))
        client = client or _local_client()
        place = _place(client, found, connection)
        return cls(client, _local_arn(client, found, place, create=create), found, place=place)

    def __repr__(self) -> str:
        return f"Topic({self.target.text!r})"

    @property
    def name(self) -> str:
        """The topic's name."""
        return self.target.name

    @property
    def fifo(self) -> bool:
        """Whether this is a FIFO topic; its name says so."""
        return self.name.endswith(".fifo")

    def publish(self, entry: Outgoing) -> str:
        """Publish one message and return its id."""
        check_size(entry, MAX_BYTES, str(self.place))
        with faults.translate("publish a message", self.place):
            answer = self.client.publish(TopicArn=self.arn, **_entry(entry))
        return str(answer["MessageId"])

    def publish_batch(self, entries: Iterable[Outgoing], *, apart: bool = False) -> BatchResult[Outgoing]:
        """Publish many messages, in as many requests as it takes; on a FIFO topic in their order within each group.

        With `apart` no request holds two messages of a group, so that none is taken behind one that the topic refuses.
        """

        def request(pairs: list[tuple[str, Outgoing]]) -> Response:
            batch = [{"Id": key, **_entry(entry)} for key, entry in pairs]
            with faults.translate("publish messages", self.place):
                return self.client.publish_batch(TopicArn=self.arn, PublishBatchRequestEntries=batch)

        def group(entry: Outgoing) -> str | None:
            return entry.group_id if self.fifo else None

        return Batches(request, self._sleep, Outgoing.size, group, MAX_BYTES, apart).run(list(entries))


def arn_of(target: TopicTarget) -> str:
    """Return the ARN that a target names, whether the topic is there or not."""
    if target.kind == "arn":
        return target.text
    from megaql.broker.local.sns import topic_arn  # noqa: PLC0415 - targets on AWS need no SQLite

    return topic_arn(target.name)


def _entry(entry: Outgoing) -> dict[str, Any]:
    """Return a message as `Publish` and an entry of `PublishBatch` take it."""
    request: dict[str, Any] = {"Message": entry.body}
    optional = {
        "MessageAttributes": dict(entry.attributes) or None,
        "MessageGroupId": entry.group_id,
        "MessageDeduplicationId": entry.dedup_id,
        "Subject": entry.subject,
    }
    return request | {name: value for name, value in optional.items() if value is not None}


def _local_client() -> SNSClient:
    from megaql.broker.local.sns import sns_client  # noqa: PLC0415 - targets on AWS need no SQLite

    return sns_client()


def _place(client: SNSClient, target: TopicTarget, connection: Connection = AMBIENT) -> faults.Place:
    if target.kind == "local":
        return faults.Place(f"local-topic:{target.name}", local=True)
    endpoint, region = aws.endpoint(client)
    return faults.Place(target.text, endpoint, region or target.region, connection.profile or "")


def _local_arn(client: SNSClient, target: TopicTarget, place: faults.Place, *, create: bool) -> str:
    """Return the ARN of a topic of the embedded broker, making the topic where that was asked for."""
    arn = arn_of(target)
    try:
        with faults.translate("look the topic up", place):
            client.get_topic_attributes(TopicArn=arn)
    except QueueNotFound:
        if not create:
            raise
        fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"} if target.name.endswith(".fifo") else {}
        with faults.translate("create the topic", place):
            client.create_topic(Name=target.name, Attributes=fifo)
    return arn
