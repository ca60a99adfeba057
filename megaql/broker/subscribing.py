"""A queue's subscription to a topic, as the topic has it: found, made, changed and ended.

A maintainer keeps one rule: nothing here decides what a subscription should be; it reads what SNS has, and says which call makes which change.

Amazon SNS API reference: ListSubscriptionsByTopic, GetSubscriptionAttributes, Subscribe, SetSubscriptionAttributes, Unsubscribe.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import faults
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.broker.topic import Topic

#: The scope of a filter policy that names none.
DEFAULT_SCOPE: Final = "MessageAttributes"

#: What SNS says in the place of the ARN of a subscription that its queue has not confirmed.
_PENDING: Final = frozenset({"pendingconfirmation", "pending confirmation"})


@dataclass(frozen=True, slots=True)
class QueueSubscription:
    """A subscription as it stands. `policy` is `None` where every message is taken."""

    arn: str
    raw: bool = False
    policy: dict[str, Any] | None = None
    scope: str = DEFAULT_SCOPE
    attributes: Mapping[str, str] = field(default_factory=dict)


def find(topic: Topic, queue_arn: str) -> QueueSubscription | None:
    """Return a queue's subscription to a topic, `None` where there is none."""
    arn = arn_of(topic, queue_arn)
    return None if arn is None else _read(topic, check_confirmed(topic, arn, queue_arn))


def arn_of(topic: Topic, queue_arn: str) -> str | None:
    """Return the ARN of a queue's subscription to a topic, `None` where there is none."""
    request: dict[str, Any] = {"TopicArn": topic.arn}
    while True:
        with faults.translate("list the topic's subscriptions", topic.place):
            answer = topic.client.list_subscriptions_by_topic(**request)
        for item in answer.get("Subscriptions") or ():
            if item.get("Protocol") == "sqs" and item.get("Endpoint") == queue_arn:
                return str(item.get("SubscriptionArn"))
        if not answer.get("NextToken"):
            return None
        request["NextToken"] = answer["NextToken"]


def check_confirmed(topic: Topic, arn: str, queue_arn: str) -> str:
    """Return a subscription's ARN; raises `BrokerError` for one that delivers nothing because nobody has confirmed it."""
    if arn.lower() not in _PENDING:
        return arn
    raise BrokerError(
        "the subscription waits to be confirmed, and delivers nothing until then",
        where=f"{topic.arn} to {queue_arn}",
        why="it was made by the topic's account, and the queue is another one's",
        hint="connect with credentials of the queue's account, which the topic's policy must allow sns:Subscribe: that confirms it at once",
        code="PendingConfirmation",
    )


def _read(topic: Topic, arn: str) -> QueueSubscription:
    with faults.translate("read the subscription", topic.place):
        attributes: dict[str, str] = topic.client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return QueueSubscription(
        arn,
        attributes.get("RawMessageDelivery", "false").lower() == "true",
        _policy(attributes.get("FilterPolicy") or ""),
        attributes.get("FilterPolicyScope") or DEFAULT_SCOPE,
        attributes,
    )


def _policy(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if text else None
    except ValueError:
        found = None
    return found if isinstance(found, dict) and found else None
