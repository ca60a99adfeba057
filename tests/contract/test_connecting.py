"""Applications connected to topics, on every server: the subscription, the queue's access policy, and what comes through."""

import json

import pytest

import megaql
from megaql.broker import access
from megaql.errors import ConsumerError, QueueNotFound


def app_of(world, url, *queries, **settings):
    app = megaql.App(url, connection=world.connection, **settings)
    for number, query in enumerate(queries):
        app.subscribe(query, subscription=f"s{number}")(print)
    return app


def subscription(world, topic, url):
    """Return the attributes of a queue's subscription, `None` where there is none."""
    found = [
        item["SubscriptionArn"]
        for item in world.sns.list_subscriptions_by_topic(TopicArn=topic).get("Subscriptions", [])
        if item["Endpoint"] == world.arn(url)
    ]
    assert len(found) <= 1
    return world.sns.get_subscription_attributes(SubscriptionArn=found[0])["Attributes"] if found else None


def policy(world, topic, url):
    return json.loads(subscription(world, topic, url).get("FilterPolicy") or "null") or None


def tenant(name):
    return {"tenant": {"DataType": "String", "StringValue": name}}


@pytest.mark.parametrize("raw", [False, True], ids=["wrapped", "raw"])
def test_what_comes_is_what_the_application_takes(world, raw):
    topic, url = world.topic(), world.queue()
    app = app_of(world, url, '@attributes.tenant == "acme" and n > 1', '@attributes.tenant == "umbrella"')
    plan = app.connect(topic, raw=raw)
    assert plan.pushdown.policy == {"tenant": ["acme", "umbrella"]}
    for number, name in enumerate(["acme", "other", "umbrella", "acme"]):
        world.sns.publish(TopicArn=topic, Message=json.dumps({"n": number}), MessageAttributes=tenant(name))
    report = app.run(limit=3, once=False)
    assert (report.received, report.handled, report.unmatched) == (3, 2, 1)
    assert world.receive(url) == []


def test_a_dry_run_changes_nothing_and_says_all_that_is_then_done(world):
    topic, url = world.topic(), world.queue()
    app = app_of(world, url, '@attributes.tenant == "acme"')
    before = world.attributes(url)
    planned = app.connect(topic, dry_run=True)
    assert world.attributes(url).get("Policy") == before.get("Policy")
    assert subscription(world, topic, url) is None
    done = app.connect(topic)
    assert (done.changes, done.permissions) == (planned.changes, planned.permissions)
    assert [step.to_dict() for step in done.steps] == [step.to_dict() for step in planned.steps]
    assert policy(world, topic, url) == {"tenant": ["acme"]}


def test_connecting_again_changes_nothing(world):
    topic, url = world.topic(), world.queue()
    app = app_of(world, url, '@attributes.tenant == "acme"')
    app.connect(topic, raw=True)
    again = app.connect(topic)
    assert (again.changes, again.steps) == ((), ())
    assert subscription(world, topic, url)["RawMessageDelivery"] == "true"
    assert "Nothing to do" in str(again)


def test_only_what_differs_is_changed(world):
    topic, url = world.topic(), world.queue()
    app_of(world, url, '@attributes.tenant == "acme"').connect(topic)
    plan = app_of(world, url, '@attributes.tenant in ["acme", "umbrella"]').connect(topic)
    assert [step.call for step in plan.steps] == ["sns:SetSubscriptionAttributes"]
    assert '{"tenant": ["acme"]} (MessageAttributes)' in plan.changes[0]
    assert policy(world, topic, url) == {"tenant": ["acme", "umbrella"]}


def test_no_filter_and_back(world):
    topic, url = world.topic(), world.queue()
    app = app_of(world, url, '@attributes.tenant == "acme"')
    app.connect(topic)
    app.connect(topic, filtered=False)
    assert policy(world, topic, url) is None
    world.sns.publish(TopicArn=topic, Message="x", MessageAttributes=tenant("other"))
    assert len(world.take(url, 1)) == 1
    app.connect(topic)
    assert policy(world, topic, url) == {"tenant": ["acme"]}


def test_from_attributes_to_the_body_and_back(world):
    topic, url = world.topic(), world.queue()
    app_of(world, url, '@attributes.tenant == "acme"').connect(topic)
    body = app_of(world, url, 'order.store == "acme"')
    plan = body.connect(topic, json_bodies=True)
    assert [step.request["AttributeName"] for step in plan.steps] == [
        "FilterPolicy",
        "FilterPolicyScope",
        "FilterPolicy",
    ]
    attributes = subscription(world, topic, url)
    assert (json.loads(attributes["FilterPolicy"]), attributes["FilterPolicyScope"]) == (
        {"order": {"store": ["acme"]}},
        "MessageBody",
    )
    app_of(world, url, '@attributes.tenant == "acme"').connect(topic)
    assert subscription(world, topic, url)["FilterPolicyScope"] == "MessageAttributes"


def test_messages_filtered_by_the_body(world):
    topic, url = world.topic(), world.queue()
    app = app_of(world, url, 'order.store == "acme"', 'order.store startswith "u" and order.n > 5')
    app.connect(topic, json_bodies=True)
    for store, number in (("acme", 1), ("x", 9), ("umbrella", 9), ("umbrella", 1)):
        megaql.Publisher(topic, connection=world.connection).publish({"order": {"store": store, "n": number}})
    report = app.run(limit=3)
    assert (report.handled, report.unmatched) == (2, 1)
    assert world.receive(url) == []


def test_exposed_paths_filter_bson_too(world):
    topic, url = world.topic(), world.queue()
    app = app_of(world, url, 'event.name in ["item.added", "item.moved"]')
    assert app.connect(topic, exposed=["event.name"]).pushdown.policy == {"event.name": ["item.added", "item.moved"]}
    publisher = megaql.Publisher(topic, connection=world.connection, expose=["event.name", "event.quantity"])
    for number, name in enumerate(["item.added", "item.removed", "item.moved", "item.lost"]):
        publisher.publish(megaql.MegaEvent(name, attributes={"quantity": number}), bson=number % 4 > 1)
    assert app.run(limit=2).handled == 2
    assert world.receive(url) == []


def test_the_queues_access_policy_lets_the_topic_in_beside_what_is_there(world):
    if world.server == "local":
        pytest.skip("the embedded broker has no access policies")
    topic, url = world.topic(), world.queue()
    own = {
        "Sid": "mine",
        "Effect": "Allow",
        "Principal": {"AWS": "000000000000"},
        "Action": "sqs:*",
        "Resource": world.arn(url),
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    world.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})
    app = app_of(world, url, '@attributes.tenant == "acme"')
    plan = app.connect(topic)
    assert [step.call for step in plan.steps] == ["sqs:SetQueueAttributes", "sns:Subscribe"]
    statements = json.loads(world.attributes(url)["Policy"])["Statement"]
    assert statements == [own, access.statement(topic, world.arn(url))]
    app.disconnect(topic)
    assert json.loads(world.attributes(url)["Policy"])["Statement"] == [own]


def test_disconnecting_undoes_it(world):
    topic, url = world.topic(), world.queue()
    app = app_of(world, url, '@attributes.tenant == "acme"')
    app.connect(topic)
    planned = app.disconnect(topic, dry_run=True)
    assert subscription(world, topic, url) is not None
    assert app.disconnect(topic).changes == planned.changes
    assert subscription(world, topic, url) is None
    assert not world.attributes(url).get("Policy")
    assert app.disconnect(topic).changes == ()
    app.connect(topic)
    assert policy(world, topic, url) == {"tenant": ["acme"]}


def test_other_queues_of_the_topic_are_left_alone(world):
    topic, first, second = world.topic(), world.queue(), world.queue()
    app_of(world, first, '@attributes.tenant == "acme"').connect(topic)
    app_of(world, second, '@attributes.tenant == "umbrella"').connect(topic)
    assert policy(world, topic, first) == {"tenant": ["acme"]}
    app_of(world, second, '@attributes.tenant == "umbrella"').disconnect(topic)
    assert policy(world, topic, first) == {"tenant": ["acme"]}


def test_fifo_to_fifo_and_not_to_standard(world):
    topic, url = world.topic(".fifo", ContentBasedDeduplication="true"), world.queue(".fifo")
    app_of(world, url, '@attributes.tenant == "acme"').connect(topic)
    assert policy(world, topic, url) == {"tenant": ["acme"]}
    with pytest.raises(ConsumerError) as caught:
        app_of(world, url, '@attributes.tenant == "acme"').connect(world.topic())
    assert caught.value.what == "a FIFO queue cannot subscribe to a standard topic"


def test_a_topic_that_is_not_there(world):
    app = app_of(world, world.queue(), '@attributes.tenant == "acme"')
    topic = f"{world.topic()}-never"
    with pytest.raises(QueueNotFound):
        app.disconnect(topic)
    if world.server != "local":  # a local one would be made
        with pytest.raises(QueueNotFound):
            app.connect(topic)


def test_a_local_topic_and_queue_are_made_when_they_are_missing_and_not_before(world):
    if world.server != "local":
        pytest.skip("what is missing on AWS is never made")
    topic, queue = world.name(), world.name(".fifo")
    app = app_of(world, f"local:{queue}", '@attributes.tenant == "acme"')
    with pytest.raises(ConsumerError):
        app.connect(f"local-topic:{topic}", dry_run=True)
    plan = app.connect(f"local-topic:{topic}.fifo", dry_run=True)
    assert [step.call for step in plan.steps] == ["sns:CreateTopic", "sqs:CreateQueue", "sns:Subscribe"]
    assert not any(topic in item["TopicArn"] for item in world.sns.list_topics()["Topics"])
    assert app.connect(f"local-topic:{topic}.fifo").changes == plan.changes
    megaql.Publisher(f"local-topic:{topic}.fifo").publish("text", attributes={"tenant": "acme"}, group_id="g")
    assert app.run(once=True).handled == 1
