"""The order of a FIFO group when one of its messages cannot be sent: nothing overtakes it, in a request, in a batch, or in a later one."""

import json
from datetime import timedelta

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import MAX_RECEIVE, Queue
from megaql.cli.messages.fields import read_field
from megaql.scan.bulk.edits import Edit
from megaql.scan.bulk.engine import FILE_BATCH, BulkRun, Work
from megaql.scan.bulk.ledger import Job, Ledger
from megaql.scan.bulk.plan import Plan, Planned, body_hash
from megaql.scan.files import FileScan
from megaql.scan.records import to_line
from megaql.scan.stop import StopFlag

#: More bytes than the destination of these tests takes in one message.
LONG = "x" * 2000


def put(queue, count, *, bad=(), group=lambda _: "g", body=None):
    """Fill a queue with numbered messages; those of `bad` have the body of `body`, or are too long for the destination."""
    bodies = [
        json.dumps({"number": number, **((body or {"a": LONG}) if number in bad else {})}) for number in range(count)
    ]
    result = queue.send_batch(
        [
            Outgoing(text, group_id=group(number), dedup_id=f"d{number}" if queue.fifo else None)
            for number, text in enumerate(bodies)
        ]
    )
    assert not result.failed


def limited(place):
    """Let the destination take messages of a kilobyte and no larger ones."""
    place.client.set_queue_attributes(QueueUrl=place.queue("target").url, Attributes={"MaximumMessageSize": "1024"})
    return place


@pytest.fixture
def fifo(make_place):
    """Two FIFO queues; the second takes no message of more than a kilobyte."""
    return limited(make_place(".fifo"))


def from_file(place, work, count, *, bad=(), group=lambda _: "g"):
    """Run over a file of records, as `copy` does, and return the report."""
    source = place.queue("source")
    put(source, count, bad=bad, group=group)
    path = place.folder / "records.ndjson"
    with path.open("w") as file:
        while messages := source.receive(MAX_RECEIVE):
            file.writelines(f"{to_line(message)}\n" for message in messages)
            source.delete(messages)
    run = BulkRun(work, FileScan(str(path)), StopFlag(), Ledger(place.folder / "log", work.job))
    run.apply()
    return run.report


def test_what_the_destination_refuses_holds_back_the_rest_of_its_group(fifo):
    """Of the ten that were received together the sixth is too long; the four behind it would overtake it."""
    put(fifo.queue("source"), 10, bad={5})
    report = fifo.run()
    assert (report.sent, report.deleted, report.failed, report.held_back) == (5, 5, 1, 4)
    assert fifo.contents("target") == [0, 1, 2, 3, 4]
    assert fifo.contents("source") == [5, 6, 7, 8, 9]
    (failure,) = report.first_failures
    assert "1024" in failure.why.replace(",", "")
    assert failure.held_back == 4


def test_no_request_holds_two_messages_of_a_group(fifo):
    """A service answers for each entry of a request: one that it refuses could be followed by others that it took."""
    put(fifo.queue("source"), 9, group=lambda number: f"g{number % 3}")
    requests = []
    send = fifo.client.send_message_batch

    def note(**request):
        requests.append([entry["MessageGroupId"] for entry in request["Entries"]])
        return send(**request)

    fifo.monkeypatch.setattr(fifo.client, "send_message_batch", note, raising=False)
    assert fifo.run().deleted == 9
    assert [len(groups) for groups in requests] == [3, 3, 3]
    assert all(len(groups) == len(set(groups)) for groups in requests)


def test_what_an_edit_does_not_fit_holds_back_the_rest_of_its_group(fifo):
    put(fifo.queue("source"), 10, bad={5}, body={"a": "text"})
    report = fifo.run(fifo.work(edits=[Edit(read_field("a.b", "--set").path, "a.b", 1)]))
    assert (report.deleted, report.failed, report.held_back) == (5, 1, 4)
    assert fifo.contents("source") == [5, 6, 7, 8, 9]


def test_other_groups_go_on(fifo):
    put(fifo.queue("source"), 9, bad={3}, group=lambda number: f"g{number % 3}")
    report = fifo.run()
    assert (report.deleted, report.failed, report.held_back) == (7, 1, 1)
    assert fifo.contents("source") == [3, 6]


def test_it_is_held_back_in_the_batches_that_follow(make_place):
    """A standard queue hands on what stands behind a held message: --group makes one order of it, and that is kept."""
    place = make_place()
    place.client.create_queue(QueueName="target.fifo", Attributes={"FifoQueue": "true", "MaximumMessageSize": "1024"})
    put(place.queue("source"), 35, bad={5}, group=lambda _: None)
    work = place.work(group="g")
    to = Queue.open("local:target.fifo", client=place.client)
    report = place.run(Work(work.job, work.source, to, deletes=True, group="g"))
    assert (report.failed, report.held_back) == (1, 35 - 1 - report.sent)
    assert report.sent < MAX_RECEIVE
    assert report.scan.received == 35


@pytest.mark.parametrize("bad", [5, 15, FILE_BATCH - 1])
def test_a_file_is_held_back_to_its_end(fifo, bad):
    """More than one request, and more than one batch, stand behind it."""
    count = FILE_BATCH + 30
    group = lambda number: "other" if number == count - 1 else "g"  # noqa: E731 - one line says it
    work = Work(Job("copy", "file", "target"), None, fifo.queue("target"), deletes=False)
    report = from_file(fifo, work, count, bad={bad}, group=group)
    assert (report.copied, report.failed, report.held_back) == (bad + 1, 1, count - bad - 2)
    assert fifo.contents("target") == [*range(bad), count - 1]


def test_a_second_run_goes_on_where_the_first_was_held_up(fifo):
    """The destination takes it now; the log of the first run says what it has."""
    work = Work(Job("copy", "file", "target"), None, fifo.queue("target"), deletes=False)
    from_file(fifo, work, 12, bad={5})
    fifo.client.set_queue_attributes(QueueUrl=work.destination.url, Attributes={"MaximumMessageSize": "262144"})
    again = BulkRun(
        work, FileScan(str(fifo.folder / "records.ndjson")), StopFlag(), Ledger(fifo.folder / "log", work.job)
    )
    again.apply()
    assert (again.report.resumed, again.report.sent, again.report.held_back) == (5, 7, 0)
    assert [json.loads(message.body)["number"] for message in fifo.queue("target").receive(10)] == list(range(10))


def test_a_dry_run_says_the_same(fifo):
    work = Work(
        Job("copy", "file", "target"),
        None,
        fifo.queue("target"),
        deletes=False,
        edits=[Edit(read_field("a.b", "--set").path, "a.b", 1)],
    )
    from_file(fifo, work, 12, bad={5})
    run = BulkRun(work, FileScan(str(fifo.folder / "records.ndjson")), StopFlag())
    planned = [json.loads(message.body)["number"] for message, _ in run.look()]
    assert planned == [0, 1, 2, 3, 4]
    assert (run.report.planned, run.report.failed, run.report.held_back) == (5, 1, 6)


def test_a_body_that_is_not_the_plan_s_holds_back_its_group(fifo):
    put(fifo.queue("source"), 4)
    queue = fifo.queue("source")
    messages = queue.receive(10)
    plan = Plan(Job("move", "source", "target"))
    for number, message in enumerate(messages):
        plan.messages[message.id] = Planned("0" * 64 if number == 1 else body_hash(message))
    queue.set_visibility(messages, timedelta(0))
    report = fifo.run(fifo.work(plan=plan, limit=4))
    assert (report.deleted, report.changed, report.held_back) == (1, 1, 2)
    assert fifo.contents("source") == [1, 2, 3]


def test_a_standard_destination_has_no_order_to_keep(make_place):
    place = limited(make_place())
    put(place.queue("source"), 10, bad={5}, group=lambda number: f"g{number % 2}")
    report = place.run()
    assert (report.deleted, report.failed, report.held_back) == (9, 1, 0)
