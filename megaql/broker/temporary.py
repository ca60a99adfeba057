"""A queue that lives as long as somebody watches a topic: made, subscribed, renewed, and removed with its subscription.

A maintainer keeps three rules. The queue carries what it is for and when it expires from the moment it exists, in the call that makes it, so that no
crash leaves one that nobody can tell from a user's own. It lets the topic in before it subscribes, for SNS drops what a queue refuses. And the
subscription ends before the queue does; where it cannot be ended the queue stays, because the queue is how the subscription is found again
(`leftover.py`).

Amazon SQS API reference: CreateQueue, TagQueue, DeleteQueue; Amazon SNS API reference: Subscribe, Unsubscribe.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from megaql.broker import access, aws, faults, subscribing
from megaql.broker.queue import Queue
from megaql.broker.target import AMBIENT, Connection, QueueTarget
from megaql.errors import AccessDenied, BrokerError, QueueNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from megaql.broker.client import SQSClient
    from megaql.broker.target import TopicTarget
    from megaql.broker.topic import Topic

_Answer = TypeVar("_Answer")

#: What the names begin with.
PREFIX: Final = "megaql-tap-"

#: The tags: the topic's ARN, and until when nobody else may remove the queue, in RFC 3339.
TOPIC_TAG: Final = "megaql:tap"
EXPIRY_TAG: Final = "megaql:expires"

#: How long a queue stays somebody's without being renewed; what a crash leaves can be removed after that.
LIFE: Final = timedelta(minutes=15)

#: How long the queue keeps a message: enough for a reader that is slow, and little where nobody comes back.
RETENTION: Final = timedelta(minutes=5)

#: SQS may not know a queue everywhere for this long after it was made. Seconds.
SETTLING: Final = 10.0

#: Between two tries within that time. Seconds.
PAUSE: Final = 0.5


class TemporaryQueue:
    """A queue of our own that subscribes to a topic. `wall` and `clock` (in seconds) and `sleep` are for tests; the clock has to be monotonic.

    `make` and `subscribe` start it, `renew` keeps it from expiring, and `remove` ends it, from whatever state it is in.
    """

    def __init__(
        self,
        topic: Topic,
        client: SQSClient,
        connection: Connection = AMBIENT,
        *,
        life: timedelta = LIFE,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._life = life
        self._wall = wall
        self._clock = clock
        self._sleep = sleep
        self._asked_at: float | None = None
        self._renewed_at = 0.0
        self._subscribing = False
        self._subscription = ""
        self.topic = topic
        self.expires = self._now() + life
        name = f"{PREFIX}{self._now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}{'.fifo' if topic.fifo else ''}"
        local = topic.target.kind == "local"
        target = QueueTarget("local" if local else "name", name, f"local:{name}" if local else name)
        endpoint, region = aws.endpoint(client)
        place = faults.Place(target.text, endpoint, region, connection.profile or "", local=local)
        self.queue = Queue(client, "", target, place=place)

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.queue.name

    @property
    def there(self) -> bool:
        """Whether there may be something to remove."""
        return self._asked_at is not None

    def make(self) -> None:
        """Make the queue. Where no answer comes it may be there all the same, and `remove` looks for it."""
        self._asked_at = self._renewed_at = self._clock()
        self.expires = self._now() + self._life
        try:
            with faults.translate("make the temporary queue", self.queue.place):
                answer = self._client.create_queue(QueueName=self.name, Attributes=self.attributes(), tags=self.tags())
        except BrokerError as error:
            if isinstance(error, AccessDenied):
                error.hint = f"allow sqs:CreateQueue, TagQueue, GetQueueAttributes, ReceiveMessage, DeleteMessage and DeleteQueue on {PREFIX}*"
            if not error.retryable:
                self._asked_at = None
            raise
        self.queue.url = str(answer["QueueUrl"])

    def subscribe(self, attributes: Mapping[str, str]) -> None:
        """Subscribe the queue to the topic with these attributes of a subscription, a filter policy for example."""
        arn = self.settled(lambda: self.queue.arn)
        request: dict[str, Any] = {"TopicArn": self.topic.arn, "Protocol": "sqs", "Endpoint": arn}
        if attributes:
            request["Attributes"] = dict(attributes)
        self._subscribing = True
        try:
            with faults.translate("subscribe the temporary queue to the topic", self.topic.place):
                answer = self.topic.client.subscribe(**request)
        except BrokerError as error:
            if isinstance(error, AccessDenied):
                error.hint = f"allow sns:Subscribe and sns:Unsubscribe on {self.topic.arn}, or use another identity with --profile"
            self._subscribing = error.retryable
            raise
        self._subscription = subscribing.check_confirmed(self.topic, str(answer.get("SubscriptionArn")), arn)

    def settled(self, call: Callable[[], _Answer]) -> _Answer:
        """Make a call about the queue, again and again while SQS does not know it yet."""
        while True:
            try:
                return call()
            except QueueNotFound:
                if self._asked_at is None or self._clock() - self._asked_at >= SETTLING:
                    raise
            self._sleep(PAUSE)

    def renew(self) -> None:
        """Move the expiry on when half of it is over."""
        if self._clock() - self._renewed_at < self._life.total_seconds() / 2:
            return
        self._renewed_at = self._clock()
        expires = self._now() + self._life
        with faults.translate("renew the temporary queue", self.queue.place):
            self._client.tag_queue(QueueUrl=self.queue.url, Tags={EXPIRY_TAG: expires.isoformat()})
        self.expires = expires

    def remove(self) -> None:
        """End the subscription and remove the queue, as far as they are there."""
        if not self.there:
            return
        if not self.queue.url and not self._found():
            self._asked_at = None
            return
        self._unsubscribe()
        delete(self.queue)
        self._asked_at = None

    def _found(self) -> bool:
        """Whether the queue was made though the answer never came."""
        try:
            with faults.translate("look the temporary queue up", self.queue.place):
                self.queue.url = str(self._client.get_queue_url(QueueName=self.name)["QueueUrl"])
        except QueueNotFound:
            return False
        return True

    def _unsubscribe(self) -> None:
        if self._subscribing and not self._subscription:
            self._subscription = subscribing.arn_of(self.topic, self.queue.arn) or ""
        if self._subscription:
            unsubscribe(self.topic, self._subscription)
        self._subscribing, self._subscription = False, ""

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self._wall()), UTC)

    def attributes(self) -> dict[str, str]:
        """Return the attributes that the queue is made with."""
        attributes = {"MessageRetentionPeriod": str(int(RETENTION.total_seconds()))}
        if self.topic.fifo:
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        if self.topic.target.kind != "local":
            # In the call that makes the queue: a changed policy takes up to a minute. The queue has no ARN yet; its policy is about itself alone.
            attributes["Policy"] = access.admitting("", self.topic.arn, "*")
        return attributes

    def tags(self) -> dict[str, str]:
        """Return the tags by which what is left of it can be told from a user's own queue."""
        return {TOPIC_TAG: self.topic.arn, EXPIRY_TAG: self.expires.isoformat()}


def client_for(target: TopicTarget, connection: Connection) -> SQSClient:
    """Return a client for queues where a topic is: the embedded broker's, or one for the topic's own region."""
    if target.kind == "local":
        from megaql.broker import local  # noqa: PLC0415 - targets on AWS need no SQLite

        return local.client()
    return aws.client("sqs", target.connection(connection), target=target.text)


def unsubscribe(topic: Topic, subscription: str) -> None:
    """End a subscription; one that is gone is no error."""
    try:
        with faults.translate("end the temporary queue's subscription", topic.place):
            topic.client.unsubscribe(SubscriptionArn=subscription)
    except QueueNotFound:
        return


def delete(queue: Queue) -> None:
    """Delete a queue; one that is gone is no error."""
    try:
        with faults.translate("remove the temporary queue", queue.place):
            queue.client.delete_queue(QueueUrl=queue.url)
    except QueueNotFound:
        return
