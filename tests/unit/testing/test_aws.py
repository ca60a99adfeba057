"""boto3's clients on the embedded broker: one at a time, and all of a process."""

import os
import threading

import boto3
import pytest

from megaql.broker import local
from megaql.testing import boto3_client, patched


@pytest.fixture
def no_network(monkeypatch):
    """Let a request that would leave the process be an error."""

    def refuse(_session, request):
        raise AssertionError(f"a request to {request.url}")

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", refuse)


pytestmark = pytest.mark.usefixtures("no_network", "broker")


def test_a_queue_from_end_to_end(broker):
    sqs = boto3_client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    attributes = {
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "text": {"DataType": "String", "StringValue": "é"},
    }
    sqs.send_message(QueueUrl=url, MessageBody="<b> & é", MessageAttributes=attributes)
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("<b> & é", attributes)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert broker.queue("orders").messages() == []


def test_a_home_may_be_given(tmp_path):
    sqs = boto3_client("sqs", tmp_path / "other")
    sqs.create_queue(QueueName="orders")
    assert [url.rsplit("/")[-1] for url in local.client(tmp_path / "other").list_queues()["QueueUrls"]] == ["orders"]
    assert "QueueUrls" not in local.client().list_queues()


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_every_call_of_the_embedded_broker_can_be_made(service):
    client = boto3_client(service)
    broker = {"sqs": local.client(), "sns": local.sns_client()}[service]
    # `together` is no call: it writes calls of a process to the disk in one go.
    calls = [name for name in dir(broker) if not name.startswith("_") and name not in {"close", "together"}]
    assert len(calls) > 10
    for name in calls:
        assert callable(getattr(client, name))


def test_errors_are_the_clients_own():
    sqs, sns = boto3_client("sqs"), boto3_client("sns")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.get_queue_url(QueueName="missing")
    assert caught.value.response["Error"] == {
        "Code": "AWS.SimpleQueueService.NonExistentQueue",
        "QueryErrorCode": "QueueDoesNotExist",
        "Type": "Sender",
        "Message": "The specified queue does not exist.",
    }
    with pytest.raises(sns.exceptions.NotFoundException) as caught:
        sns.get_topic_attributes(TopicArn="arn:aws:sns:local:000000000000:missing")
    assert caught.value.response["Error"]["Code"] == "NotFound"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_boto3_checks_parameters_itself():
    from botocore.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        boto3_client("sqs").send_message(QueueUrl="x")


@pytest.mark.parametrize(
    ("service", "name", "request_"),
    [
        ("sqs", "remove_permission", {"QueueUrl": "http://local.megaql/000000000000/x", "Label": "a"}),
        ("sns", "list_subscriptions", {}),
    ],
)
def test_what_the_embedded_broker_lacks_is_refused(service, name, request_):
    client = boto3_client(service)
    with pytest.raises(client.exceptions.ClientError, match="The embedded broker has no ") as caught:
        getattr(client, name)(**request_)
    assert caught.value.response["Error"]["Code"] == "InvalidAction"


def test_another_service_is_an_error():
    with pytest.raises(ValueError, match="not 's3'"):
        boto3_client("s3")


@pytest.mark.parametrize("value", ["a\r\nb", "<&>\"'", "é\U0001f600", " spaced ", "]]>"])
def test_xml_carries_any_text(value):
    sns = boto3_client("sns")
    arn = sns.create_topic(Name="events", Attributes={"DisplayName": value})["TopicArn"]
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == value


def test_pages():
    sns, sqs = boto3_client("sns"), boto3_client("sqs")
    for number in range(120):
        sns.create_topic(Name=f"t{number}")
    for number in range(5):
        sqs.create_queue(QueueName=f"q{number}")
    assert len([topic for page in sns.get_paginator("list_topics").paginate() for topic in page["Topics"]]) == 120
    pages = list(sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["QueueUrls"]) for page in pages] == [2, 2, 1]


def test_threads_may_share_a_client():
    sqs = boto3_client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    threads = [
        threading.Thread(target=sqs.send_message, kwargs={"QueueUrl": url, "MessageBody": str(number)})
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"] == {"ApproximateNumberOfMessages": "8"}


def test_every_client_is_reached_and_only_meanwhile(monkeypatch, broker):
    early = boto3.client("sqs", region_name="eu-west-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    broker.queue("orders").publish({})
    with patched():
        late, resource = boto3.Session().client("sqs"), boto3.Session().resource("sqs")
        topics = boto3.Session().client("sns")
        for client in (early, late):
            assert client.get_queue_url(QueueName="orders")["QueueUrl"].endswith("/orders")
        assert [queue.url.rsplit("/")[-1] for queue in resource.queues.all()] == ["orders"]
        assert topics.list_topics()["Topics"] == []
        with pytest.raises(early.exceptions.QueueDoesNotExist):
            early.get_queue_url(QueueName="missing")
        assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    for client in (early, late):
        with pytest.raises(AssertionError, match="a request to https://sqs"):
            client.get_queue_url(QueueName="orders")


def test_a_client_that_was_made_for_a_broker_keeps_it(tmp_path):
    sqs = boto3_client("sqs", tmp_path / "own")
    sqs.create_queue(QueueName="own")
    for folder in ("other", "another"):
        with patched(tmp_path / folder):
            assert len(sqs.list_queues()["QueueUrls"]) == 1
    assert len(sqs.list_queues()["QueueUrls"]) == 1


def test_other_services_are_left_alone():
    with patched():
        client = boto3.client("s3", region_name="eu-west-1")
        with pytest.raises(AssertionError, match="a request to https://"):
            client.list_buckets()


def test_a_configured_region_is_kept(monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    with patched():
        assert boto3.Session().client("sqs").meta.region_name == "eu-central-1"
