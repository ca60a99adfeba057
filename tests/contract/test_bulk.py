"""Bulk work on every server: what is moved, with all that belongs to it, and what the server's own move task does."""

import json


def fill(world, url, count, *, fifo=False):
    for start in range(0, count, 10):
        entries = []
        for number in range(start, min(start + 10, count)):
            entry = {
                "Id": str(number),
                "MessageBody": json.dumps({"number": number}),
                "MessageAttributes": {
                    "text": {"DataType": "String", "StringValue": "ä"},
                    "count": {"DataType": "Number.int", "StringValue": str(number)},
                    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
                },
            }
            if fifo:
                entry |= {"MessageGroupId": f"g{number % 2}", "MessageDeduplicationId": f"d{number}"}
            else:
                trace = {"DataType": "String", "StringValue": f"Root=1-{number:08x}-000000000000000000000000"}
                entry["MessageSystemAttributes"] = {"AWSTraceHeader": trace}
            entries.append(entry)
        world.sqs.send_message_batch(QueueUrl=url, Entries=entries)


def numbers(messages):
    return sorted(json.loads(message["Body"])["number"] for message in messages)


def test_move_takes_everything_along(world, megaql):
    source, to = world.queue(), world.queue()
    fill(world, source, 25)
    status, err = megaql("move", source, to, "-w", "number < 5", "--apply", "--yes")
    assert status == 0, err
    moved = world.take(to, 5)
    assert numbers(moved) == list(range(5))
    for message in moved:
        number = json.loads(message["Body"])["number"]
        assert message["MessageAttributes"]["text"] == {"DataType": "String", "StringValue": "ä"}
        assert message["MessageAttributes"]["count"] == {"DataType": "Number.int", "StringValue": str(number)}
        assert message["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"
    left = world.take(source, 20)
    assert numbers(left) == list(range(5, 25))


def test_move_takes_the_trace_along(world, megaql):
    source, to = world.queue(), world.queue()
    fill(world, source, 1)
    assert megaql("move", source, to, "--apply", "--yes")[0] == 0
    (message,) = world.take(to, 1)
    assert message["Attributes"]["AWSTraceHeader"] == f"Root=1-{0:08x}-000000000000000000000000"


def test_many(world, megaql):
    source, to = world.queue(), world.queue()
    fill(world, source, 200)
    status, err = megaql("move", source, to, "--apply", "--yes")
    assert status == 0, err
    assert "moved 200 messages" in err
    assert numbers(world.take(to, 200, patience=20)) == list(range(200))


def test_what_is_not_selected_is_back_at_once(world, megaql):
    source, to = world.queue(), world.queue()
    fill(world, source, 30)
    status, err = megaql("move", source, to, "-w", "number == 7", "--apply", "--yes")
    assert status == 0, err
    assert int(world.attributes(source)["ApproximateNumberOfMessagesNotVisible"]) == 0
    assert int(world.attributes(source)["ApproximateNumberOfMessages"]) == 29


def test_fifo_keeps_groups_and_their_order(world, megaql):
    source, to = world.queue(".fifo"), world.queue(".fifo")
    fill(world, source, 12, fifo=True)
    status, err = megaql("move", source, to, "--apply", "--yes")
    assert status == 0, err
    order = {}
    while messages := world.receive(to, wait=1):
        for message in messages:
            number = json.loads(message["Body"])["number"]
            order.setdefault(message["Attributes"]["MessageGroupId"], []).append(number)
            world.sqs.delete_message(QueueUrl=to, ReceiptHandle=message["ReceiptHandle"])
    assert order == {"g0": list(range(0, 12, 2)), "g1": list(range(1, 12, 2))}


def test_fifo_holds_back_a_group_behind_what_cannot_be_sent(world, megaql, tmp_path):
    """The same on every server, whatever it would do with the rest of a request: the sixth message of g0 has no place for the edit."""
    to = world.queue(".fifo")
    file = tmp_path / "records.ndjson"
    with file.open("w") as records:
        for number in range(14):
            record = {"megaql": 1, "id": f"m{number}", "group_id": f"g{number % 2}"}
            body = {"number": number, "a": "text"} if number == 4 else {"number": number}
            records.write(json.dumps({**record, "body": json.dumps(body)}) + "\n")
    status, err = megaql("copy", str(file), to, "--set", "a.b=1", "--apply")
    assert status == 6, err
    assert "copied 9 messages" in err
    assert "held back behind these, in their message groups, so that nothing overtakes them: 4" in err
    found = {}
    while messages := world.receive(to, wait=1):
        for message in messages:
            found.setdefault(message["Attributes"]["MessageGroupId"], []).append(json.loads(message["Body"])["number"])
            world.sqs.delete_message(QueueUrl=to, ReceiptHandle=message["ReceiptHandle"])
    assert found == {"g0": [0, 2], "g1": [1, 3, 5, 7, 9, 11, 13]}


def test_copy_leaves_them(world, megaql):
    source, to = world.queue(), world.queue()
    fill(world, source, 12)
    status, err = megaql("copy", source, to, "--apply")
    assert status == 0, err
    assert numbers(world.take(to, 12)) == list(range(12))
    assert numbers(world.take(source, 12)) == list(range(12))


def test_delete_deletes_those(world, megaql):
    source = world.queue()
    fill(world, source, 12)
    status, err = megaql("delete", source, "-w", "number >= 4", "--apply", "--yes")
    assert status == 0, err
    assert numbers(world.take(source, 4)) == [0, 1, 2, 3]
    assert world.receive(source) == []


def test_a_snapshot_is_the_queue(world, megaql, tmp_path):
    source, to = world.queue(), world.queue()
    fill(world, source, 25)
    status, err = megaql("snapshot", source, "-o", str(tmp_path / "a.ndjson"))
    assert status == 0, err
    assert int(world.attributes(source)["ApproximateNumberOfMessagesNotVisible"]) == 0
    status, err = megaql("copy", str(tmp_path / "a.ndjson"), to, "--apply")
    assert status == 0, err
    copied = world.take(to, 25)
    assert numbers(copied) == list(range(25))
    assert copied[0]["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"


def dead_letters(world, count):
    """A queue whose messages have all been received too often, and its dead-letter queue."""
    dead = world.queue()
    policy = json.dumps({"deadLetterTargetArn": world.arn(dead), "maxReceiveCount": 1})
    url = world.queue(RedrivePolicy=policy)
    fill(world, url, count)
    world.eventually(
        lambda: (
            world.receive(url, VisibilityTimeout=0),
            int(world.attributes(dead)["ApproximateNumberOfMessages"]) == count,
        )[1]
    )
    return url, dead


def test_redrive_of_everything_however_it_is_done(world, megaql):
    """A server that has no move tasks gets the same done from here."""
    url, dead = dead_letters(world, 12)
    status, err = megaql("redrive", dead, "--to", url, "--apply", "--yes")
    assert status == 0, err
    assert ("moved by the service itself" in err) is (world.server == "local")
    assert numbers(world.take(url, 12)) == list(range(12))
    assert world.receive(dead) == []


def test_redrive_finds_where_they_came_from(world, megaql):
    """Where a server has no ListDeadLetterSourceQueues, every queue's redrive policy is read."""
    dead = world.queue()
    policy = json.dumps({"deadLetterTargetArn": world.arn(dead), "maxReceiveCount": 3})
    url = world.queue(RedrivePolicy=policy)
    fill(world, dead, 4)
    status, err = megaql("redrive", dead, "-w", "number < 2", "--apply", "--yes")
    assert status == 0, err
    assert numbers(world.take(url, 2)) == [0, 1]
