"""Topics: fan-out to queues, raw and in the envelope, and what a filter policy lets through."""

import json

import pytest

ATTRIBUTES = {
    "tenant": {"DataType": "String", "StringValue": "acme"},
    "price": {"DataType": "Number", "StringValue": "12.5"},
    "data": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}


def subscribe(world, topic, **attributes):
    """Subscribe a fresh queue and return its URL."""
    url = world.queue(".fifo" if topic.endswith(".fifo") else "")
    world.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=world.arn(url),
        Attributes={name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()},
        ReturnSubscriptionArn=True,
    )
    return url


def test_wrapped_delivery(world):
    topic = world.topic()
    url = subscribe(world, topic)
    sent = world.sns.publish(TopicArn=topic, Message="hello ☃", Subject="News", MessageAttributes=ATTRIBUTES)
    (message,) = world.take(url, 1)
    envelope = json.loads(message["Body"])
    assert envelope["Type"] == "Notification"
    assert envelope["Message"] == "hello ☃"
    assert envelope["Subject"] == "News"
    assert envelope["TopicArn"] == topic
    assert envelope["MessageId"] == sent["MessageId"]
    assert envelope["Timestamp"].endswith("Z")
    assert envelope["MessageAttributes"] == {
        "tenant": {"Type": "String", "Value": "acme"},
        "price": {"Type": "Number", "Value": "12.5"},
        "data": {"Type": "Binary", "Value": "AP8="},
    }
    assert not message.get("MessageAttributes")


def test_raw_delivery(world):
    topic = world.topic()
    url = subscribe(world, topic, RawMessageDelivery="true")
    world.sns.publish(TopicArn=topic, Message="hello ☃", MessageAttributes=ATTRIBUTES)
    (message,) = world.take(url, 1, patience=1)
    assert message["Body"] == "hello ☃"
    assert message["MessageAttributes"] == ATTRIBUTES


def test_every_subscription_gets_a_copy(world):
    topic = world.topic()
    urls = [subscribe(world, topic, RawMessageDelivery="true") for _ in range(3)]
    world.sns.publish(TopicArn=topic, Message="x")
    assert [[message["Body"] for message in world.take(url, 1)] for url in urls] == [["x"]] * 3


def test_batch(world):
    topic = world.topic()
    url = subscribe(world, topic, RawMessageDelivery="true")
    entries = [{"Id": f"e{number}", "Message": str(number)} for number in range(10)]
    answer = world.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert {item["Id"] for item in answer["Successful"]} == {entry["Id"] for entry in entries}
    assert sorted(message["Body"] for message in world.take(url, 10)) == [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([{"Id": str(number), "Message": "x"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "x"}, {"Id": "a", "Message": "y"}], "BatchEntryIdsNotDistinct"),
    ],
    ids=["eleven", "same-id"],
)
def test_topic_batches_that_are_refused_whole(world, refusal, entries, code):
    assert refusal(world.sns.publish_batch, TopicArn=world.topic(), PublishBatchRequestEntries=entries) in {
        code,
        f"{code}Exception",
    }


def test_one_bad_publication_leaves_the_others(world):
    topic = world.topic()
    entries = [
        {"Id": "good", "Message": "x"},
        {"Id": "bad", "Message": "y", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}},
    ]
    answer = world.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [item["Id"] for item in answer["Successful"]] == ["good"]
    assert [(item["Id"], item["SenderFault"]) for item in answer["Failed"]] == [("bad", True)]


def test_topic_that_never_was(world, refusal):
    arn = f"{world.topic()}-never"
    assert refusal(world.sns.publish, TopicArn=arn, Message="x") in {"NotFound", "NotFoundException"}
    assert refusal(world.sns.get_topic_attributes, TopicArn=arn) in {"NotFound", "NotFoundException"}


def test_creating_and_subscribing_again_change_nothing(world):
    name = world.name()
    topic = world.sns.create_topic(Name=name)["TopicArn"]
    assert world.sns.create_topic(Name=name)["TopicArn"] == topic
    arn = world.arn(world.queue())
    first, second = (
        world.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True) for _ in range(2)
    )
    assert first["SubscriptionArn"] == second["SubscriptionArn"]
    listed = world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(item["Protocol"], item["Endpoint"]) for item in listed] == [("sqs", arn)]


def test_unsubscribed_queue_gets_nothing(world):
    topic = world.topic()
    url = subscribe(world, topic)
    (subscription,) = world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    world.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    world.sns.publish(TopicArn=topic, Message="x")
    assert world.receive(url) == []


def test_subscription_attributes(world):
    topic = world.topic()
    subscribe(world, topic, FilterPolicy={"tenant": ["acme"]})
    (subscription,) = world.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    arn = subscription["SubscriptionArn"]
    world.sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    attributes = world.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"tenant": ["acme"]}
    assert attributes["RawMessageDelivery"] == "true"
    assert attributes["Protocol"] == "sqs"


def attribute(value):
    if isinstance(value, list):
        return {"DataType": "String.Array", "StringValue": json.dumps(value)}
    kind = "Number" if isinstance(value, int | float) else "String"
    return {"DataType": kind, "StringValue": str(value)}


#: Policy, attributes it takes, attributes it does not.
BY_ATTRIBUTES = {
    "exact": ({"a": ["x", "y"]}, [{"a": "y"}, {"a": "x", "b": "z"}, {"a": ["q", "x"]}], [{"a": "z"}, {"b": "x"}, {}]),
    "and": ({"a": ["x"], "b": ["y"]}, [{"a": "x", "b": "y"}], [{"a": "x"}, {"a": "x", "b": "x"}]),
    "number": ({"a": [{"numeric": ["=", 5]}]}, [{"a": 5}, {"a": 5.0}], [{"a": 6}, {"a": "5"}]),
    "range": ({"a": [{"numeric": [">", 0, "<=", 10]}]}, [{"a": 10}, {"a": 0.5}], [{"a": 0}, {"a": 11}]),
    "prefix": ({"a": [{"prefix": "ac"}]}, [{"a": "acme"}], [{"a": "bac"}]),
    "suffix": ({"a": [{"suffix": "me"}]}, [{"a": "acme"}], [{"a": "mean"}]),
    "but": ({"a": [{"anything-but": ["x", "y"]}]}, [{"a": "z"}], [{"a": "x"}, {}]),
    "but-prefix": ({"a": [{"anything-but": {"prefix": "x"}}]}, [{"a": "yx"}], [{"a": "xy"}, {}]),
    "exists": ({"a": [{"exists": True}]}, [{"a": "anything"}], [{"b": "x"}]),
    "missing": ({"a": [{"exists": False}]}, [{"b": "x"}], [{"a": "x"}]),
    "case": ({"a": [{"equals-ignore-case": "ACME"}]}, [{"a": "Acme"}], [{"a": "acne"}]),
    "or": ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, [{"a": "x"}, {"b": "y"}], [{"a": "y"}]),
    "cidr": ({"a": [{"cidr": "10.0.0.0/24"}]}, [{"a": "10.0.0.255"}], [{"a": "10.0.1.1"}]),
}

#: The same for bodies.
BY_BODY = {
    "nested": ({"a": {"b": ["x"]}}, [{"a": {"b": "x"}}], [{"a": {"b": "y"}}, {"b": "x"}]),
    "array": ({"a": ["x"]}, [{"a": ["y", "x"]}], [{"a": ["y"]}, {"a": []}]),
    "objects": ({"a": {"b": ["x"]}}, [{"a": [{"b": "y"}, {"b": "x"}]}], [{"a": [{"b": "y"}]}]),
    "kinds": ({"a": [True, None, 5]}, [{"a": True}, {"a": None}, {"a": 5.0}], [{"a": "true"}, {"a": 1}, {"a": False}]),
    "but": ({"a": [{"anything-but": ["x"]}]}, [{"a": "y"}, {"a": ["x", "y"]}], [{"a": "x"}, {"b": "y"}]),
    "missing": ({"a": {"b": [{"exists": False}]}}, [{"a": {"c": 1}}], [{"a": {"b": 1}}]),
}


@pytest.mark.parametrize("case", BY_ATTRIBUTES)
def test_filter_by_attributes(world, case):
    policy, taken, left = BY_ATTRIBUTES[case]
    topic = world.topic()
    url = subscribe(world, topic, RawMessageDelivery="true", FilterPolicy=policy)
    for number, values in enumerate([*left, *taken]):
        world.sns.publish(
            TopicArn=topic,
            Message=f"{'taken' if number >= len(left) else 'left'} {values}",
            MessageAttributes={name: attribute(value) for name, value in values.items()},
        )
    bodies = sorted(message["Body"] for message in world.take(url, len(taken), patience=1))
    assert bodies == sorted(f"taken {values}" for values in taken)
    assert world.receive(url) == []


@pytest.mark.parametrize("case", BY_BODY)
def test_filter_by_body(world, case):
    policy, taken, left = BY_BODY[case]
    topic = world.topic()
    url = subscribe(world, topic, RawMessageDelivery="true", FilterPolicy=policy, FilterPolicyScope="MessageBody")
    for body in [*map(json.dumps, [*left, *taken]), "no document"]:
        world.sns.publish(TopicArn=topic, Message=body)
    bodies = sorted(message["Body"] for message in world.take(url, len(taken), patience=1))
    assert bodies == sorted(map(json.dumps, taken))
    assert world.receive(url) == []


@pytest.mark.parametrize(
    "policy",
    [
        "not json",
        "[]",
        '{"a": "x"}',
        '{"a": [{"no-such-operator": 1}]}',
        '{"a": [{"numeric": ["~", 1]}]}',
        '{"a": {"b": ["x"]}}',
    ],
    ids=["text", "array", "bare", "operator", "numeric", "nested"],
)
def test_policies_that_are_refused(world, refusal, policy):
    topic, arn = world.topic(), world.arn(world.queue())
    code = refusal(
        world.sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": policy}
    )
    assert code in {"InvalidParameter", "InvalidParameterException"}


def test_fifo_topic_keeps_order_and_drops_duplicates(world):
    topic = world.topic(".fifo", ContentBasedDeduplication="true")
    url = subscribe(world, topic, RawMessageDelivery="true")
    for body in ("1", "2", "2", "3"):
        world.sns.publish(TopicArn=topic, Message=body, MessageGroupId="g")
    received = world.take(url, 3)
    assert [message["Body"] for message in received] == ["1", "2", "3"]
    assert {message["Attributes"]["MessageGroupId"] for message in received} == {"g"}


def test_fifo_topic_needs_a_group(world, refusal):
    topic = world.topic(".fifo", ContentBasedDeduplication="true")
    code = refusal(world.sns.publish, TopicArn=topic, Message="x")
    assert code in {"InvalidParameter", "InvalidParameterException", "MissingParameter"}
