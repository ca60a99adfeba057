"""What boto3 makes of the embedded broker's answers, beside what it makes of a server's: the same keys, types and errors."""

import boto3
import pytest

from megaql.testing import boto3_client
from tests.servers import running

BINARY = {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
TEXT = {"t": {"DataType": "String.label", "StringValue": 'a <b> & "c" \u00e9'}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """boto3's clients of a real server."""
    with running("ministack", tmp_path_factory.mktemp("ministack")) as url:
        session = boto3.Session("test", "test", region_name="us-east-1")
        yield {service: session.client(service, endpoint_url=url) for service in ("sqs", "sns")}


@pytest.fixture
def broker():
    return {service: boto3_client(service) for service in ("sqs", "sns")}


def skeleton(value):
    """Return a value with its types in the place of what differs from run to run, and without the empty lists that SQS leaves out."""
    if isinstance(value, dict):
        return {key: skeleton(item) for key, item in value.items() if key != "HTTPHeaders" and item != []}
    if isinstance(value, list):
        return [skeleton(item) for item in value]
    return value if isinstance(value, bytes | bool) else type(value).__name__


class Script:
    """Makes the same calls on any clients, and keeps each answer's skeleton under the call's name."""

    def __init__(self, clients):
        self.sqs, self.sns = clients["sqs"], clients["sns"]
        self.answers = {}

    def call(self, client, name, **request):
        answer = getattr(client, name)(**request)
        self.answers[f"{len(self.answers)} {name}"] = skeleton(answer)
        return answer

    def queues(self):
        url = self.call(self.sqs, "create_queue", QueueName="shapes", tags={"team": "a"})["QueueUrl"]
        self.call(self.sqs, "get_queue_url", QueueName="shapes")
        arn = self.call(self.sqs, "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])
        self.call(self.sqs, "set_queue_attributes", QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
        self.call(self.sqs, "list_queues", QueueNamePrefix="shapes")
        self.call(self.sqs, "list_queues", QueueNamePrefix="no-such")
        self.call(self.sqs, "tag_queue", QueueUrl=url, Tags={"cost": "b"})
        self.call(self.sqs, "untag_queue", QueueUrl=url, TagKeys=["cost"])
        self.call(self.sqs, "list_queue_tags", QueueUrl=url)
        return url, arn["Attributes"]["QueueArn"]

    def messages(self, url):
        self.call(self.sqs, "send_message", QueueUrl=url, MessageBody="a", MessageAttributes=BINARY | TEXT)
        entries = [{"Id": "1", "MessageBody": "b", "MessageAttributes": TEXT}, {"Id": "2", "MessageBody": "c"}]
        self.call(self.sqs, "send_message_batch", QueueUrl=url, Entries=entries)
        asked = {"MessageAttributeNames": ["All"], "AttributeNames": ["SentTimestamp", "ApproximateReceiveCount"]}
        handles = []
        for _ in range(3):
            answer = self.call(self.sqs, "receive_message", QueueUrl=url, WaitTimeSeconds=1, **asked)
            handles += [message["ReceiptHandle"] for message in answer["Messages"]]
        self.call(self.sqs, "receive_message", QueueUrl=url)
        self.call(self.sqs, "change_message_visibility", QueueUrl=url, ReceiptHandle=handles[0], VisibilityTimeout=30)
        entries = [{"Id": "1", "ReceiptHandle": handles[1], "VisibilityTimeout": 30}]
        self.call(self.sqs, "change_message_visibility_batch", QueueUrl=url, Entries=entries)
        self.call(self.sqs, "delete_message", QueueUrl=url, ReceiptHandle=handles[0])
        entries = [{"Id": "1", "ReceiptHandle": handles[1]}]
        self.call(self.sqs, "delete_message_batch", QueueUrl=url, Entries=entries)
        self.call(self.sqs, "purge_queue", QueueUrl=url)

    def topics(self, url, queue_arn):
        arn = self.call(self.sns, "create_topic", Name="shapes")["TopicArn"]
        self.call(self.sns, "list_topics")
        subscription = self.call(
            self.sns,
            "subscribe",
            TopicArn=arn,
            Protocol="sqs",
            Endpoint=queue_arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self.call(self.sns, "list_subscriptions_by_topic", TopicArn=arn)
        self.call(
            self.sns,
            "set_subscription_attributes",
            SubscriptionArn=subscription,
            AttributeName="FilterPolicy",
            AttributeValue='{"t": [{"exists": true}]}',
        )
        self.call(self.sns, "publish", TopicArn=arn, Message="a & <b>", Subject="s", MessageAttributes=BINARY | TEXT)
        entries = [{"Id": "1", "Message": "b", "MessageAttributes": TEXT}, {"Id": "2", "Message": "c"}]
        self.call(self.sns, "publish_batch", TopicArn=arn, PublishBatchRequestEntries=entries)
        answer = self.call(self.sqs, "receive_message", QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["All"])
        assert [message["Body"] for message in answer["Messages"]] == ["a & <b>"]
        self.call(self.sns, "unsubscribe", SubscriptionArn=subscription)
        self.call(self.sns, "delete_topic", TopicArn=arn)
        self.call(self.sqs, "delete_queue", QueueUrl=url)


def test_answers_have_the_same_shape(server, broker):
    scripts = [Script(server), Script(broker)]
    for script in scripts:
        url, arn = script.queues()
        script.messages(url)
        script.topics(url, arn)
    real, ours = (script.answers for script in scripts)
    assert len(ours) > 25
    assert ours == real


def failure(client, name, request):
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, name)(**request)
    response = caught.value.response
    error = {key: value for key, value in response["Error"].items() if key != "Message"}
    return type(caught.value).__name__, error, response["ResponseMetadata"]["HTTPStatusCode"], set(response)


@pytest.mark.parametrize(
    ("service", "name", "request_"),
    [
        ("sqs", "get_queue_url", {"QueueName": "no-such"}),
        ("sns", "get_topic_attributes", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:no-such"}),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:no-such", "Message": "x"}),
    ],
    ids=["queue", "topic", "publish"],
)
def test_errors_have_the_same_shape(server, broker, service, name, request_):
    assert failure(broker[service], name, request_) == failure(server[service], name, request_)
