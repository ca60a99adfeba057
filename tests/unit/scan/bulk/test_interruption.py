"""Death between any two calls, at each of them, before and after its effect: no message is lost, and a second run finishes."""

import json

import pytest

from tests.unit.scan.bulk.conftest import Calls

#: Two batches of a standard queue. One of a FIFO queue: what is not selected holds up the rest of its group.
COUNTS = {"": 12, ".fifo": 10}


def chosen(suffix):
    return [number for number in range(COUNTS[suffix]) if number % 2 == 0]


def left(suffix):
    return [number for number in range(COUNTS[suffix]) if number % 2]


def calls_of(make_place, command, suffix, even):
    """Return the calls of a run that nothing interrupts."""
    place = make_place(suffix, name="whole")
    place.fill(COUNTS[suffix])
    report = place.run(place.work(command=command, judge=even))
    assert report.failed == 0
    return place.calls.made


@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
@pytest.mark.parametrize("command", ["move", "copy", "delete"])
def test_the_order_of_the_calls(make_place, even, command, suffix):
    made = calls_of(make_place, command, suffix, even)
    first = made.index("fsync", 2)
    sends = [place for place, name in enumerate(made) if name.startswith("send")]
    deletes = [place for place, name in enumerate(made) if name.startswith("delete")]
    assert bool(sends) is (command != "delete")
    assert bool(deletes) is (command != "copy")
    assert all(place > first for place in deletes[:1])
    for place in deletes:
        assert "fsync" in made[:place], "no delete before the log is on the disk"
    for place in sends:
        assert "fsync" in made[place:], "what was sent is written down"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_a_move_that_dies_leaves_at_worst_a_duplicate(make_place, even, suffix, after):
    count = len(calls_of(make_place, "move", suffix, even))
    assert count >= 8
    for at in range(1, count + 1):
        place = make_place(suffix, name=f"-{at}", calls=Calls(at, after))
        place.fill(COUNTS[suffix])
        place.run(place.work(judge=even))
        assert place.calls.dead, f"it died at call {at}"
        source, target = place.contents("source"), place.contents("target")
        assert set(source) >= set(left(suffix)), "what was not selected is still there"
        assert set(source) | set(target) == set(range(COUNTS[suffix])), f"nothing is lost at call {at}"
        assert set(target) <= set(chosen(suffix)), "what was not selected was not sent"
        assert len(source) == len(set(source))
        assert len(target) == len(set(target))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_a_second_run_with_the_log_finishes_it(make_place, even, suffix, after):
    """The only duplicates are of messages that the destination had taken when nobody could write that down any more; a FIFO queue drops those."""
    made = calls_of(make_place, "move", suffix, even)
    for at in range(1, len(made) + 1):
        place = make_place(suffix, name=f"-{at}", calls=Calls(at, after))
        place.fill(COUNTS[suffix])
        place.run(place.work(judge=even))
        sent_unwritten = after and made[at - 1].startswith("send")
        place.calls = Calls()
        _leases_end(place)
        report = place.run(place.work(judge=even))
        assert report is not None
        source, target = place.contents("source"), place.contents("target")
        # What was taken and not written down before the second run: the batch of the call that died.
        again = len(target) - len(chosen(suffix))
        assert source == left(suffix)
        assert set(target) == set(chosen(suffix))
        assert again == 0 or (sent_unwritten and not suffix) or made[at - 1] == "fsync"


def test_a_copy_goes_on_where_it_was(make_place):
    place = make_place(calls=Calls())
    place.fill(25)
    made = calls_of_copy(place)
    place = make_place(name="second", calls=Calls(made.index("receive_message", made.index("send_message_batch")) + 1))
    place.fill(25)
    assert place.run(place.work(command="copy")) is None
    place.calls = Calls()
    _leases_end(place)
    report = place.run(place.work(command="copy"))
    assert (report.resumed, report.sent) == (10, 15)
    assert place.contents("target") == list(range(25))
    assert place.contents("source") == list(range(25))


def calls_of_copy(place):
    place.run(place.work(command="copy"))
    return place.calls.made


def _leases_end(place):
    """Let time pass until every lease of the dead run has ended."""
    import time

    from megaql.broker import local

    place.client.close()
    place.client = local.client(clock=lambda: time.time() + 61)


def test_a_delete_that_dies_has_deleted_nothing_else(make_place, even):
    count = len(calls_of(make_place, "delete", "", even))
    for at in range(1, count + 1):
        for after in (False, True):
            place = make_place(name=f"-{at}-{after}", calls=Calls(at, after))
            place.fill(COUNTS[""])
            place.run(place.work(command="delete", judge=even))
            assert set(place.contents("source")) >= set(left(""))


def test_the_log_says_what_was_sent_before_it_is_deleted(make_place, even):
    """At each call, every message that is gone from the source stands in the log."""
    count = len(calls_of(make_place, "move", "", even))
    for at in range(1, count + 1):
        place = make_place(name=f"-{at}", calls=Calls(at, after=True))
        ids = place.fill(COUNTS[""])
        place.run(place.work(judge=even))
        log = place.folder / "log"
        lines = [json.loads(line) for line in log.read_text().splitlines()[1:]] if log.exists() else []
        gone = set(range(COUNTS[""])) - set(place.contents("source"))
        assert {ids[number] for number in gone} <= {line["id"] for line in lines}


def test_of_a_long_batch_only_the_last_ten_can_be_sent_twice(make_place):
    """Each ten that were taken are written down before the next are sent; only the disk is waited for once."""
    place = make_place(name="whole")
    place.fill(60)
    place.run(turn=8)
    third = [at for at, name in enumerate(place.calls.made, 1) if name == "send_message_batch"][2]
    assert "delete_message_batch" in place.calls.made
    place = make_place(name="dying", calls=Calls(third, after=True))
    place.fill(60)
    assert place.run(turn=8) is None
    place.calls = Calls()
    _leases_end(place)
    assert place.run(turn=8).deleted == 60 - 10
    target = place.contents("target")
    assert set(target) == set(range(60))
    assert len(target) <= 70
    assert place.contents("source") == []
