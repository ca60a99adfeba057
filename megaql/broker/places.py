"""What queues and topics there are, and all that one says about itself, its neighbours included.

A maintainer keeps two rules. Nothing here receives: every call reads settings and leaves messages alone. And what one call of several is refused does
not cost the others' answers: it stands in `unknown`, with the reason.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import aws, faults
from megaql.broker.queue import Queue
from megaql.broker.target import AMBIENT, Connection, parse_queue
from megaql.errors import BrokerError, QueueNotFound
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from megaql.broker.client import Response, SNSClient, SQSClient
    from megaql.broker.queue import QueueInfo
    from megaql.broker.topic import Topic

#: Names that one request lists; without a number, SQS lists a thousand and says nothing of the rest.
PAGE: Final = 1000

#: Requests side by side, on AWS only: an emulator is asked one thing at a time.
SIDE_BY_SIDE: Final = 8

#: What begins a pattern for the embedded broker's queues, and how its topics are written.
LOCAL: Final = "local:"
LOCAL_TOPIC: Final = "local-topic:"


def target_of(queue: Queue, *, beside: Queue) -> str:
    """Return what a command takes for a queue that was found by way of another one of its broker, which knows whether that is the embedded one."""
    return f"{LOCAL}{queue.name}" if beside.target.kind == "local" else queue.name


@dataclass(frozen=True, slots=True)
class Listed:
    """A queue of a listing; `info` is `None` where it could not be asked, for the reason in `fault`. `oldest` is known of local queues only."""

    queue: Queue
    info: QueueInfo | None = None
    fault: BrokerError | None = None
    oldest: datetime | None = None

    @property
    def target(self) -> str:
        """What a command takes for it."""
        return target_of(self.queue, beside=self.queue)


@dataclass(frozen=True, slots=True)
class About:
    """A queue and its neighbours. `sources` are the queues whose dead letters it takes; `unknown` says what could not be asked, and why."""

    queue: Queue
    info: QueueInfo
    sources: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    oldest: datetime | None = None
    unknown: Mapping[str, BrokerError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sources:
    """The queues that dead-letter to one, and how they were found: by `way`. Of `unread` queues nobody knows it."""

    queues: tuple[Queue, ...]
    way: str
    unread: tuple[Queue, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscription of a topic; `policy` is `None` where every message is delivered."""

    protocol: str
    endpoint: str
    arn: str
    raw: bool = False
    policy: Any = None
    scope: str = ""
    dead_letter_arn: str = ""


@dataclass(frozen=True, slots=True)
class AboutTopic:
    """A topic, who subscribes to it, and its tags."""

    topic: Topic
    attributes: Mapping[str, str]
    subscribers: tuple[Subscriber, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, BrokerError] = field(default_factory=dict)


def names(pattern: str = "", connection: Connection = AMBIENT) -> list[Queue]:
    """Return the queues whose name begins with a text, or matches a pattern with `*` and `?`; `local:…` those of the embedded broker."""
    local = pattern.startswith(LOCAL)
    wanted = pattern.removeprefix(LOCAL) if local else pattern
    prefix = _prefix(wanted)
    client = _local() if local else aws.client("sqs", connection, target="the list of queues")
    place = _place(client, connection, local=local)
    found = _queues(client, prefix, place, local=local)
    chosen = (queue for queue in found if wanted == prefix or fnmatchcase(queue.name, wanted))
    return sorted(chosen, key=lambda queue: queue.name)


def listing(queues: list[Queue], told: Callable[[int], None] = lambda _: None) -> list[Listed]:
    """Ask each queue about itself; `told` hears how many have answered."""
    ages = _oldest() if queues and queues[0].target.kind == "local" else {}

    def ask(queue: Queue) -> Listed:
        try:
            return Listed(queue, queue.info(), oldest=ages.get(queue.name))
        except BrokerError as error:
            return Listed(queue, fault=error)

    many = bool(queues) and "amazonaws.com" in queues[0].place.endpoint
    with ThreadPoolExecutor(SIDE_BY_SIDE if many else 1) as pool:
        found = []
        try:
            for one in pool.map(ask, queues):
                found.append(one)
                told(len(found))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def about(queue: Queue) -> About:
    """Return all there is to know of a queue; what it says about itself has to be readable, or a `BrokerError` says why not."""
    info = queue.info()
    unknown: dict[str, BrokerError] = {}
    sources = _or_unknown(
        "dead_letters_of", lambda: tuple(source.name for source in queue.dead_letter_sources()), (), unknown
    )
    tags = _or_unknown("tags", lambda: _tags(queue), {}, unknown)
    oldest = _oldest().get(queue.name) if queue.target.kind == "local" else None
    return About(queue, info, sources, tags, oldest, unknown)


def sources(dead: Queue) -> Sources:
    """Return the queues that dead-letter to one: as the service says, or where it does not, by the redrive policies of all queues.

    Raises `BrokerError` where neither way is open, saying why not.
    """
    try:
        return Sources(tuple(dead.dead_letter_sources()), "ListDeadLetterSourceQueues")
    except QueueNotFound:
        raise
    except BrokerError as error:
        first = error
    local = dead.target.kind == "local"
    try:
        found = listing(list(_queues(dead.client, "", dead.place, local=local)))
        own = dead.arn
    except BrokerError as second:
        why = f"neither ListDeadLetterSourceQueues ({_short(first)}) nor ListQueues and GetQueueAttributes ({_short(second)}) can be asked"
        raise type(second)(second.what, where=second.where, why=why, hint=second.hint, code=second.code) from first
    count = f"the {counted(len(found), 'queue')}"
    way = f"the redrive policies of {count} of the account and region, for ListDeadLetterSourceQueues cannot be asked ({_short(first)})"
    naming = [one.queue for one in found if one.info and one.info.redrive and one.info.redrive.dead_letter_arn == own]
    unread = (one.queue for one in found if one.fault and not isinstance(one.fault, QueueNotFound))
    return Sources(tuple(naming), way, tuple(unread), len(found))


def topics(connection: Connection = AMBIENT, *, local: bool = False) -> list[str]:
    """Return the ARNs of all topics."""
    client: SNSClient
    if local:
        from megaql.broker.local import sns_client  # noqa: PLC0415 - AWS needs no SQLite

        client = sns_client()
    else:
        client = aws.client("sns", connection, target="the list of topics")
    place = _place(client, connection, local=local)
    pages = _pages("list the topics", client.list_topics, {}, place)
    return sorted(str(topic["TopicArn"]) for page in pages for topic in page.get("Topics") or ())


def about_topic(topic: Topic) -> AboutTopic:
    """Return all there is to know of a topic."""
    with faults.translate("read the topic's attributes", topic.place):
        attributes: dict[str, str] = topic.client.get_topic_attributes(TopicArn=topic.arn).get("Attributes") or {}
    unknown: dict[str, BrokerError] = {}
    subscribers = _or_unknown("subscriptions", lambda: tuple(_subscribers(topic, unknown)), (), unknown)
    tags = _or_unknown("tags", lambda: _topic_tags(topic), {}, unknown)
    return AboutTopic(topic, attributes, subscribers, tags, unknown)


def document(text: str | None) -> Any:
    """Return a policy that an attribute holds as text; `None` where there is none, or it is no JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _subscribers(topic: Topic, unknown: dict[str, BrokerError]) -> Iterator[Subscriber]:
    pages = _pages(
        "list the topic's subscriptions", topic.client.list_subscriptions_by_topic, {"TopicArn": topic.arn}, topic.place
    )
    for page in pages:
        for item in page.get("Subscriptions") or ():
            arn = str(item.get("SubscriptionArn", ""))
            own: dict[str, str] = {}
            if arn.startswith("arn:"):  # one that nobody has confirmed has a word in its place
                own = _or_unknown("filter policies", partial(_subscription, topic, arn), {}, unknown)
            redrive = document(own.get("RedrivePolicy")) or {}
            yield Subscriber(
                str(item.get("Protocol", "")),
                str(item.get("Endpoint", "")),
                arn,
                own.get("RawMessageDelivery", "false").lower() == "true",
                document(own.get("FilterPolicy")) or None,
                own.get("FilterPolicyScope") or "MessageAttributes",
                str(redrive.get("deadLetterTargetArn", "")),
            )


def _subscription(topic: Topic, arn: str) -> dict[str, str]:
    with faults.translate("read the subscription", topic.place):
        return topic.client.get_subscription_attributes(SubscriptionArn=arn).get("Attributes") or {}


def _tags(queue: Queue) -> dict[str, str]:
    with faults.translate("read the queue's tags", queue.place):
        return queue.client.list_queue_tags(QueueUrl=queue.url).get("Tags") or {}


def _topic_tags(topic: Topic) -> dict[str, str]:
    with faults.translate("read the topic's tags", topic.place):
        found = topic.client.list_tags_for_resource(ResourceArn=topic.arn).get("Tags") or []
    return {str(tag["Key"]): str(tag["Value"]) for tag in found}


def _or_unknown(name: str, ask: Callable[[], Any], otherwise: Any, unknown: dict[str, BrokerError]) -> Any:
    """Return an answer, or something in its place and a note of why there is none."""
    try:
        return ask()
    except BrokerError as error:
        unknown[name] = error
        return otherwise


def _queues(client: SQSClient, prefix: str, place: faults.Place, *, local: bool) -> Iterator[Queue]:
    """Yield the queues whose names begin so."""
    for url in _urls(client, prefix, place):
        target = parse_queue(url)
        if not target.name.startswith(prefix):
            continue
        if local:
            target = parse_queue(f"{LOCAL}{target.name}")
        here = faults.Place(target.name, place.endpoint, place.region, place.profile, local=local)
        yield Queue(client, url, target, place=here)


def _short(error: BrokerError) -> str:
    return error.why or error.what


def _urls(client: SQSClient, prefix: str, place: faults.Place) -> Iterator[str]:
    request: dict[str, Any] = {"MaxResults": PAGE}
    if prefix:
        request["QueueNamePrefix"] = prefix
    for page in _pages("list the queues", client.list_queues, request, place):
        yield from page.get("QueueUrls") or ()


def _pages(
    operation: str, call: Callable[..., Response], request: dict[str, Any], place: faults.Place
) -> Iterator[Response]:
    while True:
        with faults.translate(operation, place):
            answer = call(**request)
        yield answer
        if not answer.get("NextToken"):
            return
        request = request | {"NextToken": answer["NextToken"]}


def _prefix(pattern: str) -> str:
    """Return what a pattern begins with before its first wildcard."""
    return pattern[: min((pattern.find(sign) for sign in "*?[" if sign in pattern), default=len(pattern))]


def _local() -> SQSClient:
    from megaql.broker import local  # noqa: PLC0415 - AWS needs no SQLite

    return local.client()


def _oldest() -> dict[str, datetime]:
    from megaql.broker.local.oldest import oldest  # noqa: PLC0415 - as above

    return oldest()


def _place(client: SQSClient | SNSClient, connection: Connection, *, local: bool) -> faults.Place:
    if local:
        return faults.Place("the embedded broker", local=True)
    endpoint, region = aws.endpoint(client)
    return faults.Place("this account", endpoint, region, connection.profile or "")
