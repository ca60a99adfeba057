import json

import pytest

from megaql.broker.local import moves


@pytest.fixture
def tasks(monkeypatch):
    """Return the tasks that were started, as arguments of `step`: no thread runs them."""
    started = []
    monkeypatch.setattr(moves, "launch", lambda *task_and_rate: started.append(task_and_rate[:2]))
    return started


@pytest.fixture
def queues(broker):
    """Return a queue and its dead-letter queue, with three dead letters."""
    dead = broker.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": broker.arn(dead), "maxReceiveCount": 1})
    main = broker.queue("main", VisibilityTimeout="5", RedrivePolicy=policy)
    broker.send(main, "a", "b", "c")
    broker.receive(main)
    broker.clock.advance(5)
    broker.receive(main)
    assert broker.counts(dead) == (3, 0, 0)
    return main, dead


def start(broker, dead, **more):
    return broker.client.start_message_move_task(SourceArn=broker.arn(dead), **more)["TaskHandle"]


def listed(broker, dead, limit=1):
    answer = broker.client.list_message_move_tasks(SourceArn=broker.arn(dead), MaxResults=limit)
    return answer.get("Results", [])


def test_messages_go_back_to_where_they_came_from_as_new_ones(broker, queues, tasks):
    main, dead = queues
    before = {message["MessageId"] for message in broker.receive(dead, VisibilityTimeout=0)}
    handle = start(broker, dead)
    (task,) = listed(broker, dead)
    assert task == {
        "TaskHandle": handle,
        "Status": "RUNNING",
        "SourceArn": broker.arn(dead),
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": 3,
        "StartedTimestamp": 1_700_000_005_000,
    }
    broker.clock.advance(1)
    assert moves.step(*tasks[0])
    assert not moves.step(*tasks[0])
    (task,) = listed(broker, dead)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)
    assert "TaskHandle" not in task
    assert broker.counts(dead) == (0, 0, 0)
    messages = broker.receive(main)
    assert [message["Body"] for message in messages] == ["a", "b", "c"]
    assert not before & {message["MessageId"] for message in messages}
    assert messages[0]["Attributes"]["SentTimestamp"] == "1700000006000"
    assert messages[0]["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "DeadLetterQueueSourceArn" not in messages[0]["Attributes"]


def test_the_thread_moves_everything(broker, queues):
    main, dead = queues
    import threading

    start(broker, dead)
    for thread in threading.enumerate():
        if thread.name.startswith("megaql-move-"):
            thread.join()
    assert broker.bodies(main) == ["a", "b", "c"]


def test_to_a_queue_by_name(broker, queues, tasks):
    _, dead = queues
    other = broker.queue("other")
    start(broker, dead, DestinationArn=broker.arn(other), MaxNumberOfMessagesPerSecond=2)
    assert moves.step(*tasks[0], chunk=2)
    assert broker.counts(other) == (2, 0, 0)
    assert moves.step(*tasks[0], chunk=2)
    assert not moves.step(*tasks[0], chunk=2)
    (task,) = listed(broker, dead)
    assert task["DestinationArn"] == broker.arn(other)
    assert task["MaxNumberOfMessagesPerSecond"] == 2
    assert broker.bodies(other) == ["a", "b", "c"]


def test_a_message_that_comes_back_is_not_moved_again(broker, queues, tasks):
    main, dead = queues
    start(broker, dead)
    assert moves.step(*tasks[0], chunk=1)
    broker.receive(main)
    broker.clock.advance(5)
    broker.receive(main)
    assert broker.counts(dead) == (3, 0, 0)
    while moves.step(*tasks[0]):
        pass
    assert listed(broker, dead)[0]["ApproximateNumberOfMessagesMoved"] == 3
    assert broker.bodies(dead) == ["a"]


def test_a_fifo_queues_groups_keep_their_order(broker, tasks):
    dead = broker.queue("dead.fifo")
    policy = json.dumps({"deadLetterTargetArn": broker.arn(dead), "maxReceiveCount": 1})
    main = broker.queue("main.fifo", VisibilityTimeout="5", RedrivePolicy=policy)
    broker.send(main, "a1", "a2", MessageGroupId="a")
    broker.send(main, "b1", MessageGroupId="b")
    broker.receive(main)
    broker.clock.advance(5)
    broker.receive(main)
    start(broker, dead)
    while moves.step(*tasks[0], chunk=1):
        pass
    bodies = broker.bodies(main)
    assert sorted(bodies) == ["a1", "a2", "b1"]
    assert bodies.index("a1") < bodies.index("a2")
    assert broker.rows("lane") == 2


def test_cancelling_leaves_the_rest(broker, queues, tasks):
    main, dead = queues
    handle = start(broker, dead)
    assert moves.step(*tasks[0], chunk=1)
    assert broker.client.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] == 1
    assert listed(broker, dead)[0]["Status"] == "CANCELLING"
    assert not moves.step(*tasks[0])
    assert listed(broker, dead)[0]["Status"] == "CANCELLED"
    assert (broker.counts(main)[0], broker.counts(dead)[0]) == (1, 2)


@pytest.mark.usefixtures("tasks")
def test_a_task_whose_process_died_is_marked_failed(broker, queues):
    _, dead = queues
    start(broker, dead)
    broker.clock.advance(31)
    (task,) = listed(broker, dead)
    assert task["Status"] == "FAILED"
    assert task["FailureReason"] == "the process that ran this task has ended"
    start(broker, dead)
    assert [task["Status"] for task in listed(broker, dead, 10)] == ["RUNNING", "FAILED"]


def test_a_task_without_a_way_back_fails(broker, queues, tasks):
    _, dead = queues
    broker.client.purge_queue(QueueUrl=dead)
    broker.send(dead, "sent here directly")
    start(broker, dead)
    assert not moves.step(*tasks[0])
    (task,) = listed(broker, dead)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert broker.bodies(dead) == ["sent here directly"]


def test_a_task_whose_target_is_gone_fails(broker, queues, tasks):
    main, dead = queues
    start(broker, dead)
    broker.client.delete_queue(QueueUrl=main)
    assert not moves.step(*tasks[0])
    assert listed(broker, dead)[0]["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"


@pytest.mark.usefixtures("tasks")
def test_what_start_refuses(broker, queues, refused):
    main, dead = queues
    client = broker.client
    call = client.start_message_move_task
    missing = "arn:aws:sqs:local:000000000000:nobody"
    assert refused(call, SourceArn=missing)[0] == "ResourceNotFoundException"
    assert refused(call, SourceArn=broker.arn(main))[0] == "InvalidParameterValue"
    assert refused(call, SourceArn=broker.arn(dead), DestinationArn=missing)[0] == "ResourceNotFoundException"
    assert refused(call, SourceArn=broker.arn(dead), DestinationArn=broker.arn(dead))[0] == "InvalidParameterValue"
    fifo = broker.arn(broker.queue("x.fifo"))
    assert "UnsupportedOperation" in refused(call, SourceArn=broker.arn(dead), DestinationArn=fifo)[0]
    assert refused(call, SourceArn=broker.arn(dead), MaxNumberOfMessagesPerSecond=501)[0] == "InvalidParameterValue"
    start(broker, dead)
    assert "already a task running" in refused(call, SourceArn=broker.arn(dead))[1]


def test_what_list_and_cancel_refuse(broker, queues, tasks, refused):
    _, dead = queues
    client = broker.client
    assert refused(client.list_message_move_tasks, SourceArn="x")[0] == "ResourceNotFoundException"
    code, _ = refused(client.list_message_move_tasks, SourceArn=broker.arn(dead), MaxResults=11)
    assert code == "InvalidParameterValue"
    assert "Results" not in client.list_message_move_tasks(SourceArn=broker.arn(dead))
    assert refused(client.cancel_message_move_task, TaskHandle="nonsense")[0] == "InvalidParameterValue"
    handle = start(broker, dead)
    while moves.step(*tasks[0]):
        pass
    assert "UnsupportedOperation" in refused(client.cancel_message_move_task, TaskHandle=handle)[0]


@pytest.mark.usefixtures("tasks")
def test_old_tasks_are_forgotten(broker, queues):
    _, dead = queues
    for _ in range(12):
        start(broker, dead)
        broker.clock.advance(31)
    assert len(listed(broker, dead, 10)) == broker.rows("move_task") == 10
