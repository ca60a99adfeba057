"""Which permissions each command needs, and which of them these credentials have, as far as can be found out without doing anything.

A maintainer keeps two rules: what is tried is a call that only reads settings; receiving, sending and deleting are never tried, and are said to be untried.
And a command's list is what it calls: a test records the calls and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.broker import faults
from megaql.broker.temporary import PREFIX
from megaql.errors import AccessDenied, BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from megaql.broker.client import SQSClient
    from megaql.broker.queue import Queue
    from megaql.broker.topic import Topic

_READS: Final = ("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility")
_BULK: Final = (*_READS, "sqs:SendMessage", "sqs:DeleteMessage")

#: Command → what it calls on a queue; a queue's URL in the place of its name spares `GetQueueUrl`.
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "peek": _READS,
    "snapshot": _READS,
    "explain": _READS,
    "stats": _READS,
    "schema": _READS,
    "watch": _READS,
    "publish": ("sqs:GetQueueUrl", "sqs:SendMessage"),
    "run": (*_READS, "sqs:DeleteMessage", "sqs:SendMessage"),
    "delete": (*_READS, "sqs:DeleteMessage"),
    "copy": (*_READS, "sqs:SendMessage"),
    "move": _BULK,
    "redrive": (
        *_BULK,
        "sqs:ListDeadLetterSourceQueues",
        "sqs:StartMessageMoveTask",
        "sqs:ListMessageMoveTasks",
        "sqs:CancelMessageMoveTask",
    ),
    "queues": ("sqs:ListQueues", "sqs:GetQueueAttributes"),
    "info": ("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListDeadLetterSourceQueues", "sqs:ListQueueTags"),
}

#: Every action there is above.
ACTIONS: Final = tuple(sorted({action for actions in NEEDS.values() for action in actions}))

_TAP: Final = (
    "sns:Subscribe",
    "sns:Unsubscribe",
    "sqs:CreateQueue",
    "sqs:TagQueue",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:DeleteQueue",
)

#: Command → what it calls about a topic: on the topic, and on queues (`tap`'s own ones begin with `megaql-tap-`).
TOPIC_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "publish": ("sns:Publish",),
    "tap": _TAP,
    "tap --gc": (
        "sqs:ListQueues",
        "sqs:ListQueueTags",
        "sqs:GetQueueAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:Unsubscribe",
        "sqs:DeleteQueue",
    ),
    "connect": (
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:SetQueueAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:GetSubscriptionAttributes",
        "sns:Subscribe",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    ),
    "info": (
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:GetSubscriptionAttributes",
        "sns:ListTagsForResource",
    ),
}

#: Every action of these.
TOPIC_ACTIONS: Final = tuple(sorted({action for actions in TOPIC_NEEDS.values() for action in actions}))


def tried(queue: Queue) -> dict[str, bool | None]:
    """Return action → whether these credentials have it, `None` for an action that was not tried or gave no clear answer."""
    client = queue.client
    calls: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "sqs:GetQueueUrl": (client.get_queue_url, {"QueueName": queue.name}),
        "sqs:GetQueueAttributes": (
            client.get_queue_attributes,
            {"QueueUrl": queue.url, "AttributeNames": ["QueueArn"]},
        ),
        "sqs:ListQueues": (client.list_queues, {"MaxResults": 1, "QueueNamePrefix": queue.name}),
        "sqs:ListQueueTags": (client.list_queue_tags, {"QueueUrl": queue.url}),
        "sqs:ListDeadLetterSourceQueues": (client.list_dead_letter_source_queues, {"QueueUrl": queue.url}),
    }
    return _tried(calls, ACTIONS, queue.place)


def tried_on_topic(topic: Topic, queues: SQSClient, subscription: str) -> dict[str, bool | None]:
    """Return the same of what is called about a topic. `queues` are those where it is; `subscription` is the ARN of one of the topic's, `""` for none."""
    client = topic.client
    calls: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "sns:GetTopicAttributes": (client.get_topic_attributes, {"TopicArn": topic.arn}),
        "sns:ListSubscriptionsByTopic": (client.list_subscriptions_by_topic, {"TopicArn": topic.arn}),
        "sns:ListTagsForResource": (client.list_tags_for_resource, {"ResourceArn": topic.arn}),
        "sqs:ListQueues": (queues.list_queues, {"MaxResults": 1, "QueueNamePrefix": PREFIX}),
    }
    if subscription:
        calls["sns:GetSubscriptionAttributes"] = (client.get_subscription_attributes, {"SubscriptionArn": subscription})
    return _tried(calls, TOPIC_ACTIONS, topic.place)


def _tried(
    calls: Mapping[str, tuple[Callable[..., Any], dict[str, Any]]], actions: tuple[str, ...], place: faults.Place
) -> dict[str, bool | None]:
    found: dict[str, bool | None] = dict.fromkeys(actions)
    for action, (call, request) in calls.items():
        try:
            with faults.translate("try a permission", place):
                call(**request)
            found[action] = True
        except AccessDenied:
            found[action] = False
        except BrokerError as error:
            # Some servers (moto, and proxies before AWS) refuse without a code that the protocol knows.
            found[action] = False if error.code == "403" else None
    return found
