"""Queues: making, finding, listing, configuring, tagging, purging, deleting; and what is said about those that are not there."""

import pytest


def test_creating_again_gives_the_same_queue(world):
    name = world.name()
    first = world.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    assert world.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})["QueueUrl"] == first
    assert world.sqs.get_queue_url(QueueName=name)["QueueUrl"] == first


def test_creating_again_with_other_attributes_is_refused(world, refusal):
    name = world.name()
    world.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})
    code = refusal(world.sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "6"})
    assert code in {"QueueAlreadyExists", "QueueNameExists"}


@pytest.mark.parametrize(
    "name",
    ["with space", "dot.inside", "x" * 81, "ünicode", "name.fifo"],
    ids=["space", "dot", "long", "unicode", "fifo"],
)
def test_names_that_are_refused(world, refusal, name):
    assert refusal(world.sqs.create_queue, QueueName=name) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VisibilityTimeout", "43201"),
        ("DelaySeconds", "901"),
        ("MessageRetentionPeriod", "59"),
        ("MaximumMessageSize", "1023"),
    ],
    ids=["visibility", "delay", "retention", "size"],
)
def test_attributes_out_of_range_are_refused(world, refusal, name, value):
    code = refusal(world.sqs.create_queue, QueueName=world.name(), Attributes={name: value})
    assert code in {"InvalidAttributeValue", "InvalidParameterValue"}


def test_attribute_that_is_none_is_refused(world, refusal):
    code = refusal(world.sqs.create_queue, QueueName=world.name(), Attributes={"NoSuchThing": "1"})
    assert code in {"InvalidAttributeName", "UnknownAttribute"}


def test_defaults(world):
    attributes = world.attributes(world.queue())
    expected = {
        "VisibilityTimeout": "30",
        "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600",
        "MaximumMessageSize": "1048576",
        "ReceiveMessageWaitTimeSeconds": "0",
    }
    assert {name: attributes[name] for name in expected} == expected
    assert int(attributes["CreatedTimestamp"]) > 0


def test_attributes_can_be_set(world):
    url = world.queue()
    world.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7", "DelaySeconds": "3"})
    attributes = world.attributes(url)
    assert (attributes["VisibilityTimeout"], attributes["DelaySeconds"]) == ("7", "3")


def test_only_the_attributes_asked_for_come(world):
    url = world.queue()
    answer = world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert answer["Attributes"] == {"VisibilityTimeout": "30"}


def test_list_by_prefix_and_page(world):
    prefix = world.name("-list-")
    urls = [world.sqs.create_queue(QueueName=f"{prefix}{number}")["QueueUrl"] for number in range(3)]
    assert sorted(world.sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"]) == sorted(urls)
    first = world.sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2)
    second = world.sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2, NextToken=first["NextToken"])
    assert sorted(first["QueueUrls"] + second["QueueUrls"]) == sorted(urls)
    assert "NextToken" not in second


def test_list_of_none(world):
    assert not world.sqs.list_queues(QueueNamePrefix=world.name("-nobody")).get("QueueUrls")


def test_tags(world):
    url = world.queue()
    assert not world.sqs.list_queue_tags(QueueUrl=url).get("Tags")
    world.sqs.tag_queue(QueueUrl=url, Tags={"team": "orders", "stage": "test"})
    world.sqs.tag_queue(QueueUrl=url, Tags={"stage": "live"})
    world.sqs.untag_queue(QueueUrl=url, TagKeys=["team", "never"])
    assert world.sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "live"}


def test_tags_on_creation(world):
    url = world.sqs.create_queue(QueueName=world.name(), tags={"team": "orders"})["QueueUrl"]
    assert world.sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "orders"}


def test_purge_takes_all_messages(world):
    url = world.queue()
    for number in range(3):
        world.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    world.take(url, 1, VisibilityTimeout=0)
    world.sqs.purge_queue(QueueUrl=url)
    assert world.receive(url) == []
    assert world.attributes(url)["ApproximateNumberOfMessages"] == "0"


def test_deleted_queue_is_not_found(world, refusal):
    url = world.queue()
    world.sqs.delete_queue(QueueUrl=url)
    assert refusal(world.sqs.get_queue_url, QueueName=url.rsplit("/", 1)[-1]) in NOT_THERE
    assert refusal(world.sqs.send_message, QueueUrl=url, MessageBody="x") in NOT_THERE


NOT_THERE = {"NonExistentQueue", "QueueDoesNotExist"}


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("send_message", {"MessageBody": "x"}),
        ("send_message_batch", {"Entries": [{"Id": "0", "MessageBody": "x"}]}),
        ("receive_message", {}),
        ("delete_message", {"ReceiptHandle": "x"}),
        ("get_queue_attributes", {"AttributeNames": ["All"]}),
        ("set_queue_attributes", {"Attributes": {"VisibilityTimeout": "1"}}),
        ("purge_queue", {}),
        ("list_queue_tags", {}),
        ("list_dead_letter_source_queues", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_queue_that_never_was(world, refusal, method, rest):
    url = f"{world.queue()}-never"
    assert refusal(getattr(world.sqs, method), QueueUrl=url, **rest) in NOT_THERE
