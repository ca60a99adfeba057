"""What `megaql local` does: the embedded broker's queues and topics made, emptied, deleted and told of.

A maintainer keeps one rule: everything goes through the broker's client, as any program's calls do, so that its rules hold for this command too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from megaql.broker import faults, local, places, subscribing
from megaql.broker.queue import Queue
from megaql.broker.target import AMBIENT, TopicTarget, parse_target
from megaql.broker.topic import Topic
from megaql.cli.completion import remembering
from megaql.cli.configuration import protection
from megaql.cli.places.forms import Form, form_of, write_object, write_objects, write_table
from megaql.cli.places.listing import show_queues
from megaql.cli.places.words import last_part
from megaql.cli.reading.source import agreed
from megaql.cli.status import Status
from megaql.cli.terminal.style import harmless
from megaql.errors import BadTarget, ScanRefused
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from megaql.broker.places import AboutTopic
    from megaql.cli.environment import Environment

#: Receives after which a message is dead-lettered where nobody says how many.
MAX_RECEIVES: Final = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """What a queue is to be like; `None` leaves it as it is, or at its default."""

    visibility: timedelta | None = None
    delay: timedelta | None = None
    retention: timedelta | None = None
    dlq: str | None = None
    max_receives: int | None = None
    topic: str | None = None
    raw: bool = False

    def attributes(self) -> dict[str, str]:
        """Return what of it is an attribute by itself, as SQS takes it."""
        given = {
            "VisibilityTimeout": self.visibility,
            "DelaySeconds": self.delay,
            "MessageRetentionPeriod": self.retention,
        }
        return {name: str(round(value.total_seconds())) for name, value in given.items() if value is not None}


def create(world: Environment, names: Sequence[str], settings: Settings) -> int:
    """Make queues and topics, or change those that are there."""
    targets = [_target(name) for name in names]
    if settings != Settings() and any(isinstance(target, TopicTarget) for target in targets):
        raise BadTarget(
            "a topic has none of these settings", hint="make it by itself: megaql local create local-topic:NAME"
        )
    if settings.max_receives is not None and settings.dlq is None:
        raise BadTarget("--max-receives says when, and not where to", hint="name the dead-letter queue: --dlq NAME")
    if settings.raw and settings.topic is None:
        raise BadTarget("--raw is about a topic's messages", hint="name the topic: --topic NAME")
    for target in targets:
        if isinstance(target, TopicTarget):
            world.say(f"{_topic(target.name)[1]} local-topic:{target.name}")
        else:
            _create_queue(world, target.name, settings)
    remembering.note_targets(world, [_word(target) for target in targets])
    return Status.DONE


def _create_queue(world: Environment, name: str, settings: Settings) -> None:
    attributes = settings.attributes()
    if settings.dlq is not None:
        _same_kind(name, settings.dlq, "its dead-letter queue")
        dead, _ = _queue(_plain(settings.dlq), {})
        count = settings.max_receives or MAX_RECEIVES
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": count})
    queue, did = _queue(name, attributes)
    parts = [f"{did} local:{name}"]
    if settings.dlq is not None:
        parts.append(
            f"dead letters to local:{_plain(settings.dlq)} after {settings.max_receives or MAX_RECEIVES} receives"
        )
    if settings.topic is not None:
        topic, _ = _topic(settings.topic.removeprefix(places.LOCAL_TOPIC))
        _subscribe(topic, queue, raw=settings.raw)
        parts.append(f"subscribed to local-topic:{topic.name}{', raw' if settings.raw else ''}")
    world.say(", ".join(parts))


def _queue(name: str, attributes: dict[str, str]) -> tuple[Queue, str]:
    """Return a queue with these attributes, made or changed, and which of the two."""
    target = _target(name)
    there = bool([one for one in places.names(f"{places.LOCAL}{target.name}") if one.name == target.name])
    client = local.client()
    place = faults.Place(f"{places.LOCAL}{target.name}", local=True)
    if not there:
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if target.name.endswith(".fifo") else {}
        with faults.translate("create the queue", place):
            client.create_queue(QueueName=target.name, Attributes=fifo | attributes)
    queue = Queue.open(f"{places.LOCAL}{target.name}", client=client)
    if there and attributes:
        with faults.translate("change the queue", place):
            client.set_queue_attributes(QueueUrl=queue.url, Attributes=attributes)
    return queue, "created" if not there else "changed" if attributes else "there is already"


def _topic(name: str) -> tuple[Topic, str]:
    arns = places.topics(local=True)
    there = any(last_part(arn) == name for arn in arns)
    return Topic.open(f"{places.LOCAL_TOPIC}{name}", create=True), "there is already" if there else "created"


def _subscribe(topic: Topic, queue: Queue, *, raw: bool) -> None:
    found = subscribing.find(topic, queue.arn)
    with faults.translate("subscribe the queue", topic.place):
        if found is None:
            attributes = {"RawMessageDelivery": "true"} if raw else {}
            topic.client.subscribe(TopicArn=topic.arn, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes)
        elif raw and not found.raw:
            topic.client.set_subscription_attributes(
                SubscriptionArn=found.arn, AttributeName="RawMessageDelivery", AttributeValue="true"
            )


def take_away(world: Environment, names: Sequence[str], *, delete: bool, yes: bool, confirmed: str | None) -> int:
    """Empty or delete queues, and delete topics, once somebody has said yes."""
    targets = [_target(name) for name in names]
    # All of them are looked up before any is touched: a misspelt name ends the command with nothing done.
    found = [Topic.open(one) if isinstance(one, TopicTarget) else Queue.open(one) for one in targets]
    for one in found:
        if isinstance(one, Topic) and not delete:
            raise BadTarget(f"local-topic:{one.name} is a topic, and holds no messages", hint="name its queues")
    for one in found:
        _ask(world, one, delete=delete, yes=yes, confirmed=confirmed)
        _take(one, delete=delete)
        world.say(f"{'deleted' if delete else 'purged'} {one.target.text}")
    return Status.DONE


def _ask(world: Environment, one: Queue | Topic, *, delete: bool, yes: bool, confirmed: str | None) -> None:
    if isinstance(one, Queue):
        info = one.info()
        held = info.visible + info.in_flight + info.delayed
        question = f"{'Delete' if delete else 'Purge'} {one.target.text} with about {counted(held, 'message')}?"
        if protected := protection.protection_of(world, one):
            protection.insist(world, one, protected, question, confirmed)
            return
    else:
        question = f"Delete {one.target.text} and its subscriptions?"
    if not (yes or agreed(world, question)):
        raise ScanRefused(
            f"{one.target.text} is left as it is",
            why="nobody said yes",
            hint="answer y, or pass --yes to agree beforehand",
        )


def _take(one: Queue | Topic, *, delete: bool) -> None:
    with faults.translate("delete it" if delete else "purge the queue", one.place):
        if isinstance(one, Topic):
            one.client.delete_topic(TopicArn=one.arn)
        elif delete:
            one.client.delete_queue(QueueUrl=one.url)
        else:
            one.client.purge_queue(QueueUrl=one.url)


def show_all(world: Environment, output: Form) -> int:
    """List all queues and topics."""
    form = form_of(world, output)
    if not _exists():
        world.say(f"there is nothing yet in {local.home()}; `megaql local create NAME` makes a queue")
        if form is Form.JSON:
            world.out("[]")
        return Status.DONE
    topics = [places.about_topic(Topic.open(arn)) for arn in places.topics(local=True)]
    if form is not Form.TABLE:
        write_objects(world, form, [*_queue_objects(), *map(_topic_object, topics)])
        return Status.DONE
    status = show_queues(world, places.LOCAL, AMBIENT, form, names_only=False, busy=False)
    if topics:
        world.out()
        rows = [(f"{places.LOCAL_TOPIC}{one.topic.name}", ", ".join(_subscribers(one)) or "nobody") for one in topics]
        write_table(world, ("TOPIC", "SUBSCRIBERS"), rows, right=set())
    return status


def tell(world: Environment, output: Form) -> int:
    """Say where the broker is and how much is in it."""
    from megaql.broker.local.home import DATABASE  # noqa: PLC0415 - nobody else needs the file

    form = form_of(world, output)
    folder = local.home()
    found: dict[str, Any] = {"folder": str(folder), "exists": _exists(), "bytes": _size(folder)}
    if found["exists"]:
        listed = places.listing(places.names(places.LOCAL))
        infos = [one.info for one in listed if one.info is not None]
        held = sum(info.visible + info.in_flight + info.delayed for info in infos)
        found |= {
            "database": str(folder / DATABASE),
            "queues": len(listed),
            "topics": len(places.topics(local=True)),
            "messages": held,
        }
    if form is not Form.TABLE:
        write_object(world, form, found)
    else:
        for name, value in found.items():
            shown = f"{value:,}" if type(value) is int else {True: "yes", False: "no"}.get(value, str(value))
            world.out(harmless(f"{name:<10}{shown}"))
    return Status.DONE


def print_path(world: Environment) -> int:
    """Print the broker's folder, whether it is there or not."""
    world.out(str(local.home()))
    return Status.DONE


def _queue_objects() -> Iterator[dict[str, Any]]:
    from megaql.cli.places.words import queue_object  # noqa: PLC0415 - only a program needs objects

    for one in places.listing(places.names(places.LOCAL)):
        if one.info is not None:
            yield {"kind": "queue", **queue_object(one.queue, one.info, one.oldest)}


def _topic_object(about: AboutTopic) -> dict[str, Any]:
    return {"kind": "topic", "name": about.topic.name, "arn": about.topic.arn, "subscribers": _subscribers(about)}


def _subscribers(about: AboutTopic) -> list[str]:
    return [f"{places.LOCAL}{last_part(one.endpoint)}" for one in about.subscribers]


def _exists() -> bool:
    from megaql.broker.local.home import DATABASE  # noqa: PLC0415 - as above

    return (local.home() / DATABASE).exists()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("broker.*"))


def _target(name: str) -> Any:
    """Return what a name stands for: a queue of the embedded broker unless it says that it is a topic."""
    if name.startswith(places.LOCAL_TOPIC):
        return parse_target(name)
    target = parse_target(f"{places.LOCAL}{name}" if ":" not in name else name)
    if target.kind != "local":
        raise BadTarget(
            f"{name!r:.120} is not of the embedded broker",
            why="this command asks and changes nothing on AWS",
            hint="write the name alone, local:NAME or local-topic:NAME",
        )
    return target


def _plain(name: str) -> str:
    return str(_target(name).name)


def _word(target: Any) -> str:
    return f"{places.LOCAL_TOPIC if isinstance(target, TopicTarget) else places.LOCAL}{target.name}"


def _same_kind(name: str, other: str, called: str) -> None:
    if name == _plain(other):
        raise BadTarget(f"local:{name} cannot be its own dead-letter queue", hint=f"name another one: --dlq {name}-dlq")
    if name.endswith(".fifo") != _plain(other).endswith(".fifo"):
        kinds = ("FIFO", "standard") if name.endswith(".fifo") else ("standard", "FIFO")
        raise BadTarget(
            f"local:{name} is {kinds[0]}, and {called} would be {kinds[1]}",
            why="SQS dead-letters to a queue of the same kind only",
            hint=f"name one that {'ends' if name.endswith('.fifo') else 'does not end'} in .fifo",
        )
