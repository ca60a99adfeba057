import json

import pytest


@pytest.fixture
def pair(broker):
    """Return a queue that dead-letters after two receives, and its dead-letter queue."""
    return _pair(broker, "")


def _pair(broker, suffix, receives=2):
    dead = broker.queue(f"dead{suffix}")
    policy = json.dumps({"deadLetterTargetArn": broker.arn(dead), "maxReceiveCount": receives})
    return broker.queue(f"main{suffix}", VisibilityTimeout="5", RedrivePolicy=policy), dead


def fail(broker, url, times):
    for _ in range(times):
        broker.receive(url)
        broker.clock.advance(5)


def test_a_message_moves_at_the_receive_past_its_last(broker, pair):
    main, dead = pair
    (sent,) = broker.send(main, "poison", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
    fail(broker, main, 2)
    assert broker.counts(main) == (1, 0, 0)
    assert broker.bodies(main) == []
    assert broker.counts(main) == (0, 0, 0)
    assert broker.counts(dead) == (1, 0, 0)
    (message,) = broker.receive(dead)
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"]["k"]["StringValue"] == "v"
    assert message["Attributes"]["SentTimestamp"] == "1700000000000"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == broker.arn(main)


def test_the_receive_that_moves_one_delivers_the_others(broker, pair):
    main, dead = pair
    broker.send(main, "poison")
    fail(broker, main, 2)
    broker.clock.advance(1)
    broker.send(main, "good")
    assert broker.bodies(main, 1) == ["good"]
    assert broker.bodies(dead) == ["poison"]


def test_an_old_handle_does_not_reach_the_moved_message(broker, pair):
    main, dead = pair
    broker.send(main, "poison")
    (message,) = broker.receive(main)
    broker.clock.advance(5)
    fail(broker, main, 1)
    broker.receive(main)
    broker.delete(main, message)
    assert broker.bodies(dead) == ["poison"]


def test_without_its_target_a_queue_keeps_delivering(broker, pair):
    main, dead = pair
    broker.send(main, "poison")
    broker.client.delete_queue(QueueUrl=dead)
    fail(broker, main, 3)
    assert broker.bodies(main) == ["poison"]


def test_a_fifo_queue_keeps_the_groups_order(broker):
    main, dead = _pair(broker, ".fifo", receives=1)
    broker.send(main, "a1", "a2", "a3", MessageGroupId="a")
    broker.receive(main, 2)
    broker.clock.advance(5)
    assert broker.bodies(main) == ["a3"]
    messages = broker.receive(dead)
    assert [message["Body"] for message in messages] == ["a1", "a2"]
    assert messages[0]["Attributes"]["SentTimestamp"] == "1700000005000"
    assert messages[0]["Attributes"]["MessageGroupId"] == "a"


def test_sources_are_listed(broker, pair):
    main, dead = pair
    client = broker.client
    assert client.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [main]
    assert client.list_dead_letter_source_queues(QueueUrl=main)["queueUrls"] == []
    client.set_queue_attributes(QueueUrl=main, Attributes={"RedrivePolicy": ""})
    assert client.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == []


@pytest.mark.parametrize("receives", [0, 1001, "x", True, None])
def test_receive_counts_sqs_refuses(broker, refused, receives):
    policy = json.dumps({"deadLetterTargetArn": broker.arn(broker.queue("dead")), "maxReceiveCount": receives})
    code, _ = refused(broker.client.create_queue, QueueName="main", Attributes={"RedrivePolicy": policy})
    assert code == "InvalidAttributeValue"


def test_a_receive_count_may_be_text(broker):
    policy = json.dumps({"deadLetterTargetArn": broker.arn(broker.queue("dead")), "maxReceiveCount": "1"})
    main = broker.queue("main", VisibilityTimeout="1", RedrivePolicy=policy)
    broker.send(main, "a")
    broker.receive(main)
    broker.clock.advance(1)
    assert broker.bodies(main) == []


def test_the_target_is_of_the_same_type(broker, refused):
    policy = json.dumps({"deadLetterTargetArn": broker.arn(broker.queue("dead")), "maxReceiveCount": 1})
    code, message = refused(
        broker.client.create_queue, QueueName="main.fifo", Attributes={"FifoQueue": "true", "RedrivePolicy": policy}
    )
    assert code == "InvalidAttributeValue"
    assert "same type" in message


@pytest.mark.parametrize(
    ("allow", "accepted"),
    [
        ({"redrivePermission": "allowAll"}, True),
        ({"redrivePermission": "denyAll"}, False),
        ({"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:local:000000000000:main"]}, True),
        ({"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:local:000000000000:other"]}, False),
    ],
)
def test_the_target_says_who_may_use_it(broker, refused, allow, accepted):
    dead = broker.queue("dead", RedriveAllowPolicy=json.dumps(allow))
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": broker.arn(dead), "maxReceiveCount": 1})}
    if accepted:
        broker.queue("main", **policy)
        assert broker.client.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    else:
        assert refused(broker.client.create_queue, QueueName="main", Attributes=policy)[0] == "InvalidAttributeValue"
