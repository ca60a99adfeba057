from datetime import timedelta

import pytest

from megaql.broker import local
from megaql.broker.message import Message
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue, RedrivePolicy
from megaql.errors import BadTarget, BrokerError, QueueNotFound

from .conftest import ClientError

MINUTE = timedelta(minutes=1)


def test_receive_asks_for_everything(queue, sqs):
    queue.receive(5, wait=timedelta(seconds=20), visibility=MINUTE)
    assert sqs.requests == [
        {
            "QueueUrl": queue.url,
            "MaxNumberOfMessages": 5,
            "WaitTimeSeconds": 20,
            "VisibilityTimeout": 60,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
    ]


@pytest.mark.parametrize(("limit", "asked"), [(0, 1), (1, 1), (10, 10), (500, 10)])
def test_receive_keeps_to_the_limits(queue, sqs, limit, asked):
    queue.receive(limit, wait=timedelta(hours=1), visibility=MINUTE)
    assert (sqs.requests[0]["MaxNumberOfMessages"], sqs.requests[0]["WaitTimeSeconds"]) == (asked, 20)


def test_receive_on_fifo_can_be_retried_by_the_sdk(fifo, sqs):
    fifo.receive(visibility=MINUTE)
    fifo.receive(visibility=MINUTE)
    first, second = (request["ReceiveRequestAttemptId"] for request in sqs.requests)
    assert first != second


def test_lease_counts_from_before_the_request(queue, sqs, clock):
    sqs.messages = [{"MessageId": "m", "Body": "x", "ReceiptHandle": "h"}]
    answer = sqs.receive_message

    def slow(**request):
        clock.now += 15
        return answer(**request)

    sqs.receive_message = slow
    (message,) = queue.receive(visibility=MINUTE)
    assert message.lease_deadline == 1060.0


def test_lease_without_visibility_is_the_queues_own_and_asked_for_once(queue, sqs):
    sqs.messages = [{"MessageId": "m", "Body": "x", "ReceiptHandle": "h"}]
    (message,) = queue.receive()
    assert message.lease_deadline == 1030.0
    queue.receive()
    assert sum("AttributeNames" in request and "MaxNumberOfMessages" not in request for request in sqs.requests) == 1
    assert "VisibilityTimeout" not in sqs.requests[1]


def test_a_queues_own_visibility_is_asked_for_again_because_somebody_may_change_it(queue, sqs, clock):
    sqs.messages = [{"MessageId": "m", "Body": "x", "ReceiptHandle": "h"}]
    queue.receive()
    sqs.attributes = {"VisibilityTimeout": "5"}
    clock.now += 61
    (message,) = queue.receive()
    assert message.lease_deadline == clock.now + 5


def test_a_refusal_to_tell_is_not_asked_for_at_every_receive(queue, sqs):
    sqs.attributes = ClientError("AccessDenied")
    for _ in range(3):
        queue.receive()
    assert sum("MaxNumberOfMessages" not in request for request in sqs.requests) == 1


def test_lease_is_unknown_where_attributes_may_not_be_read(queue, sqs):
    sqs.messages = [{"MessageId": "m", "Body": "x", "ReceiptHandle": "h"}]
    sqs.attributes = ClientError("AccessDenied")
    (message,) = queue.receive()
    assert message.lease_deadline is None


def test_info(queue, sqs):
    sqs.attributes = {
        "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:orders",
        "ApproximateNumberOfMessages": "3",
        "ApproximateNumberOfMessagesNotVisible": "2",
        "ApproximateNumberOfMessagesDelayed": "1",
        "VisibilityTimeout": "45",
        "MessageRetentionPeriod": "60",
        "RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead", "maxReceiveCount": "5"}',
    }
    info = queue.info()
    assert (info.visible, info.in_flight, info.delayed) == (3, 2, 1)
    assert (info.visibility_timeout, info.retention) == (timedelta(seconds=45), timedelta(minutes=1))
    assert info.redrive == RedrivePolicy("arn:aws:sqs:eu-west-1:123456789012:dead", 5)
    assert info.attributes == sqs.attributes
    assert len(sqs.requests) == 1
    assert queue.arn.endswith(":orders")
    assert len(sqs.requests) == 1


def test_redrive_policy_that_cannot_be_read(queue, sqs):
    sqs.attributes = {"RedrivePolicy": "nonsense"}
    with pytest.raises(BrokerError, match="redrive policy cannot be read"):
        queue.info()


def test_local_queue_that_is_missing_is_not_made_by_reading():
    with pytest.raises(QueueNotFound, match="local:orders does not exist"):
        Queue.open("local:orders")
    assert not local.client().list_queues().get("QueueUrls")


def test_name_close_to_one_there_is_suggested():
    Queue.open("local:orders", create=True)
    with pytest.raises(QueueNotFound) as caught:
        Queue.open("local:order")
    assert caught.value.hint.startswith("did you mean local:orders?")


def test_local_queue_is_made_once():
    first = Queue.open("local:orders.fifo", create=True)
    second = Queue.open("local:orders.fifo", create=True)
    assert first.url == second.url
    assert first.fifo
    assert first.info().attributes["ContentBasedDeduplication"] == "true"


def test_dead_letter_queue():
    dead = Queue.open("local:dead", create=True)
    queue = Queue.open("local:orders", create=True)
    assert queue.dead_letter_queue() is None
    policy = f'{{"deadLetterTargetArn": "{dead.arn}", "maxReceiveCount": 3}}'
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy})
    found = queue.dead_letter_queue()
    assert (found.name, found.url) == ("dead", dead.url)


def test_round_trip_on_the_embedded_broker():
    queue = Queue.open("local:orders", create=True)
    sent = queue.send(Outgoing("x", {"n": {"DataType": "Number", "StringValue": "1"}}, delay=timedelta(0)))
    (message,) = queue.receive(visibility=MINUTE)
    assert isinstance(message, Message)
    assert (message.id, message.body, message.queue) == (sent, "x", "orders")
    assert queue.set_visibility([message], timedelta(0)).done == [message]
    (again,) = queue.receive(visibility=MINUTE)
    assert again.receive_count == 2
    assert queue.delete([again]).done == [again]


def test_topic_where_a_queue_is_needed():
    with pytest.raises(BadTarget, match="is a topic"):
        Queue.open("local-topic:orders")


def test_queue_shows_its_target_and_nothing_else():
    assert repr(Queue.open("local:orders", create=True)) == "Queue('local:orders')"
