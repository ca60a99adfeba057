"""Temporary queues on every server: what comes through, what others still get, and that nothing is left."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from megaql.broker import leftover
from megaql.broker.temporary import EXPIRY_TAG, PREFIX, TOPIC_TAG, TemporaryQueue
from megaql.broker.topic import Topic
from megaql.lang.verdict import Verdict
from megaql.query import compile as compile_query
from megaql.scan.budget import Budget, StopReason
from megaql.scan.tap import Tap, pushed


def topic_of(world, arn):
    return Topic.open(
        f"local-topic:{arn.rsplit(':', 1)[-1]}" if world.server == "local" else arn, world.connection, client=world.sns
    )


def tap_of(world, arn, text=None, limit=None, **settings):
    query = compile_query(text) if text else None
    temporary = TemporaryQueue(topic_of(world, arn), world.sqs, world.connection, **settings)
    return Tap(temporary, pushed(query), Budget(limit=limit, duration=timedelta(seconds=10))), query


def subscribed(world, arn):
    return [item["Endpoint"] for item in world.sns.list_subscriptions_by_topic(TopicArn=arn).get("Subscriptions", [])]


def temporary_names(world):
    urls = world.sqs.list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])
    return [url.rsplit("/", 1)[-1] for url in urls]


def tenant(name):
    return {"tenant": {"DataType": "String", "StringValue": name}}


def read(tap, query, count):
    """Return the bodies of the matches, which are `count`."""
    bodies = []
    for message in tap:
        verdict = query.evaluate(message) if query else Verdict.MATCH
        tap.tally(verdict)
        if verdict is Verdict.MATCH:
            bodies.append(message.payload.document)
        if len(bodies) >= count:
            break
    return bodies


def test_new_messages_come_and_consumers_miss_none(world):
    arn, url = world.topic(), world.queue()
    world.sns.subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=world.arn(url), Attributes={"RawMessageDelivery": "true"}
    )
    world.sns.publish(TopicArn=arn, Message='{"n": 0}', MessageAttributes=tenant("acme"))
    tap, query = tap_of(world, arn, '@attributes.tenant == "acme" and n > 1')
    with tap:
        assert len(subscribed(world, arn)) == 2
        for number, name in enumerate(["acme", "other", "acme", "acme"], 1):
            world.sns.publish(TopicArn=arn, Message=json.dumps({"n": number}), MessageAttributes=tenant(name))
        assert sorted(body["n"] for body in read(tap, query, 2)) == [3, 4]
        assert tap.report.seen <= 3, "SNS has kept back the other tenant's message"
    assert subscribed(world, arn) == [world.arn(url)]
    assert tap.temporary.name not in temporary_names(world)
    assert sorted(json.loads(message["Body"])["n"] for message in world.take(url, 5)) == [0, 1, 2, 3, 4]


def test_order_of_a_fifo_topic(world):
    arn = world.topic(".fifo", ContentBasedDeduplication="true")
    tap, query = tap_of(world, arn)
    with tap:
        assert tap.temporary.name.endswith(".fifo")
        for number in range(25):
            world.sns.publish(TopicArn=arn, Message=json.dumps({"n": number}), MessageGroupId=f"g{number % 2}")
        numbers = [body["n"] for body in read(tap, query, 25)]
    assert [number for number in numbers if number % 2 == 0] == list(range(0, 25, 2))
    assert [number for number in numbers if number % 2] == list(range(1, 25, 2))
    assert subscribed(world, arn) == []


def test_a_budget_ends_it(world):
    arn = world.topic()
    tap, _ = tap_of(world, arn, limit=2)
    with tap:
        for number in range(5):
            world.sns.publish(TopicArn=arn, Message=json.dumps({"n": number}))
        for _ in tap:
            tap.tally(Verdict.MATCH)
    assert (tap.report.matched, tap.report.stopped_because) == (2, StopReason.LIMIT)
    assert temporary_names(world).count(tap.temporary.name) == 0


def test_an_exception_removes_both(world):
    arn = world.topic()
    tap, _ = tap_of(world, arn)
    with pytest.raises(ZeroDivisionError), tap:
        raise ZeroDivisionError
    assert (subscribed(world, arn), tap.left) == ([], None)
    assert tap.temporary.name not in temporary_names(world)


def test_the_queue_says_what_it_is_and_keeps_little(world):
    arn = world.topic()
    tap, _ = tap_of(world, arn)
    with tap:
        url = tap.temporary.queue.url
        tags = world.sqs.list_queue_tags(QueueUrl=url)["Tags"]
        assert tags[TOPIC_TAG] == arn
        assert datetime.fromisoformat(tags[EXPIRY_TAG]) > datetime.now(UTC)
        assert world.attributes(url)["MessageRetentionPeriod"] == "300"


def collected(world, arn, now):
    found = list(leftover.temporary_queues(world.sqs, arn, local=world.server == "local"))
    return [
        (
            one.name,
            leftover.remove(world.sqs, one, lambda arn: topic_of(world, arn), now, local=world.server == "local"),
        )
        for one in found
        if one.expired(now)
    ]


def test_what_a_crash_leaves_is_removed_once_it_has_expired(world):
    arn, url = world.topic(), world.queue()
    world.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=world.arn(url))
    temporary = TemporaryQueue(topic_of(world, arn), world.sqs, world.connection)
    temporary.make()
    temporary.subscribe({})
    soon, later = datetime.now(UTC), datetime.now(UTC) + timedelta(minutes=16)
    assert collected(world, arn, soon) == []
    assert len(subscribed(world, arn)) == 2
    assert collected(world, arn, later) == [(temporary.name, True)]
    assert subscribed(world, arn) == [world.arn(url)]
    assert temporary.name not in temporary_names(world)
    assert collected(world, arn, later) == []


def test_queues_that_are_not_ours_stay(world):
    arn = world.topic()
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    ours = {TOPIC_TAG: arn, EXPIRY_TAG: past}
    others = {
        f"{PREFIX}{world.name()}": ours,
        f"{PREFIX}20261130T040000-00000000000a": {},
        f"{PREFIX}20261130T040000-00000000000b": {TOPIC_TAG: arn},
        f"{PREFIX}20261130T040000-00000000000c": {EXPIRY_TAG: past},
        f"{PREFIX}20261130T040000-00000000000d": {TOPIC_TAG: arn, EXPIRY_TAG: "soon"},
    }
    urls = [world.sqs.create_queue(QueueName=name, tags=tags)["QueueUrl"] for name, tags in others.items()]
    assert collected(world, "", datetime.now(UTC)) == []
    assert set(others) <= set(temporary_names(world))
    for url in urls:
        world.sqs.delete_queue(QueueUrl=url)


def test_renewed_meanwhile_is_no_leftover(world):
    arn = world.topic()
    temporary = TemporaryQueue(topic_of(world, arn), world.sqs, world.connection, life=timedelta(seconds=-10))
    temporary.make()
    (found,) = leftover.temporary_queues(world.sqs, arn, local=world.server == "local")
    future = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    world.sqs.tag_queue(QueueUrl=found.url, Tags={EXPIRY_TAG: future})
    now = datetime.now(UTC)
    assert found.expired(now)
    assert not leftover.remove(world.sqs, found, lambda arn: topic_of(world, arn), now, local=world.server == "local")
    assert temporary.name in temporary_names(world)
    temporary.remove()
    assert temporary.name not in temporary_names(world)


def test_a_leftover_of_a_topic_that_is_gone(world):
    arn = world.topic()
    temporary = TemporaryQueue(topic_of(world, arn), world.sqs, world.connection)
    temporary.make()
    temporary.subscribe({})
    world.sns.delete_topic(TopicArn=arn)
    assert collected(world, arn, datetime.now(UTC) + timedelta(hours=1)) == [(temporary.name, True)]
    assert temporary.name not in temporary_names(world)
