"""Subscriptions: which queue gets a topic's messages, in which form, and which of them.

A maintainer keeps two rules. A subscription that could never deliver is refused when it is made: the embedded broker has no delivery to retry
and nobody to tell later. And its attributes are stored as the texts SNS answers with, already valid.

Amazon SNS API reference: Subscribe, SetSubscriptionAttributes, GetSubscriptionAttributes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.broker.local import queues, sns_topics
from megaql.broker.local.attributes import ARN_PREFIX as QUEUE_ARN_PREFIX
from megaql.broker.local.errors import Refused
from megaql.broker.local.identifiers import new_ids
from megaql.broker.local.sns_topics import ACCOUNT, INVALID, NOT_FOUND, PAGE, Topic, invalid
from megaql.errors import ConvertError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from megaql.broker.local.filter_policy import FilterPolicy
    from megaql.broker.local.sns_topics import Request, Response
    from megaql.broker.local.store import Store
    from megaql.convert.sns import Scope

_SETTABLE: Final = ("RawMessageDelivery", "FilterPolicy", "FilterPolicyScope")
_SCOPES: Final = ("MessageAttributes", "MessageBody")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as last committed; `endpoint` is the ARN of its queue."""

    id: str
    topic: str
    endpoint: str
    attributes: Mapping[str, str]

    @property
    def arn(self) -> str:
        """The subscription's ARN."""
        return f"{sns_topics.topic_arn(self.topic)}:{self.id}"

    @property
    def raw(self) -> bool:
        """Whether the queue gets the message as it was published, without an envelope."""
        return self.attributes.get("RawMessageDelivery") == "true"

    @property
    def policy(self) -> FilterPolicy | None:
        """The filter policy, `None` where every message is taken."""
        return _policy(self.attributes)


def of_topic(db: sqlite3.Connection, topic: Topic) -> list[Subscription]:
    """Return a topic's subscriptions as last committed, in the order of their queues' ARNs."""
    rows = db.execute(
        "SELECT id, topic, endpoint, attributes FROM subscription WHERE topic = ? ORDER BY endpoint", (topic.name,)
    )
    return [_read(row) for row in rows]


def _read(row: tuple[str, str, str, str]) -> Subscription:
    return Subscription(row[0], row[1], row[2], json.loads(row[3]))


def subscribe(store: Store, request: Request) -> Response:
    """Subscribe: idempotent, unless the attributes given differ from the subscription's."""
    given = dict(request.get("Attributes") or {})
    endpoint = request.get("Endpoint") or ""
    if request["Protocol"] != "sqs":
        raise invalid("Protocol Reason: the embedded broker delivers to queues only; use sqs")
    if not endpoint.startswith(QUEUE_ARN_PREFIX):
        raise invalid("SQS endpoint ARN")
    _check(given)
    with store.write() as db:
        topic = sns_topics.find(db, request["TopicArn"])
        _check_queue(db, topic, endpoint)
        present = next((known for known in of_topic(db, topic) if known.endpoint == endpoint), None)
        if present is None:
            present = Subscription(new_ids(1)[0], topic.name, endpoint, given)
            db.execute(
                "INSERT INTO subscription VALUES (?, ?, ?, ?)", (present.id, topic.name, endpoint, json.dumps(given))
            )
        elif any(present.attributes.get(name, "") != value for name, value in given.items()):
            raise invalid("Attributes Reason: Subscription already exists with different attributes")
    return {"SubscriptionArn": present.arn}


def _check_queue(db: sqlite3.Connection, topic: Topic, endpoint: str) -> None:
    if queues.by_arn(db, endpoint) is None:
        raise invalid("Endpoint Reason: the queue does not exist")
    if endpoint.endswith(".fifo") and not topic.fifo:
        raise invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")


def unsubscribe(store: Store, request: Request) -> Response:
    """Unsubscribe; doing it again is no error."""
    with store.write() as db:
        db.execute("DELETE FROM subscription WHERE id = ?", (_id(request["SubscriptionArn"]),))
    return {}


def list_by_topic(store: Store, request: Request) -> Response:
    """ListSubscriptionsByTopic, in the order of their queues' ARNs."""
    after = request.get("NextToken") or ""
    with store.read() as db:
        topic = sns_topics.find(db, request["TopicArn"])
        found = [known for known in of_topic(db, topic) if known.endpoint > after]
    answer: Response = {
        "Subscriptions": [
            {
                "SubscriptionArn": known.arn,
                "Owner": ACCOUNT,
                "Protocol": "sqs",
                "Endpoint": known.endpoint,
                "TopicArn": topic.arn,
            }
            for known in found[:PAGE]
        ]
    }
    if len(found) > PAGE:
        answer["NextToken"] = found[PAGE - 1].endpoint
    return answer


def get_attributes(store: Store, request: Request) -> Response:
    """GetSubscriptionAttributes."""
    with store.read() as db:
        known = _find(db, request["SubscriptionArn"])
    return {
        "Attributes": {
            "RawMessageDelivery": "false",
            **({"FilterPolicyScope": _SCOPES[0]} if "FilterPolicy" in known.attributes else {}),
            **known.attributes,
            "SubscriptionArn": known.arn,
            "TopicArn": sns_topics.topic_arn(known.topic),
            "Protocol": "sqs",
            "Endpoint": known.endpoint,
            "Owner": ACCOUNT,
            "PendingConfirmation": "false",
            "ConfirmationWasAuthenticated": "true",
        }
    }


def set_attributes(store: Store, request: Request) -> Response:
    """SetSubscriptionAttributes; a filter policy that is empty or `{}` takes the present one away."""
    name, value = request["AttributeName"], request.get("AttributeValue") or ""
    with store.write() as db:
        known = _find(db, request["SubscriptionArn"])
        attributes = {**known.attributes, name: value}
        if name == "FilterPolicy" and value.strip() in {"", "{}"}:
            del attributes[name]
        _check(attributes)
        db.execute("UPDATE subscription SET attributes = ? WHERE id = ?", (json.dumps(attributes), known.id))
    return {}


def _find(db: sqlite3.Connection, arn: str) -> Subscription:
    row = db.execute("SELECT id, topic, endpoint, attributes FROM subscription WHERE id = ?", (_id(arn),)).fetchone()
    if row is None:
        raise Refused(NOT_FOUND, "Subscription does not exist")
    return _read(row)


def _id(arn: str) -> str:
    if arn.count(":") != 6 or not arn.startswith(sns_topics.ARN_PREFIX):
        raise invalid("SubscriptionArn")
    return arn.rsplit(":", 1)[-1]


def _check(attributes: Mapping[str, str]) -> None:
    """Refuse attributes that SNS has not, or the embedded broker cannot keep to."""
    for name in attributes:
        if name not in _SETTABLE:
            raise invalid(f"AttributeName Reason: {name} is not one of {', '.join(_SETTABLE)}")
    if attributes.get("RawMessageDelivery", "false") not in {"true", "false"}:
        raise invalid("Attributes Reason: RawMessageDelivery: Invalid value. Must be true or false.")
    if attributes.get("FilterPolicyScope", _SCOPES[0]) not in _SCOPES:
        raise invalid("Attributes Reason: FilterPolicyScope: Invalid value. Must be MessageBody or MessageAttributes.")
    _policy(attributes)


def _policy(attributes: Mapping[str, str]) -> FilterPolicy | None:
    text = attributes.get("FilterPolicy", "")
    if not text:
        return None
    from megaql.broker.local import filter_policy  # noqa: PLC0415 - it brings the language, and few subscriptions have one

    scope: Scope = "MessageBody" if attributes.get("FilterPolicyScope") == "MessageBody" else "MessageAttributes"
    try:
        return filter_policy.parse(text, scope)
    except ConvertError as refused:
        raise Refused(INVALID, refused.what) from None
