import json
import shutil

import pytest

from megaql.broker import local
from megaql.broker.local.sns import sns_client, topic_arn

NEVER = "arn:aws:sns:local:000000000000:never"


class Time:
    def __init__(self):
        self.now = 1_600_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def sqs(tmp_path, time):
    client = local.client(tmp_path, clock=time)
    yield client
    client.close()


@pytest.fixture
def sns(tmp_path, time):
    client = sns_client(tmp_path, clock=time)
    yield client
    client.close()


def queue(sqs, name="q", **attributes):
    """Make a queue and return its URL and ARN."""
    if name.endswith(".fifo"):
        attributes = {"FifoQueue": "true", **attributes}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def topic(sns, name="t", **attributes):
    if name.endswith(".fifo"):
        attributes = {"FifoTopic": "true", **attributes}
    return sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]


def subscribe(sns, arn, endpoint, **attributes):
    return sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint, Attributes=attributes)["SubscriptionArn"]


def bodies(sqs, url):
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return [message["Body"] for message in answer.get("Messages", [])]


def refused(call, **request):
    with pytest.raises(local.ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_arn_of_a_topic(sns):
    assert topic(sns, "events") == topic_arn("events") == "arn:aws:sns:local:000000000000:events"


def test_message_reaches_every_queue_or_none(sns, sqs, monkeypatch):
    arn = topic(sns)
    (first, one), (second, two) = queue(sqs, "a"), queue(sqs, "b")
    subscribe(sns, arn, one, RawMessageDelivery="true")
    subscribe(sns, arn, two, RawMessageDelivery="true")
    sns.publish(TopicArn=arn, Message="x")
    assert (bodies(sqs, first), bodies(sqs, second)) == (["x"], ["x"])

    from megaql.broker.local import send

    enqueue = send.enqueue

    def failing(db, queue, messages, now):
        if queue.name == "b":
            raise OSError(28, "No space left on device")
        return enqueue(db, queue, messages, now)

    monkeypatch.setattr(send, "enqueue", failing)
    code, _ = refused(sns.publish, TopicArn=arn, Message="y")
    assert code == "ServiceUnavailable"
    assert (bodies(sqs, first), bodies(sqs, second)) == ([], [])


def test_queue_that_was_deleted_gets_nothing_and_the_others_do(sns, sqs):
    arn = topic(sns)
    (first, one), (second, two) = queue(sqs, "a"), queue(sqs, "b")
    subscribe(sns, arn, one)
    subscribe(sns, arn, two, RawMessageDelivery="true")
    sqs.delete_queue(QueueUrl=first)
    sns.publish(TopicArn=arn, Message="x")
    assert bodies(sqs, second) == ["x"]


def test_message_a_queue_would_refuse_is_refused_to_the_publisher(sns, sqs):
    arn = topic(sns)
    url, endpoint = queue(sqs, MaximumMessageSize="1024")
    subscribe(sns, arn, endpoint, RawMessageDelivery="true")
    code, message = refused(sns.publish, TopicArn=arn, Message="x" * 2000)
    assert code == "InvalidParameter"
    assert "the queue q refuses it" in message
    assert bodies(sqs, url) == []


def test_structure_json_has_a_text_for_queues(sns, sqs):
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint, RawMessageDelivery="true")
    for text in ({"default": "d", "sqs": "for queues"}, {"default": "d", "email": "e"}):
        sns.publish(TopicArn=arn, Message=json.dumps(text), MessageStructure="json")
    assert bodies(sqs, url) == ["for queues", "d"]
    code, _ = refused(sns.publish, TopicArn=arn, Message='{"sqs": "x"}', MessageStructure="json")
    assert code == "InvalidParameter"


def test_group_of_a_standard_topic_is_handed_on(sns, sqs):
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint)
    sns.publish(TopicArn=arn, Message="x", MessageGroupId="g")
    (message,) = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "g"


@pytest.mark.parametrize(
    ("request_", "code", "reason"),
    [
        ({"TopicArn": NEVER}, "NotFound", "Topic does not exist"),
        ({"TopicArn": "nonsense"}, "InvalidParameter", "TopicArn"),
        ({}, "InvalidParameter", "TopicArn"),
        ({"Message": ""}, "InvalidParameter", "Empty message"),
        ({"Message": "x" * 262_145}, "InvalidParameter", "Message too long"),
        ({"Subject": ""}, "InvalidParameter", "Subject"),
        ({"Subject": "a\nb"}, "InvalidParameter", "Subject"),
        ({"Subject": "x" * 101}, "InvalidParameter", "Subject"),
        ({"MessageStructure": "xml"}, "InvalidParameter", "MessageStructure"),
        ({"MessageDeduplicationId": "d"}, "InvalidParameter", "MessageDeduplicationId"),
        ({"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "x"}}}, "ParameterValueInvalid", "'a'"),
        ({"MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}}, "ParameterValueInvalid", "'a'"),
        ({"MessageAttributes": {"a b": {"DataType": "String", "StringValue": "x"}}}, "ParameterValueInvalid", "'a b'"),
        ({"MessageAttributes": {"a": {"DataType": "Binary", "StringValue": "x"}}}, "ParameterValueInvalid", "'a'"),
        ({"Massage": "x"}, "ParamValidationError", "Massage"),
    ],
    ids=str,
)
def test_publications_that_are_refused(sns, request_, code, reason):
    arn = topic(sns)
    request = {"Message": "the secret body", **({"TopicArn": arn} if request_ else {}), **request_}
    found, message = refused(sns.publish, **request)
    assert found == code
    assert reason in message
    assert "secret" not in message


def test_batch_with_a_bad_entry(sns, sqs):
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint, RawMessageDelivery="true")
    entries = [{"Id": "a", "Message": "x"}, {"Id": "b", "Message": ""}, {"Id": "c", "Message": "y"}]
    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    assert [item["Id"] for item in answer["Successful"]] == ["a", "c"]
    assert [(item["Id"], item["Code"], item["SenderFault"]) for item in answer["Failed"]] == [
        ("b", "InvalidParameter", True)
    ]
    assert bodies(sqs, url) == ["x", "y"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(number), "Message": "x"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "x"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a!", "Message": "x"}], "InvalidBatchEntryId"),
        ([{"Id": str(number), "Message": "x" * 200_000} for number in range(2)], "BatchRequestTooLong"),
    ],
    ids=["none", "eleven", "same", "bad", "long"],
)
def test_batches_that_are_refused(sns, entries, code):
    assert refused(sns.publish_batch, TopicArn=topic(sns), PublishBatchRequestEntries=entries)[0] == code


@pytest.mark.parametrize(
    ("name", "attributes", "reason"),
    [
        ("a b", {}, "Topic Name"),
        ("", {}, "Topic Name"),
        ("a.fifo", {}, "must end with .fifo"),
        ("a", {"FifoTopic": "true"}, "must end with .fifo"),
        ("a", {"ContentBasedDeduplication": "true"}, "only be set for FIFO topics"),
        ("a", {"NoSuchThing": "x"}, "NoSuchThing"),
        ("a.fifo", {"FifoTopic": "yes"}, "FifoTopic"),
    ],
)
def test_topics_that_are_refused(sns, name, attributes, reason):
    code, message = refused(sns.create_topic, Name=name, Attributes=attributes)
    assert code == "InvalidParameter"
    assert reason in message


def test_topic_with_other_attributes_is_refused(sns):
    topic(sns, DisplayName="one")
    assert topic(sns) == topic(sns, DisplayName="one")
    assert "different attributes" in refused(sns.create_topic, Name="t", Attributes={"DisplayName": "two"})[1]


def test_topic_describes_itself(sns, sqs):
    arn = topic(sns, "t.fifo")
    subscribe(sns, arn, queue(sqs, "q.fifo")[1])
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (attributes["TopicArn"], attributes["SubscriptionsConfirmed"]) == (arn, "1")
    assert (attributes["FifoTopic"], attributes["ContentBasedDeduplication"]) == ("true", "false")


def test_topics_are_listed_in_pages(sns):
    arns = sorted(topic(sns, f"t{number:03}") for number in range(120))
    first = sns.list_topics()
    second = sns.list_topics(NextToken=first["NextToken"])
    assert [item["TopicArn"] for item in first["Topics"] + second["Topics"]] == arns
    assert "NextToken" not in second


def test_deleted_topic_takes_its_subscriptions_along(sns, sqs):
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint)
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert refused(sns.publish, TopicArn=arn, Message="x")[0] == "NotFound"
    topic(sns)
    sns.publish(TopicArn=arn, Message="x")
    assert bodies(sqs, url) == []


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"Protocol": "email", "Endpoint": "a@b"}, "use sqs"),
        ({"Endpoint": "arn:aws:sqs:eu-west-1:123456789012:q"}, "SQS endpoint ARN"),
        ({"Endpoint": "arn:aws:sqs:local:000000000000:never"}, "the queue does not exist"),
        ({"Endpoint": "arn:aws:sqs:local:000000000000:q.fifo"}, "can not be subscribed to standard SNS topics"),
        ({"Attributes": {"NoSuchThing": "x"}}, "NoSuchThing"),
        ({"Attributes": {"RawMessageDelivery": "yes"}}, "RawMessageDelivery"),
        ({"Attributes": {"FilterPolicyScope": "Both"}}, "FilterPolicyScope"),
        ({"Attributes": {"FilterPolicy": "nonsense"}}, "FilterPolicy: failed to parse JSON"),
        ({"Attributes": {"FilterPolicy": '{"a": {"b": ["x"]}}'}}, "does not support nested"),
    ],
    ids=str,
)
def test_subscriptions_that_are_refused(sns, sqs, request_, reason):
    queue(sqs, "q.fifo")
    _, endpoint = queue(sqs)
    code, message = refused(
        sns.subscribe, **{"TopicArn": topic(sns), "Protocol": "sqs", "Endpoint": endpoint, **request_}
    )
    assert code == "InvalidParameter"
    assert reason in message


def test_subscribing_again(sns, sqs):
    arn = topic(sns)
    _, endpoint = queue(sqs)
    first = subscribe(sns, arn, endpoint, RawMessageDelivery="true")
    assert subscribe(sns, arn, endpoint) == first
    code, message = refused(
        sns.subscribe, TopicArn=arn, Protocol="sqs", Endpoint=endpoint, Attributes={"RawMessageDelivery": "false"}
    )
    assert (code, "different attributes" in message) == ("InvalidParameter", True)


def test_filter_policy_can_be_set_and_taken_away(sns, sqs):
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscription = subscribe(sns, arn, endpoint, RawMessageDelivery="true")

    def set_attribute(name, value):
        sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName=name, AttributeValue=value)

    set_attribute("FilterPolicyScope", "MessageBody")
    set_attribute("FilterPolicy", '{"a": {"b": ["x"]}}')
    sns.publish(TopicArn=arn, Message='{"a": {"b": "y"}}')
    assert bodies(sqs, url) == []
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert attributes["FilterPolicyScope"] == "MessageBody"
    nested = {
        "SubscriptionArn": subscription,
        "AttributeName": "FilterPolicyScope",
        "AttributeValue": "MessageAttributes",
    }
    assert "nested" in refused(sns.set_subscription_attributes, **nested)[1]
    set_attribute("FilterPolicy", "{}")
    sns.publish(TopicArn=arn, Message="x")
    assert bodies(sqs, url) == ["x"]
    assert "FilterPolicy" not in sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]


def test_unsubscribing(sns, sqs):
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscription = subscribe(sns, arn, endpoint)
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.publish(TopicArn=arn, Message="x")
    assert bodies(sqs, url) == []
    assert refused(sns.get_subscription_attributes, SubscriptionArn=subscription)[0] == "NotFound"
    assert refused(sns.unsubscribe, SubscriptionArn="nonsense")[0] == "InvalidParameter"


@pytest.mark.parametrize(("scope", "second"), [("Topic", ["x"]), ("MessageGroup", ["x", "x"])])
def test_duplicates_of_a_fifo_topic(sns, sqs, time, scope, second):
    arn = topic(sns, "t.fifo", ContentBasedDeduplication="true", FifoThroughputScope=scope)
    url, endpoint = queue(sqs, "q.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    subscribe(sns, arn, endpoint, RawMessageDelivery="true")
    first = sns.publish(TopicArn=arn, Message="x", MessageGroupId="a")
    again = sns.publish(TopicArn=arn, Message="x", MessageGroupId="a")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    sns.publish(TopicArn=arn, Message="x", MessageGroupId="b")
    assert bodies(sqs, url) == second
    time.now += 301
    later = sns.publish(TopicArn=arn, Message="x", MessageGroupId="c")
    assert later["SequenceNumber"] > first["SequenceNumber"]


def test_a_clock_set_back_suppresses_nothing_for_longer_than_the_window(sns, sqs, time):
    arn = topic(sns, "t.fifo", ContentBasedDeduplication="true")
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint, RawMessageDelivery="true")
    sns.publish(TopicArn=arn, Message="x", MessageGroupId="a")
    time.now -= 3600
    time.now += 301
    sns.publish(TopicArn=arn, Message="x", MessageGroupId="b")
    assert bodies(sqs, url) == ["x", "x"]


def test_topics_of_a_home_that_was_removed_can_be_made_again(sns, tmp_path):
    topic(sns)
    shutil.rmtree(tmp_path)
    assert sns.list_topics()["Topics"] == []
    assert topic(sns) in str(sns.list_topics()["Topics"])


def test_what_a_fifo_topic_needs(sns):
    arn = topic(sns, "t.fifo")
    assert "MessageGroupId" in refused(sns.publish, TopicArn=arn, Message="x")[1]
    assert "ContentBasedDeduplication" in refused(sns.publish, TopicArn=arn, Message="x", MessageGroupId="g")[1]


def test_fifo_topic_may_feed_a_standard_queue(sns, sqs):
    arn = topic(sns, "t.fifo", ContentBasedDeduplication="true")
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint, RawMessageDelivery="true")
    sns.publish(TopicArn=arn, Message="x", MessageGroupId="g")
    assert bodies(sqs, url) == ["x"]


def test_text_that_is_no_unicode_is_refused_as_at_a_queue(sns):
    code, message = refused(sns.get_topic_attributes, TopicArn="arn:aws:sns:local:000000000000:t\ud800")
    assert (code, message) == ("InvalidParameterValue", "A parameter is no Unicode text: it holds a surrogate.")


def test_tags_of_a_topic(sns):
    tagged = sns.create_topic(Name="tagged", Tags=[{"Key": "owner", "Value": "press"}])["TopicArn"]
    assert sns.list_tags_for_resource(ResourceArn=tagged)["Tags"] == [{"Key": "owner", "Value": "press"}]
    plain = sns.create_topic(Name="plain")["TopicArn"]
    assert sns.list_tags_for_resource(ResourceArn=plain)["Tags"] == []
    assert refused(sns.list_tags_for_resource, ResourceArn=f"{plain}-not")[0] == "NotFound"
