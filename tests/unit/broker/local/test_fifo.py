import pytest


@pytest.fixture
def url(broker):
    return broker.queue("orders.fifo", VisibilityTimeout="30")


def send(broker, url, group, *bodies):
    return broker.send(url, *bodies, MessageGroupId=group)


def test_a_group_comes_in_order_and_groups_side_by_side(broker, url):
    send(broker, url, "a", "a1", "a2", "a3")
    send(broker, url, "b", "b1")
    assert broker.bodies(url, 2) == ["a1", "a2"]
    assert broker.bodies(url) == ["b1"]


def test_a_group_waits_while_one_of_it_is_in_flight(broker, url):
    send(broker, url, "a", "a1", "a2", "a3")
    first, second = broker.receive(url, 2)
    broker.delete(url, first)
    assert broker.bodies(url) == []
    broker.delete(url, second)
    assert broker.bodies(url) == ["a3"]


def test_a_group_that_timed_out_starts_again_from_its_head(broker, url):
    send(broker, url, "a", "a1", "a2", "a3")
    broker.receive(url, 2)
    broker.clock.advance(30)
    assert broker.bodies(url) == ["a1", "a2", "a3"]


def test_returning_one_keeps_the_group_waiting_for_the_others(broker, url):
    send(broker, url, "a", "a1", "a2")
    first, second = broker.receive(url)
    broker.change(url, first, 0)
    assert broker.bodies(url) == []
    broker.change(url, second, 0)
    assert broker.bodies(url) == ["a1", "a2"]


def test_a_longer_lease_holds_the_group_longer(broker, url):
    send(broker, url, "a", "a1", "a2")
    (message,) = broker.receive(url, 1)
    broker.change(url, message, 100)
    broker.clock.advance(99)
    assert broker.bodies(url) == []
    broker.clock.advance(1)
    assert broker.bodies(url, 1) == ["a1"]


def test_a_long_group_does_not_keep_others_waiting(broker, url):
    for start in range(0, 100, 10):
        broker.client.send_message_batch(
            QueueUrl=url,
            Entries=[{"Id": str(i), "MessageBody": f"a{start + i}", "MessageGroupId": "a"} for i in range(10)],
        )
    send(broker, url, "b", "b1")
    assert broker.bodies(url, 1) == ["a0"]
    assert broker.bodies(url) == ["b1"]


def test_groups_take_turns(broker, url):
    send(broker, url, "a", "a1", "a2")
    broker.clock.advance(1)
    send(broker, url, "b", "b1")
    (message,) = broker.receive(url, 1)
    broker.clock.advance(5)
    broker.delete(url, message)
    assert broker.bodies(url, 1) == ["b1"]
    assert broker.bodies(url, 1) == ["a2"]


def test_sequence_numbers_grow(broker, url):
    sent = [answer["SequenceNumber"] for answer in send(broker, url, "a", *map(str, range(12)))]
    assert sent == sorted(sent)
    assert len(set(sent)) == 12
    assert {len(number) for number in sent} == {20}
    received = [message["Attributes"]["SequenceNumber"] for message in broker.receive(url)]
    assert received == sent[:10]


def test_the_same_content_within_five_minutes_is_sent_once(broker, url):
    (first,) = send(broker, url, "a", "same")
    broker.clock.advance(299)
    (second,) = send(broker, url, "a", "same")
    assert (second["MessageId"], second["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert broker.counts(url) == (1, 0, 0)
    broker.clock.advance(1)
    send(broker, url, "a", "same")
    assert broker.counts(url) == (2, 0, 0)


def test_a_deleted_message_is_still_remembered(broker, url):
    send(broker, url, "a", "same")
    (message,) = broker.receive(url)
    broker.delete(url, message)
    send(broker, url, "a", "same")
    assert broker.counts(url) == (0, 0, 0)


def test_an_id_of_ones_own_decides(broker, url):
    broker.send(url, "one", "two", MessageGroupId="a", MessageDeduplicationId="id")
    broker.send(url, "one", MessageGroupId="a", MessageDeduplicationId="other")
    messages = broker.receive(url)
    assert [(m["Body"], m["Attributes"]["MessageDeduplicationId"]) for m in messages] == [
        ("one", "id"),
        ("one", "other"),
    ]


def test_duplicates_within_a_batch(broker, url):
    answer = broker.client.send_message_batch(
        QueueUrl=url,
        Entries=[{"Id": entry_id, "MessageBody": "same", "MessageGroupId": "a"} for entry_id in "xyz"],
    )
    assert len({entry["MessageId"] for entry in answer["Successful"]}) == 1
    assert broker.counts(url) == (1, 0, 0)


def test_deduplication_by_group(broker):
    url = broker.queue("fast.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    send(broker, url, "a", "same", "same")
    send(broker, url, "b", "same")
    assert broker.counts(url) == (2, 0, 0)


def test_a_handle_ends_with_its_lease(broker, url, refused):
    send(broker, url, "a", "a1")
    (message,) = broker.receive(url)
    broker.clock.advance(30)
    request = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    code, text = refused(broker.client.delete_message, **request)
    assert code == "InvalidParameterValue"
    assert "expired" in text
    broker.receive(url)
    assert refused(broker.client.delete_message, **request) == (code, text)
    assert refused(broker.client.change_message_visibility, **request, VisibilityTimeout=1) == (code, text)
    assert broker.counts(url) == (0, 1, 0)


def test_what_a_fifo_queue_demands(broker, refused):
    url = broker.queue("strict.fifo", ContentBasedDeduplication="false")
    send_message = broker.client.send_message
    assert refused(send_message, QueueUrl=url, MessageBody="a", MessageDeduplicationId="d")[0] == "MissingParameter"
    assert refused(send_message, QueueUrl=url, MessageBody="a", MessageGroupId="g")[0] == "InvalidParameterValue"
    code, _ = refused(
        send_message, QueueUrl=url, MessageBody="a", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=1
    )
    assert code == "InvalidParameterValue"


def test_a_queues_delay_holds_its_groups(broker):
    url = broker.queue("late.fifo", DelaySeconds="10")
    send(broker, url, "a", "a1")
    broker.clock.advance(5)
    send(broker, url, "a", "a2")
    assert broker.bodies(url) == []
    broker.clock.advance(5)
    assert broker.bodies(url) == ["a1"]


def test_a_receive_attempt_id_is_accepted(broker, url):
    send(broker, url, "a", "a1")
    assert broker.bodies(url, ReceiveRequestAttemptId="attempt-1") == ["a1"]


def test_empty_groups_leave_nothing_behind(broker, url):
    send(broker, url, "a", "a1")
    (message,) = broker.receive(url)
    broker.delete(url, message)
    assert broker.rows("lane") == 0
    broker.clock.advance(400)
    send(broker, url, "b", "b1")
    assert broker.rows("dedup") == 1


def test_expired_messages_free_their_group(broker):
    url = broker.queue("short.fifo", MessageRetentionPeriod="60")
    send(broker, url, "a", "old")
    broker.clock.advance(59)
    broker.receive(url)
    send(broker, url, "a", "new")
    broker.clock.advance(31)
    assert broker.bodies(url) == ["new"]
