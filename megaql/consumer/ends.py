"""The queue and the topic that are to be connected, as they are found.

A maintainer keeps one rule: finding asks and changes nothing. A local queue or topic that is missing is made by a step of the plan, like everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from megaql.broker import access, health
from megaql.broker.queue import Queue
from megaql.broker.target import LOCAL_REGION, Connection, parse_queue, parse_topic
from megaql.broker.topic import Topic
from megaql.consumer.connection_plan import Step
from megaql.errors import ConsumerError, QueueNotFound

if TYPE_CHECKING:
    from megaql.broker.target import QueueTarget, TopicTarget


@dataclass(frozen=True, slots=True)
class Ends:
    """The queue and the topic as they are found, with what is made of them first where they are local and not there yet."""

    queue: Queue
    topic: Topic
    queue_arn: str
    queue_attributes: dict[str, str]
    making: tuple[Step, ...] = ()
    topic_is_new: bool = False

    @property
    def local(self) -> bool:
        """Whether both are the embedded broker's, which has no access policies."""
        return self.topic.target.kind == "local"


def find_ends(
    queue: str | QueueTarget | Queue, topic: str | TopicTarget | Topic, connection: Connection, *, make: bool
) -> Ends:
    """Return both ends; one of the embedded broker that is missing is planned for with `make`. Asks, and changes nothing."""
    making: list[Step] = []
    found_topic = topic if isinstance(topic, Topic) else _found_topic(topic, connection, making, make=make)
    topic_is_new = bool(making)
    found_queue = queue if isinstance(queue, Queue) else _found_queue(queue, connection, making, make=make)
    _check_kinds(found_queue, found_topic)
    queue_is_new = len(making) > topic_is_new
    attributes = {} if queue_is_new else dict(found_queue.info().attributes)
    arn = f"arn:aws:sqs:{LOCAL_REGION}:000000000000:{found_queue.name}" if queue_is_new else found_queue.arn
    return Ends(found_queue, found_topic, arn, attributes, tuple(making), topic_is_new)


def _found_topic(topic: str | TopicTarget, connection: Connection, making: list[Step], *, make: bool) -> Topic:
    target = parse_topic(topic) if isinstance(topic, str) else topic
    try:
        return Topic.open(target, connection)
    except QueueNotFound:
        if target.kind != "local" or not make:
            raise
    from megaql.broker.local.sns import sns_client, topic_arn  # noqa: PLC0415 - targets on AWS need no SQLite

    made = Topic(sns_client(), topic_arn(target.name), target)
    making.append(
        Step(
            "sns:CreateTopic",
            "the local topic is not there yet",
            {"Name": target.name},
            made.arn,
            lambda: Topic.open(target, create=True),
        )
    )
    return made


def _found_queue(queue: str | QueueTarget, connection: Connection, making: list[Step], *, make: bool) -> Queue:
    target = parse_queue(queue) if isinstance(queue, str) else queue
    try:
        return Queue.open(target, connection)
    except QueueNotFound:
        if target.kind != "local" or not make:
            raise
    from megaql.broker import local  # noqa: PLC0415 - as above
    from megaql.broker.local.queues import URL_PREFIX  # noqa: PLC0415 - as above

    made = Queue(local.client(), URL_PREFIX + target.name, target)
    making.append(
        Step(
            "sqs:CreateQueue",
            "the local queue is not there yet",
            {"QueueName": target.name},
            made.url,
            lambda: Queue.open(target, create=True),
        )
    )
    return made


def _check_kinds(queue: Queue, topic: Topic) -> None:
    """Refuse a queue that the topic cannot deliver to."""
    where = f"{topic.target.text} to {queue.target.text}"
    if (queue.target.kind == "local") is not (topic.target.kind == "local"):
        raise ConsumerError(
            "a local queue and a topic on AWS cannot be connected"
            if queue.target.kind == "local"
            else "a local topic delivers to local queues only",
            where=where,
            why="the embedded broker and AWS do not know of each other",
            hint="name a queue and a topic of the same place",
        )
    if queue.fifo and not topic.fifo:
        raise ConsumerError(
            "a FIFO queue cannot subscribe to a standard topic",
            where=where,
            why="SNS refuses it: the topic has no order and no message groups that the queue could keep",
            hint="connect a standard queue, or publish to a FIFO topic (its name ends with .fifo)",
        )


def cautions(ends: Ends) -> list[str]:
    """Return what may keep messages from arriving, though every call succeeds: keys, denials, accounts, regions."""
    notes: list[str] = []
    if (key := ends.queue_attributes.get("KmsMasterKeyId", "")).endswith("alias/aws/sqs"):
        notes.append(
            "the queue is encrypted with AWS's own key alias/aws/sqs, which SNS cannot use: no message arrives. Use a key of your own, or "
            "SSE-SQS (SqsManagedSseEnabled)"
        )
    elif key:
        notes.append(
            f"the queue is encrypted with {key}: that key's policy must allow {access.SNS} kms:GenerateDataKey* and kms:Decrypt, or no message arrives"
        )
    if health.denied_by_policy(ends.queue_attributes.get("Policy"), ("sqs:SendMessage",)):
        notes.append("a statement of the queue's access policy denies everybody sqs:SendMessage: no message arrives")
    (here, mine), (there, its) = (_place(ends.queue_arn), _place(ends.topic.arn))
    if mine != its:
        notes.append(
            f"the topic is account {its}'s and the queue {mine}'s: run this with credentials of {mine}, and let the topic's policy allow them "
            "sns:Subscribe and sns:ListSubscriptionsByTopic"
        )
    if here != there:
        notes.append(
            f"the topic is in {there} and the queue in {here}: regions that have to be opted into deliver to some others only"
        )
    return notes


def _place(arn: str) -> tuple[str, str]:
    """Return the region and the account of an ARN."""
    parts = arn.split(":")
    return parts[3], parts[4]
