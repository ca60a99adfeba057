"""FIFO queues: order, one at a time per group, and deduplication."""

import pytest


def fifo(world, **attributes):
    return world.queue(".fifo", ContentBasedDeduplication="true", **attributes)


def send(world, url, *pairs):
    for group, body in pairs:
        world.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)


def test_order_within_a_group(world):
    url = fifo(world)
    bodies = [f"{number:02}" for number in range(25)]
    for start in range(0, 25, 10):
        entries = [{"Id": body, "MessageBody": body, "MessageGroupId": "g"} for body in bodies[start : start + 10]]
        world.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    seen = []
    while len(seen) < 25:
        received = world.receive(url, wait=1)
        assert received, f"only {len(seen)} of 25 arrived"
        for message in received:
            seen.append(message["Body"])
            world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert seen == bodies


def test_group_is_locked_while_a_message_is_in_flight(world):
    url = fifo(world)
    send(world, url, ("a", "a1"), ("a", "a2"), ("b", "b1"))
    (first,) = world.receive(url, 1, wait=1)
    assert first["Body"] == "a1"
    assert [message["Body"] for message in world.receive(url, wait=1)] == ["b1"]
    world.sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert [message["Body"] for message in world.receive(url, wait=1)] == ["a2"]


def test_returned_message_comes_first_again(world):
    url = fifo(world)
    send(world, url, ("a", "a1"), ("a", "a2"))
    (first,) = world.receive(url, 1, wait=1)
    world.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    assert [message["Body"] for message in world.receive(url, wait=1)] == ["a1", "a2"]


def test_attributes_of_a_fifo_message(world):
    url = fifo(world)
    sent = world.sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d")
    (message,) = world.take(url, 1)
    attributes = message["Attributes"]
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("g", "d")
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]
    assert attributes["SequenceNumber"].isdigit()


def test_sequence_numbers_grow(world):
    url = fifo(world)
    numbers = [
        int(world.sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId="g")["SequenceNumber"])
        for number in range(3)
    ]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("by", ["id", "content"])
def test_duplicates_are_taken_and_not_stored(world, by):
    url = fifo(world)
    dedup = {"MessageDeduplicationId": "d"} if by == "id" else {}
    bodies = ("one", "two") if by == "id" else ("one", "one")
    first, second = (
        world.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g", **dedup) for body in bodies
    )
    assert second["MessageId"] == first["MessageId"]
    (message,) = world.receive(url, wait=1)
    assert message["Body"] == "one"
    world.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    world.sqs.send_message(QueueUrl=url, MessageBody="one", MessageGroupId="g", **dedup)
    assert world.receive(url) == []


def test_group_is_needed(world, refusal):
    assert refusal(world.sqs.send_message, QueueUrl=fifo(world), MessageBody="x") in {
        "MissingParameter",
        "InvalidParameterValue",
    }


def test_deduplication_is_needed(world, refusal):
    url = world.queue(".fifo")
    assert refusal(world.sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g") == "InvalidParameterValue"


def test_message_of_its_own_delay_is_refused(world, refusal):
    code = refusal(world.sqs.send_message, QueueUrl=fifo(world), MessageBody="x", MessageGroupId="g", DelaySeconds=1)
    assert code == "InvalidParameterValue"


def test_deduplication_on_a_standard_queue_is_refused(world, refusal):
    code = refusal(world.sqs.send_message, QueueUrl=world.queue(), MessageBody="x", MessageDeduplicationId="d")
    assert code == "InvalidParameterValue"


def test_expired_handle_no_longer_deletes(world, refusal):
    url = fifo(world)
    send(world, url, ("a", "a1"))
    (old,) = world.receive(url, wait=1, VisibilityTimeout=1)
    (new,) = world.take(url, 1)
    assert old["MessageId"] == new["MessageId"]
    code = refusal(world.sqs.delete_message, QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    assert code in {"InvalidParameterValue", "ReceiptHandleIsInvalid"}
    world.sqs.delete_message(QueueUrl=url, ReceiptHandle=new["ReceiptHandle"])
