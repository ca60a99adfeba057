"""The embedded broker's topics as a client object: boto3's SNS method names, response dicts and errors.

Topics live in the same database as the queues they feed, so that a message reaches all of them in one transaction. A maintainer keeps one rule:
every call goes through `_call`, as in the client for queues.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from megaql.broker.local import (
    calls,
    parameters,
    sns_parameters,
    sns_publish,
    sns_schema,
    sns_subscriptions,
    sns_topics,
)
from megaql.broker.local.home import home as default_home
from megaql.broker.local.sns_topics import topic_arn
from megaql.broker.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from megaql.broker.client import Response, SNSClient

    Operation = Callable[[Store, dict[str, Any]], Response]

__all__ = ["LocalSNS", "sns_client", "topic_arn"]


def sns_client(home: Path | None = None, *, clock: Callable[[], float] = time.time) -> SNSClient:
    """Return a client of the topics in `home` (`$MEGAQL_HOME` and so on where it is None).

    Thread-safe, and safe to use on both sides of a fork. Nothing is created before the first call. `clock` gives seconds since the epoch.
    """
    return LocalSNS(Store(default_home() if home is None else home, clock))


class LocalSNS:
    """The methods of boto3's SNS client over a `Store`; all arguments by keyword. Errors: `ClientError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _call(self, name: str, operation: Operation, request: dict[str, Any]) -> Response:
        def perform() -> Response:
            parameters.check(name, request, sns_parameters.REQUESTS)
            sns_schema.ensure(self._store)
            return operation(self._store, request)

        return calls.answer(self._store, name, perform)

    def close(self) -> None:
        """Close the database; a call after this is an error."""
        self._store.close()

    def create_topic(self, **request: Any) -> Response:
        """CreateTopic."""
        return self._call("CreateTopic", sns_topics.create, request)

    def delete_topic(self, **request: Any) -> Response:
        """DeleteTopic."""
        return self._call("DeleteTopic", sns_topics.delete, request)

    def list_topics(self, **request: Any) -> Response:
        """ListTopics."""
        return self._call("ListTopics", sns_topics.list_all, request)

    def get_topic_attributes(self, **request: Any) -> Response:
        """GetTopicAttributes."""
        return self._call("GetTopicAttributes", sns_topics.get_attributes, request)

    def list_tags_for_resource(self, **request: Any) -> Response:
        """ListTagsForResource."""
        return self._call("ListTagsForResource", sns_topics.list_tags, request)

    def subscribe(self, **request: Any) -> Response:
        """Subscribe."""
        return self._call("Subscribe", sns_subscriptions.subscribe, request)

    def unsubscribe(self, **request: Any) -> Response:
        """Unsubscribe."""
        return self._call("Unsubscribe", sns_subscriptions.unsubscribe, request)

    def list_subscriptions_by_topic(self, **request: Any) -> Response:
        """ListSubscriptionsByTopic."""
        return self._call("ListSubscriptionsByTopic", sns_subscriptions.list_by_topic, request)

    def get_subscription_attributes(self, **request: Any) -> Response:
        """GetSubscriptionAttributes."""
        return self._call("GetSubscriptionAttributes", sns_subscriptions.get_attributes, request)

    def set_subscription_attributes(self, **request: Any) -> Response:
        """SetSubscriptionAttributes."""
        return self._call("SetSubscriptionAttributes", sns_subscriptions.set_attributes, request)

    def publish(self, **request: Any) -> Response:
        """Publish."""
        return self._call("Publish", sns_publish.publish, request)

    def publish_batch(self, **request: Any) -> Response:
        """PublishBatch."""
        return self._call("PublishBatch", sns_publish.publish_batch, request)
