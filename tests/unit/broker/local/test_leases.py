import pytest


def lease(broker, url):
    (message,) = broker.receive(url, 1)
    return message


def test_a_message_in_flight_is_hidden_until_its_timeout(broker):
    url = broker.queue(VisibilityTimeout="30")
    broker.send(url, "a")
    assert broker.bodies(url) == ["a"]
    broker.clock.advance(29.9)
    assert broker.bodies(url) == []
    broker.clock.advance(0.1)
    assert broker.bodies(url, VisibilityTimeout=1) == ["a"]
    broker.clock.advance(1)
    assert broker.bodies(url) == ["a"]


def test_visibility_zero_hides_nothing(broker):
    url = broker.queue()
    broker.send(url, "a")
    assert broker.bodies(url, VisibilityTimeout=0) == ["a"]
    assert broker.bodies(url, VisibilityTimeout=0) == ["a"]


def test_a_timeout_is_changed_from_now(broker):
    url = broker.queue()
    broker.send(url, "a")
    message = lease(broker, url)
    broker.clock.advance(20)
    broker.change(url, message, 60)
    broker.clock.advance(59)
    assert broker.bodies(url) == []
    broker.change(url, message, 0)
    assert broker.bodies(url) == ["a"]


def test_twelve_hours_from_the_receive_are_the_longest(broker, refused):
    url = broker.queue()
    broker.send(url, "a")
    message = lease(broker, url)
    broker.clock.advance(10)
    request = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    code, text = refused(broker.client.change_message_visibility, **request, VisibilityTimeout=43_191)
    assert code == "InvalidParameterValue"
    assert "43200" in text
    broker.change(url, message, 43_190)
    assert refused(broker.client.change_message_visibility, **request, VisibilityTimeout=43_201)[0] == code
    assert refused(broker.client.change_message_visibility, **request, VisibilityTimeout=-1)[0] == code


def test_a_standard_queue_takes_an_old_handle(broker):
    url = broker.queue(VisibilityTimeout="5")
    broker.send(url, "a")
    old = lease(broker, url)
    broker.clock.advance(6)
    lease(broker, url)
    broker.change(url, old, 0)
    assert broker.bodies(url) == ["a"]
    broker.delete(url, old)
    broker.clock.advance(6)
    assert broker.bodies(url) == []


def test_deleting_twice_succeeds(broker):
    url = broker.queue()
    broker.send(url, "a")
    message = lease(broker, url)
    broker.delete(url, message)
    broker.delete(url, message)
    assert broker.counts(url) == (0, 0, 0)


def test_a_visible_message_has_no_timeout_to_change(broker, refused):
    url = broker.queue(VisibilityTimeout="5")
    broker.send(url, "a")
    message = lease(broker, url)
    broker.clock.advance(5)
    request = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 10}
    assert refused(broker.client.change_message_visibility, **request)[0] == "AWS.SimpleQueueService.MessageNotInflight"
    broker.delete(url, message)
    code, text = refused(broker.client.change_message_visibility, **request)
    assert code == "InvalidParameterValue"
    assert "Message does not exist" in text


@pytest.mark.parametrize("handle", ["", "nonsense", "AQEB", "bXExLjE=", "é"])
def test_a_handle_nobody_gave_out(broker, refused, handle):
    url = broker.queue()
    for operation, more in (
        (broker.client.delete_message, {}),
        (broker.client.change_message_visibility, {"VisibilityTimeout": 1}),
    ):
        assert refused(operation, QueueUrl=url, ReceiptHandle=handle, **more)[0] == "ReceiptHandleIsInvalid"


def test_a_handle_of_another_queue(broker, refused):
    here, there = broker.queue(), broker.queue()
    broker.send(here, "a")
    handle = lease(broker, here)["ReceiptHandle"]
    assert refused(broker.client.delete_message, QueueUrl=there, ReceiptHandle=handle)[0] == "ReceiptHandleIsInvalid"
    assert broker.counts(here) == (0, 1, 0)


def test_batches_do_what_they_can(broker):
    url = broker.queue()
    broker.send(url, "a", "b")
    first, second = broker.receive(url)
    answer = broker.client.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "1", "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0},
            {"Id": "2", "ReceiptHandle": "nonsense", "VisibilityTimeout": 0},
            {"Id": "3", "ReceiptHandle": second["ReceiptHandle"]},
        ],
    )
    assert answer["Successful"] == [{"Id": "1"}]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [
        ("2", "ReceiptHandleIsInvalid"),
        ("3", "MissingParameter"),
    ]
    assert broker.bodies(url) == ["a"]
    answer = broker.client.delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "1", "ReceiptHandle": first["ReceiptHandle"]},
            {"Id": "2", "ReceiptHandle": "nonsense"},
            {"Id": "3", "ReceiptHandle": second["ReceiptHandle"]},
        ],
    )
    assert answer["Successful"] == [{"Id": "1"}, {"Id": "3"}]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("2", "ReceiptHandleIsInvalid")]
    assert broker.counts(url) == (0, 0, 0)


def test_the_same_message_twice_in_a_batch_counts_once(broker):
    url = broker.queue()
    broker.send(url, "a", "b")
    message = lease(broker, url)
    entries = [{"Id": entry_id, "ReceiptHandle": message["ReceiptHandle"]} for entry_id in "xy"]
    answer = broker.client.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["x", "y"]
    assert broker.counts(url) == (1, 0, 0)
