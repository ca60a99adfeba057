"""What a run deletes and leaves, with destinations that refuse, leases that end, and queues that fill up while it runs."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.errors import BrokerError, ScanError
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.bulk.edits import Edit
from megaql.scan.bulk.ledger import Job, Ledger
from megaql.scan.bulk.plan import Plan, Planned
from megaql.scan.stop import StopFlag


def fail(answer, numbers, *, code="InvalidMessageContents", sender=True):
    """Turn some of a batch's successes into failures."""
    good = answer["Successful"]
    bad = [entry for place, entry in enumerate(good) if place in numbers]
    failed = [{"Id": entry["Id"], "Code": code, "Message": "no", "SenderFault": sender} for entry in bad]
    return {"Successful": [entry for entry in good if entry not in bad], "Failed": failed}


def test_three_of_ten_sends_fail_and_exactly_those_stay(make_place):
    place = make_place()
    place.fill(10)
    # The embedded broker has taken them, the answer says no: what counts is the answer.
    place.calls.answer["send_message_batch"] = lambda answer: fail(answer, {2, 5, 7})
    report = place.run()
    assert (report.sent, report.deleted, report.failed) == (7, 7, 3)
    assert place.contents("source") == [2, 5, 7]
    assert [failure.why for failure in report.first_failures] == ["InvalidMessageContents: no"] * 3
    lines = (place.folder / "log").read_text().splitlines()[1:]
    assert len(lines) == 7


def test_a_destination_that_refuses_everything_loses_nothing(make_place):
    place = make_place()
    place.fill(25)
    place.calls.answer["send_message_batch"] = lambda answer: fail(answer, set(range(10)))
    report = place.run()
    assert (report.deleted, report.failed) == (0, 25)
    assert place.contents("source") == list(range(25))


def test_a_message_that_is_refused_alone_is_no_end(make_place):
    """Where a service refuses a request as a whole for what is in it, the eleventh is a failure as it would have been among ten."""
    place = make_place()
    place.fill(11)

    def refuse(answer):
        if len(answer["Successful"]) == 1:
            error = {"Code": "InvalidMessageContents", "Message": "no"}
            raise type("E", (Exception,), {"response": {"Error": error}})
        return answer

    place.calls.answer["send_message_batch"] = refuse
    report = place.run()
    assert (report.deleted, report.failed) == (10, 1)
    assert place.contents("source") == [10]


def test_a_destination_that_is_gone_ends_the_run(make_place):
    place = make_place()
    place.fill(10)
    work = place.work()
    place.client.delete_queue(QueueUrl=work.destination.url)
    with pytest.raises(BrokerError):
        place.run(work)
    assert place.contents("source") == list(range(10))


def test_what_cannot_be_deleted_is_deleted_by_the_next_run_and_sent_once(make_place):
    place = make_place()
    place.fill(10)
    place.calls.answer["delete_message_batch"] = lambda answer: fail(answer, {1, 3}, code="ReceiptHandleIsInvalid")
    # The embedded broker has deleted them; those of the answer are told as still there.
    report = place.run()
    assert (report.sent, report.deleted, report.undeleted) == (10, 8, 2)


def test_a_run_with_the_log_of_another_one_sends_nothing_twice(make_place):
    place = make_place()
    ids = place.fill(10)
    work = place.work()
    ledger = Ledger(place.folder / "log", work.job)
    ledger.write({"id": message_id, "sent_as": "x", "sha256": ""} for message_id in ids[:4])
    ledger.close()
    report = place.run()
    assert (report.resumed, report.sent, report.deleted) == (4, 6, 10)
    assert place.contents("source") == []
    assert place.contents("target") == [4, 5, 6, 7, 8, 9]


def test_a_body_that_is_not_the_plans_is_not_deleted_whatever_the_log_says(make_place):
    place = make_place()
    ids = place.fill(3)
    plan = Plan(Job("move", "source", "target"))
    plan.messages.update({message_id: Planned("0" * 64) for message_id in ids})
    work = place.work(plan=plan, limit=3)
    ledger = Ledger(place.folder / "log", work.job)
    ledger.write({"id": message_id, "sent_as": "x", "sha256": ""} for message_id in ids)
    ledger.close()
    report = place.run(work)
    assert (report.changed, report.resumed, report.deleted) == (3, 0, 0)
    assert place.contents("source") == [0, 1, 2]


def test_a_log_that_cannot_be_written_deletes_nothing(make_place, monkeypatch):
    place = make_place()
    place.fill(10)
    written = []

    def full(_, entries):
        written.append(list(entries))
        if written[-1]:
            raise ScanError("The log cannot be written")

    monkeypatch.setattr(Ledger, "write", full)
    with pytest.raises(ScanError):
        place.run()
    assert place.contents("source") == list(range(10))
    assert len(written[-1]) == 10


def test_nothing_is_deleted_after_its_lease(make_place, monkeypatch):
    from megaql.scan import live

    place = make_place()
    place.fill(10)
    now = [1000.0]
    monkeypatch.setitem(live.LiveScan.__init__.__kwdefaults__, "clock", lambda: now[0])
    monkeypatch.setitem(live.LiveScan.__init__.__kwdefaults__, "wall", lambda: now[0])

    def slow(answer):
        now[0] += 61
        return answer

    place.calls.answer["send_message_batch"] = slow
    report = place.run()
    assert (report.sent, report.deleted, report.undeleted) == (10, 0, 10)
    assert "delete_message_batch" not in place.calls.made
    assert place.contents("source") == list(range(10))


def test_what_is_not_selected_is_held_once_and_released(make_place, even):
    place = make_place()
    place.fill(60)
    report = place.run(place.work(judge=even))
    assert report.scan.received == 60
    assert (report.deleted, report.scan.released) == (30, 30)
    info = place.queue("source").info()
    assert (info.visible, info.in_flight) == (30, 0)


def test_leases_of_what_is_held_are_extended(make_place, even, monkeypatch):
    from megaql.scan import live

    place = make_place()
    place.fill(40)
    now = [1000.0]
    monkeypatch.setitem(live.LiveScan.__init__.__kwdefaults__, "clock", lambda: now[0])
    monkeypatch.setitem(live.LiveScan.__init__.__kwdefaults__, "wall", lambda: now[0])

    def slow(answer):
        now[0] += 20
        return answer

    place.calls.answer["send_message_batch"] = slow
    report = place.run(place.work(judge=even))
    assert place.calls.made.count("change_message_visibility_batch") >= 4, "two extensions, two releases"
    assert (report.deleted, report.scan.released) == (20, 20)
    assert report.scan.stopped_because is StopReason.EMPTY


class Joining:
    """A client whose calls that are written together are counted, and can fail when they are written."""

    def __init__(self, client):
        self._client = client
        self.blocks = []
        self.fails = None

    def __getattr__(self, name):
        call = getattr(self._client, name)
        if self.blocks and self.blocks[-1] is not None and not name.startswith("_"):
            self.blocks[-1].append(name)
        return call

    @contextmanager
    def together(self):
        self.blocks.append([])
        with self._client.together():
            yield
            if self.fails in self.blocks[-1]:
                error = {"Code": "StorageFailed", "Message": "the disk is full"}
                raise type("E", (Exception,), {"response": {"Error": error}})
        self.blocks.append(None)


@pytest.fixture
def joining(make_place):
    """A place with 200 messages, and its work through a client that notes what is written together."""
    place = make_place()
    place.fill(200)
    client = Joining(place.client)
    work = place.work()
    return place, client, replace(work, source=place.queue("source", client), destination=place.queue("target", client))


def test_an_embedded_queue_writes_receives_together_and_deletes_and_never_sends(joining):
    """Each ten that were sent are on the disk and in the log before the next are: only they can be sent twice."""
    place, client, work = joining
    assert place.run(work, turn=64).deleted == 200
    blocks = [sorted(set(block)) for block in client.blocks if block]
    assert sorted({name for block in blocks for name in block}) == ["delete_message_batch", "receive_message"]
    assert len(blocks) < 15, "and not thirty"
    assert place.contents("target") == list(range(200))


@pytest.mark.parametrize("call", ["receive_message", "delete_message_batch"])
def test_what_could_not_be_written_together_was_not_done(joining, call):
    place, client, work = joining
    client.fails = call
    with pytest.raises(BrokerError):
        place.run(work, turn=64)
    lines = (place.folder / "log").read_text().splitlines()[1:]
    target = place.contents("target")
    assert len(target) == len(lines)
    assert place.queue("source").info().in_flight == 0, (
        "nothing is held that was not received, and what was is given back"
    )
    source = place.contents("source")
    assert set(source) | set(target) == set(range(200))
    assert len(source) == len(set(source))


def test_messages_sent_after_it_began_are_left_alone(make_place):
    """What is redriven and fails again comes back; nobody wants to send it for ever."""
    place = make_place()
    place.fill(20)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    report = place.run(wall=long_ago.timestamp)
    assert (report.late, report.deleted) == (20, 0)
    assert place.contents("source") == list(range(20))


def test_a_queue_that_fills_up_ends_the_run(make_place):
    place = make_place()
    place.fill(150)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    report = place.run(wall=long_ago.timestamp)
    assert report.scan.stopped_because is StopReason.LATE
    assert report.late == 100
    assert place.queue("source").info().in_flight == 0


def test_a_limit_takes_exactly_so_many(make_place):
    place = make_place()
    place.fill(30)
    report = place.run(place.work(limit=13))
    assert report.deleted == 13
    assert len(place.contents("source")) == 17


def test_a_limit_counts_what_matches_also_within_one_batch(make_place, even):
    """Ten are received together, five of them match, and three are asked for."""
    place = make_place()
    place.fill(10)
    report = place.run(place.work(command="delete", judge=even, limit=3))
    assert report.deleted == 3
    assert len(place.contents("source")) == 7


def test_what_the_query_cannot_decide_is_not_selected(make_place):
    place = make_place()
    place.fill(4)
    verdicts = {0: Verdict.MATCH, 1: Verdict.UNKNOWN, 2: Verdict.NO_MATCH, 3: Verdict.UNKNOWN}
    report = place.run(place.work(judge=lambda message: verdicts[json.loads(message.body)["number"]]))
    assert (report.sent, report.deleted) == (1, 1)
    assert place.contents("source") == [1, 2, 3]


def test_a_stop_ends_it_after_the_batch(make_place):
    place = make_place()
    place.fill(30)
    stop = StopFlag()
    report = place.run(stop=stop, watch=lambda _: stop.set())
    assert (report.sent, report.deleted) == (10, 10)
    assert report.scan.stopped_because is StopReason.SIGNAL
    assert place.queue("source").info().in_flight == 0


def test_side_by_side_it_does_the_same(make_place, even):
    place = make_place()
    place.fill(200)
    report = place.run(place.work(judge=even), turn=8, side_by_side=True)
    assert (report.sent, report.deleted) == (100, 100)
    assert place.contents("source") == list(range(1, 200, 2))
    assert place.contents("target") == list(range(0, 200, 2))


def test_side_by_side_a_failing_lane_loses_nothing(make_place):
    place = make_place()
    place.fill(200)
    seen = []

    def third(answer):
        seen.append(answer)
        if len(seen) == 5:
            raise type("E", (Exception,), {"response": {"Error": {"Code": "AccessDenied", "Message": "no"}}})
        return answer

    place.calls.answer["send_message_batch"] = third
    with pytest.raises(BrokerError):
        place.run(turn=8, side_by_side=True)
    lines = (place.folder / "log").read_text().splitlines()[1:]
    source, target = place.contents("source"), place.contents("target")
    assert set(source) | set(target) == set(range(200))
    assert len(source) == 200 - len(lines), "what was answered is written down and deleted"


def test_the_order_of_a_group_is_kept(make_place):
    place = make_place(".fifo")
    place.fill(40)
    assert place.run().deleted == 40
    target = place.queue("target")
    order = {}
    while messages := target.receive(10):
        for message in messages:
            order.setdefault(message.group_id, []).append(json.loads(message.body)["number"])
        target.delete(messages)
    assert order == {f"g{group}": list(range(group, 40, 3)) for group in range(3)}


def test_a_message_that_a_fifo_queue_had_a_moment_ago_is_not_dropped(make_place):
    """With its old deduplication id the queue would say that it took it, and drop it; it would be lost."""
    place = make_place(".fifo")
    target = place.queue("target")
    target.send_batch([Outgoing(json.dumps({"number": 0}), group_id="g0", dedup_id="d0")])
    target.delete(target.receive(10))
    place.fill(1)
    assert place.run().deleted == 1
    assert place.contents("target") == [0]


def test_a_copy_made_twice_is_there_twice_and_one_that_goes_on_once(make_place):
    place = make_place(".fifo")
    place.fill(3)
    place.run(place.work(command="copy"), log="first")
    place.run(place.work(command="copy"), log="second")
    place.run(place.work(command="copy"), log="second")
    assert place.contents("target") == [0, 0, 1, 1, 2, 2]


def test_memory_does_not_grow_with_what_is_moved(make_place):
    place = make_place()
    place.fill(300)
    work = place.work()
    from megaql.scan.live import LiveScan
    from megaql.scan.preflight import preflight

    scan = LiveScan(work.source, preflight(work.source), Budget(), extend=True, wait=timedelta(0))
    from megaql.scan.bulk.engine import BulkRun

    kept = []
    run = BulkRun(
        work,
        scan,
        StopFlag(),
        Ledger(place.folder / "log", work.job),
        watch=lambda _: kept.append(len(scan._holdings) + len(scan._remembered)),
    )
    with scan:
        run.apply()
    assert run.report.deleted == 300
    assert max(kept) == 0


def test_a_log_cut_off_by_a_crash_goes_on_after_its_last_whole_line(tmp_path):
    job = Job("move", "a", "b")
    ledger = Ledger(tmp_path / "log", job)
    ledger.write([{"id": "1"}, {"id": "2"}])
    ledger.close()
    path = tmp_path / "log"
    path.write_bytes(path.read_bytes()[:-4])
    ledger = Ledger(path, job)
    assert ledger.sent == {"1"}
    ledger.write([{"id": "3"}])
    ledger.close()
    assert Ledger(path, job).sent == {"1", "3"}


def test_nothing_is_left_of_a_line_that_was_cut_off(tmp_path):
    """A piece that is longer than the line that follows would otherwise stick out behind it."""
    job = Job("move", "a", "b")
    ledger = Ledger(tmp_path / "log", job)
    ledger.write([{"id": "1"}, {"id": "2", "sent_as": "x" * 100}])
    ledger.close()
    path = tmp_path / "log"
    path.write_bytes(path.read_bytes()[:-4])
    ledger = Ledger(path, job)
    ledger.write([{"id": "3"}])
    ledger.close()
    assert path.read_bytes().endswith(b'{"id":"3"}\n')
    assert Ledger(path, job).sent == {"1", "3"}


@pytest.mark.parametrize("content", [b"", b"{}\n", b"no json\n", b'{"megaql_log": 1}\n', b'{"megaql_log": 2}\n'])
def test_a_file_that_is_no_log_is_not_written_over(tmp_path, content):
    path = tmp_path / "log"
    path.write_bytes(content)
    if content:
        with pytest.raises(ScanError, match="The log cannot be used"):
            Ledger(path, Job("move", "a", "b"))
    else:
        ledger = Ledger(path, Job("move", "a", "b"))
        ledger.open()
        ledger.close()
    assert path.read_bytes().startswith(content)


def test_an_edit_that_changes_nothing_keeps_the_body(make_place):
    from megaql.cli.messages.fields import read_field

    place = make_place()
    place.queue("source").send_batch([Outgoing('{ "number": 0,  "a": 0.10 }')])
    edit = Edit(read_field("number", "--set").path, "number", 0)
    place.run(place.work(edits=[edit]))
    assert [message.body for message in place.queue("target").receive(10)] == ['{ "number": 0,  "a": 0.10 }']
