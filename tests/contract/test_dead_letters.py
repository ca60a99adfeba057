"""Dead-letter queues: where messages go that were received too often, who sends there, and the way back."""

import json


def pair(world, count=1, suffix="", **attributes):
    """A queue and its dead-letter queue."""
    dead = world.queue(suffix)
    policy = json.dumps({"deadLetterTargetArn": world.arn(dead), "maxReceiveCount": count})
    return world.queue(suffix, RedrivePolicy=policy, **attributes), dead


def kill(world, url, count=1):
    """Receive until the message is received `count` times, each time returning it at once."""
    for _ in range(count):
        (message,) = world.receive(url, wait=1, VisibilityTimeout=0)
    return message


def test_message_received_too_often_is_dead_lettered(world):
    url, dead = pair(world, count=2)
    attributes = {"n": {"DataType": "Number", "StringValue": "5"}}
    sent = world.sqs.send_message(QueueUrl=url, MessageBody="poison", MessageAttributes=attributes)
    kill(world, url, 2)
    assert world.receive(url) == []
    (message,) = world.take(dead, 1)
    assert message["Body"] == "poison"
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == attributes


def test_dead_letter_remembers_its_source(world):
    url, dead = pair(world)
    world.sqs.send_message(QueueUrl=url, MessageBody="poison")
    kill(world, url)
    world.receive(url)
    (message,) = world.take(dead, 1)
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == world.arn(url)


def test_sources_of_a_dead_letter_queue(world):
    url, dead = pair(world)
    assert world.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    assert world.sqs.list_dead_letter_source_queues(QueueUrl=url)["queueUrls"] == []


def test_redrive_policy_to_nowhere_is_refused(world, refusal):
    arn = f"{world.arn(world.queue())}-never"
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    code = refusal(world.sqs.create_queue, QueueName=world.name(), Attributes={"RedrivePolicy": policy})
    assert code in {"InvalidParameterValue", "InvalidAttributeValue", "NonExistentQueue", "QueueDoesNotExist"}


def test_redrive_policy_reads_back(world):
    url, dead = pair(world, count=3)
    policy = json.loads(world.attributes(url)["RedrivePolicy"])
    assert policy["deadLetterTargetArn"] == world.arn(dead)
    assert int(policy["maxReceiveCount"]) == 3


def test_move_task_brings_dead_letters_back(world):
    url, dead = pair(world)
    for number in range(3):
        world.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    world.eventually(
        lambda: (
            world.receive(url, VisibilityTimeout=0),
            int(world.attributes(dead)["ApproximateNumberOfMessages"]) == 3,
        )[1]
    )
    handle = world.sqs.start_message_move_task(SourceArn=world.arn(dead))["TaskHandle"]
    assert handle
    taken = world.take(url, 3)
    assert sorted(message["Body"] for message in taken) == ["0", "1", "2"]

    def finished():
        (task,) = world.sqs.list_message_move_tasks(SourceArn=world.arn(dead))["Results"]
        return task if task["Status"] == "COMPLETED" else None

    task = world.eventually(finished)
    assert task["ApproximateNumberOfMessagesMoved"] == 3
    assert task["SourceArn"] == world.arn(dead)


def test_move_task_to_another_queue(world):
    url, dead = pair(world)
    other = world.queue()
    world.sqs.send_message(QueueUrl=url, MessageBody="poison")
    kill(world, url)
    world.receive(url)
    world.sqs.start_message_move_task(SourceArn=world.arn(dead), DestinationArn=world.arn(other))
    assert [message["Body"] for message in world.take(other, 1)] == ["poison"]


def test_move_task_needs_a_dead_letter_queue(world, refusal):
    code = refusal(world.sqs.start_message_move_task, SourceArn=world.arn(world.queue()))
    assert code in {"InvalidParameterValue", "UnsupportedOperation"}
