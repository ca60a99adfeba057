"""Leases: hiding, returning, delaying, waiting, counting."""

import threading
import time


def test_received_message_is_hidden_and_comes_back(world):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (first,) = world.receive(url, wait=1, VisibilityTimeout=1)
    assert world.receive(url) == []
    (second,) = world.take(url, 1)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    stamp = "ApproximateFirstReceiveTimestamp"
    assert second["Attributes"][stamp] == first["Attributes"][stamp]


def test_visibility_zero_returns_at_once(world):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    world.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert len(world.receive(url)) == 1


def test_visibility_can_be_extended(world):
    url = world.queue(VisibilityTimeout="1")
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    world.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
    time.sleep(1.2)
    assert world.receive(url) == []


def test_visibility_of_a_batch(world):
    url = world.queue()
    for number in range(3):
        world.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    taken = world.take(url, 3)
    answer = world.sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[
            *(
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for index, message in enumerate(taken)
            ),
            {"Id": "bad", "ReceiptHandle": "no handle", "VisibilityTimeout": 0},
        ],
    )
    assert {item["Id"] for item in answer["Successful"]} == {"0", "1", "2"}
    assert [item["Id"] for item in answer["Failed"]] == ["bad"]
    assert len(world.take(url, 3)) == 3


def test_visibility_has_a_limit(world, refusal):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    handle = message["ReceiptHandle"]
    code = refusal(world.sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43_201)
    assert code == "InvalidParameterValue"


def test_visibility_of_a_deleted_message_is_refused(world, refusal):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = world.take(url, 1)
    world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    code = refusal(
        world.sqs.change_message_visibility,
        QueueUrl=url,
        ReceiptHandle=message["ReceiptHandle"],
        VisibilityTimeout=10,
    )
    assert code in {"InvalidParameterValue", "MessageNotInflight", "ReceiptHandleIsInvalid"}


def test_handle_that_never_was_is_refused(world, refusal):
    url = world.queue()
    assert refusal(world.sqs.delete_message, QueueUrl=url, ReceiptHandle="no handle") == "ReceiptHandleIsInvalid"


def test_old_handle_of_a_standard_queue_still_deletes(world):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="x")
    (old,) = world.receive(url, wait=1, VisibilityTimeout=0)
    (new,) = world.receive(url, wait=1, VisibilityTimeout=0)
    assert old["MessageId"] == new["MessageId"]
    world.sqs.delete_message(QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    assert world.receive(url) == []


def test_long_poll_waits_for_a_message(world):
    url = world.queue()
    sender = threading.Timer(0.3, world.sqs.send_message, kwargs={"QueueUrl": url, "MessageBody": "x"})
    sender.start()
    started = time.monotonic()
    received = world.receive(url, wait=10)
    sender.join()
    assert [message["Body"] for message in received] == ["x"]
    assert time.monotonic() - started < 10, "the poll did not wake up when the message arrived"


def test_long_poll_ends_empty(world):
    url = world.queue()
    started = time.monotonic()
    assert world.receive(url, wait=1) == []
    assert time.monotonic() - started >= 0.9


def test_queue_has_a_wait_time_of_its_own(world):
    url = world.queue(ReceiveMessageWaitTimeSeconds="1")
    started = time.monotonic()
    answer = world.sqs.receive_message(QueueUrl=url)
    assert "Messages" not in answer
    assert time.monotonic() - started >= 0.9


def test_delay_of_a_message(world):
    url = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
    assert world.receive(url) == []
    assert world.attributes(url)["ApproximateNumberOfMessagesDelayed"] == "1"
    assert [message["Body"] for message in world.take(url, 1)] == ["late"]


def test_delay_of_a_queue_and_a_message_that_has_none(world):
    url = world.queue(DelaySeconds="60")
    world.sqs.send_message(QueueUrl=url, MessageBody="late")
    world.sqs.send_message(QueueUrl=url, MessageBody="now", DelaySeconds=0)
    assert [message["Body"] for message in world.receive(url, wait=1)] == ["now"]


def test_counts(world):
    url = world.queue()
    for number in range(3):
        world.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    world.sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=60)
    world.take(url, 1)
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    attributes = world.attributes(url)
    assert [attributes[name] for name in names] == ["2", "1", "1"]
