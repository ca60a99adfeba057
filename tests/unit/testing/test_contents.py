"""Looking into a queue, and skipping the time until more of it is due."""

from datetime import timedelta

import pytest

from megaql.broker import local
from megaql.broker.queue import Queue
from megaql.broker.target import parse_queue
from megaql.errors import ConsumerError, QueueNotFound
from megaql.testing import contents


def texts(messages):
    return [message.body for message in messages]


@pytest.fixture(params=["orders", "orders.fifo"])
def each(broker, request):
    return broker.queue(request.param, max_receives=3)


def options(queue):
    return {"group_id": "g"} if queue.fifo else {}


def test_all_is_seen_in_the_order_it_was_sent(each):
    for number in range(25):
        each.publish(f"text {number}", **options(each))
    each.receive()
    assert texts(contents.messages(each)) == [f"text {number}" for number in range(25)]


def test_looking_changes_nothing(each):
    each.publish("text", attributes={"tenant": "acme", "raw": b"\x00"}, **options(each))
    (before,) = contents.messages(each)
    (looked,) = contents.messages(each)
    assert looked == before
    assert (looked.receive_count, looked.first_received_at, looked.receipt_handle) == (0, None, None)
    (received,) = each.receive()
    assert received.receive_count == 1
    (seen,) = contents.messages(each)
    assert (seen.id, seen.body, seen.attributes, seen.queue) == (
        received.id,
        received.body,
        received.attributes,
        received.queue,
    )
    assert seen.system == received.system
    assert len(each.delete([received]).done) == 1
    assert contents.messages(each) == []


def test_what_waits_is_brought_forward_and_stays_in_order(broker):
    queue = broker.queue("orders")
    for minutes in (10, 1, 5):
        queue.publish(f"after {minutes}", delay=timedelta(minutes=minutes))
    skipped = []
    for expected in ("after 1", "after 5", "after 10"):
        assert queue.receive() == []
        skipped.append(contents.skip_time(queue))
        (message,) = queue.receive(visibility=timedelta(hours=1))
        assert message.body == expected
    assert [round(skip / timedelta(minutes=1)) for skip in skipped] == [1, 4, 5]


def test_no_time_is_skipped_where_something_is_due(each):
    assert contents.skip_time(each) == timedelta(0)
    each.publish("text", **options(each))
    assert contents.skip_time(each) == timedelta(0)


def test_a_lease_ends_when_its_time_is_skipped(each):
    each.publish("text", **options(each))
    (first,) = each.receive(visibility=timedelta(minutes=5))
    assert timedelta(minutes=4, seconds=50) < contents.skip_time(each) <= timedelta(minutes=5)
    (second,) = each.receive()
    assert (second.id, second.receive_count) == (first.id, 2)


def test_other_queues_are_left_alone(broker):
    one, two = broker.queue("one"), broker.queue("two")
    for queue in (one, two):
        queue.publish("text", delay=timedelta(minutes=1))
    contents.skip_time(one)
    assert (one.info().visible, two.info().visible) == (1, 0)


def test_the_queues_own_clock_counts(tmp_path):
    seconds = [1_800_000_000.0]
    client = local.client(tmp_path / "broker", clock=lambda: seconds[0])
    url = client.create_queue(QueueName="orders")["QueueUrl"]
    queue = Queue(client, url, parse_queue("local:orders"))
    client.send_message(QueueUrl=url, MessageBody="text", DelaySeconds=60)
    seconds[0] += 20
    assert contents.skip_time(queue) == timedelta(seconds=40)
    client.close()


def test_dead_letters_say_why(broker):
    queue = broker.queue("orders", max_receives=1)
    assert contents.dead_letters(queue) == []
    message_id = queue.publish("text")
    queue.receive(visibility=timedelta(0))
    assert queue.receive() == []
    (letter,) = contents.dead_letters(queue)
    assert (letter.message.id, letter.reason, letter.subscription, letter.error) == (
        message_id,
        "it was received too often",
        "",
        "",
    )
    assert contents.dead_letters(broker.queue("plain")) == []


def test_a_queue_that_is_missing_or_real_is_an_error(broker):
    assert contents.opened(broker.queue("orders").target).name == "orders"
    with pytest.raises(QueueNotFound):
        contents.opened("local:missing")
    with pytest.raises(ConsumerError, match="is not a queue of the embedded broker"):
        contents.opened("orders")
    disguised = Queue(object(), "http://local.megaql/000000000000/orders", parse_queue("local:orders"))
    with pytest.raises(ConsumerError, match="is not a queue of the embedded broker"):
        contents.opened(disguised)
