"""Topics: creating, listing, describing and deleting.

A maintainer keeps one rule: creating a topic again is no error and no change, unless its attributes differ.

Amazon SNS API reference: CreateTopic, GetTopicAttributes, ListTopics, DeleteTopic.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.local.errors import Refused

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from megaql.broker.local.store import Store

    Request = Mapping[str, Any]
    Response = dict[str, Any]

ACCOUNT: Final = "000000000000"
#: The prefix of this broker's topic ARNs: region "local", account of zeros.
ARN_PREFIX: Final = f"arn:aws:sns:local:{ACCOUNT}:"

INVALID: Final = "InvalidParameter"
NOT_FOUND: Final = "NotFound"

#: The most topics or subscriptions a page lists.
PAGE: Final = 100

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")
_BOOLEANS: Final = frozenset({"FifoTopic", "ContentBasedDeduplication"})
_SETTABLE: Final = _BOOLEANS | {
    "DeliveryPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's settings as last committed."""

    name: str
    attributes: Mapping[str, str]

    @property
    def arn(self) -> str:
        """The topic's ARN."""
        return topic_arn(self.name)

    @property
    def fifo(self) -> bool:
        """Whether messages are kept in order within their groups."""
        return self.name.endswith(".fifo")

    @property
    def content_dedup(self) -> bool:
        """Whether a message without a deduplication id gets one from its text."""
        return self.attributes.get("ContentBasedDeduplication") == "true"

    @property
    def dedup_by_group(self) -> bool:
        """Whether a deduplication id holds within its message group only."""
        return self.attributes.get("FifoThroughputScope") == "MessageGroup"


def topic_arn(name: str) -> str:
    """Return the ARN of a topic of the embedded broker."""
    return ARN_PREFIX + name


def invalid(reason: str) -> Refused:
    """Return the refusal of a parameter, in SNS's words."""
    return Refused(INVALID, f"Invalid parameter: {reason}")


def find(db: sqlite3.Connection, arn: str | None) -> Topic:
    """Return the topic of an ARN as last committed; refuse what is no topic's ARN, and a topic that is not there."""
    if not arn or not re.fullmatch(r"arn:[a-z0-9-]+:sns:[^:]+:\d{12}:[^:]+", arn):
        raise invalid("TopicArn")
    row = db.execute("SELECT name, attributes FROM topic WHERE name = ?", (arn.removeprefix(ARN_PREFIX),)).fetchone()
    if row is None:
        raise Refused(NOT_FOUND, "Topic does not exist")
    return Topic(row[0], json.loads(row[1]))


def create(store: Store, request: Request) -> Response:
    """CreateTopic."""
    name: str = request["Name"]
    attributes = dict(request.get("Attributes") or {})
    if not _NAME.fullmatch(name):
        raise invalid("Topic Name")
    for key, value in attributes.items():
        if key not in _SETTABLE or (key in _BOOLEANS and value not in {"true", "false"}):
            raise invalid(f"Attributes Reason: {key} is not a known attribute or has no valid value")
    fifo = attributes.get("FifoTopic") == "true"
    if fifo != name.endswith(".fifo"):
        raise invalid("Fifo Topic names must end with .fifo and FifoTopic must be true for them and no others")
    if not fifo and "ContentBasedDeduplication" in attributes:
        raise invalid("Content-based deduplication can only be set for FIFO topics")
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
    with store.write() as db:
        row = db.execute("SELECT attributes FROM topic WHERE name = ?", (name,)).fetchone()
        if row is None:
            db.execute(
                "INSERT INTO topic (name, attributes, tags) VALUES (?, ?, ?)",
                (name, json.dumps(attributes), json.dumps(tags)),
            )
        else:
            present = json.loads(row[0])
            if any(present.get(key, "") != value for key, value in attributes.items()):
                raise invalid("Attributes Reason: Topic already exists with different attributes")
    return {"TopicArn": topic_arn(name)}


def list_tags(store: Store, request: Request) -> Response:
    """ListTagsForResource, of a topic."""
    with store.read() as db:
        topic = find(db, request["ResourceArn"])
        (tags,) = db.execute("SELECT tags FROM topic WHERE name = ?", (topic.name,)).fetchone()
    return {"Tags": [{"Key": key, "Value": value} for key, value in json.loads(tags or "{}").items()]}


def delete(store: Store, request: Request) -> Response:
    """DeleteTopic; its subscriptions go with it, and deleting it again is no error."""
    with store.write() as db:
        name = request["TopicArn"].removeprefix(ARN_PREFIX)
        if name == request["TopicArn"]:
            raise invalid("TopicArn")
        db.execute("DELETE FROM topic WHERE name = ?", (name,))
        db.execute("DELETE FROM subscription WHERE topic = ?", (name,))
        db.execute("DELETE FROM topic_dedup WHERE topic = ?", (name,))
    return {}


def list_all(store: Store, request: Request) -> Response:
    """ListTopics, in order of name."""
    with store.read() as db:
        rows = db.execute(
            "SELECT name FROM topic WHERE name > ? ORDER BY name LIMIT ?", (request.get("NextToken") or "", PAGE + 1)
        ).fetchall()
    answer: Response = {"Topics": [{"TopicArn": topic_arn(name)} for (name,) in rows[:PAGE]]}
    if len(rows) > PAGE:
        answer["NextToken"] = rows[PAGE - 1][0]
    return answer


def get_attributes(store: Store, request: Request) -> Response:
    """GetTopicAttributes."""
    with store.read() as db:
        topic = find(db, request["TopicArn"])
        (subscribed,) = db.execute("SELECT COUNT(*) FROM subscription WHERE topic = ?", (topic.name,)).fetchone()
    return {
        "Attributes": {
            "DisplayName": "",
            **({"ContentBasedDeduplication": "false"} if topic.fifo else {}),
            **topic.attributes,
            "TopicArn": topic.arn,
            "Owner": ACCOUNT,
            "SubscriptionsConfirmed": str(subscribed),
            "SubscriptionsPending": "0",
            "SubscriptionsDeleted": "0",
        }
    }
