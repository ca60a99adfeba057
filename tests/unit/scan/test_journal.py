"""The journal of leases: what it keeps, when it is gone, and what is given back from it."""

import json
import os
from types import SimpleNamespace

import pytest

from megaql.broker.message import Message
from megaql.errors import Throttled
from megaql.scan.budget import Budget
from megaql.scan.journal import LeaseJournal, Origin, leftovers, read_journal, state_home
from megaql.scan.leftovers import give_back, running
from megaql.scan.stop import SecondSignal

ORIGIN = Origin("local:orders", "orders", "prod", "eu-west-1", None)


@pytest.fixture
def make_journal(tmp_path, clock):
    def make(folder="leases"):
        return LeaseJournal(ORIGIN, tmp_path / folder, clock=clock, wall=clock.wall)

    return make


def messages(count, start=0):
    return [Message(id=f"m{n}", body="secret", receipt_handle=f"h{n}") for n in range(start, start + count)]


def test_a_scan_that_ends_well_leaves_nothing(make_queue, scan_of, read, make_journal, tmp_path):
    read(scan_of(make_queue(25), journal=make_journal()))
    assert list((tmp_path / "leases").iterdir()) == []


def test_a_scan_under_way_has_its_handles_on_disk(make_queue, scan_of, make_journal, tmp_path):
    scan = scan_of(make_queue(15), Budget(scan=15), journal=make_journal())
    with scan:
        assert len(list(scan)) == 15
        (path,) = leftovers(tmp_path / "leases")
        found = read_journal(path)
        assert found.alive
        assert found.origin == ORIGIN
        assert {lease.receipt_handle for lease in found.leases} == {f"m{n}#1" for n in range(15)}
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert "number" not in path.read_text(), "no bodies"


def test_a_second_signal_leaves_the_journal(make_queue, scan_of, read, raise_at, make_journal):
    journal = make_journal()
    with pytest.raises(SecondSignal):
        read(scan_of(make_queue(15), journal=journal), raise_at("m5", SecondSignal(2)))
    tmp_path = journal._folder.parent
    (path,) = leftovers(tmp_path / "leases")
    assert len(read_journal(path).leases) == 10
    assert not read_journal(path).alive


def test_what_could_not_be_released_stays_on_disk(make_queue, scan_of, read, make_journal, tmp_path):
    def fail(*_):
        raise Throttled("slow down")

    read(scan_of(make_queue(15, on_release=fail), journal=make_journal()))
    assert len(leftovers(tmp_path / "leases")) == 1


def test_a_folder_that_cannot_be_written_to_stops_no_scan(make_queue, scan_of, read, clock, tmp_path):
    (tmp_path / "file").write_text("")
    journal = LeaseJournal(ORIGIN, tmp_path / "file" / "leases", clock=clock, wall=clock.wall)
    queue = make_queue(15)
    assert len(read(scan_of(queue, journal=journal))) == 15
    assert queue.hidden == []


def test_the_newest_note_of_a_message_counts(make_journal, tmp_path, clock):
    journal = make_journal()
    journal.note(messages(2), SimpleNamespace(monotonic=clock() + 10, wall=clock.wall() + 10))
    journal.note(messages(1), SimpleNamespace(monotonic=clock() + 60, wall=clock.wall() + 60))
    found = read_journal(leftovers(tmp_path / "leases")[0])
    assert [round(lease.until - clock.wall()) for lease in found.leases] == [60, 10]
    journal.clear()
    assert read_journal(leftovers(tmp_path / "leases")[0]).leases == ()
    journal.close(keep=False)


def test_a_line_that_a_crash_cut_off_is_passed_over(make_journal, tmp_path, clock):
    journal = make_journal()
    for start in (0, 5):
        journal.note(messages(5, start), SimpleNamespace(monotonic=clock() + 60, wall=clock.wall() + 60))
    journal.close(keep=True)
    (path,) = leftovers(tmp_path / "leases")
    path.write_bytes(path.read_bytes()[:-20])
    assert len(read_journal(path).leases) == 5


@pytest.mark.parametrize("text", ["", "{}\n", "x\n", '{"megaql_leases":1}\n', '{"megaql_leases":9,"target":"a"}\n'])
def test_a_file_that_is_no_journal(tmp_path, text):
    path = tmp_path / "x.leases"
    path.write_text(text)
    assert read_journal(path) is None


def test_journals_that_are_over_are_swept_by_the_next_scan(make_queue, scan_of, read, make_journal, clock):
    journal = make_journal()
    tmp_path = journal._folder.parent
    journal.note(messages(5), SimpleNamespace(monotonic=clock() + 60, wall=clock.wall() + 60))
    journal.close(keep=True)
    clock.now += 61
    read(scan_of(make_queue(1), journal=make_journal()))
    assert leftovers(tmp_path / "leases") == []


# Giving back


@pytest.fixture
def left(make_queue, make_journal, tmp_path, clock):
    """A queue whose messages a dead read holds for 60 seconds, and the read's journal."""
    queue = make_queue(25)
    journal = make_journal()
    while batch := queue.receive(10, visibility=__import__("datetime").timedelta(seconds=60)):
        journal.note(batch, SimpleNamespace(monotonic=clock() + 60, wall=clock.wall() + 60))
    journal.close(keep=True)
    return queue, read_journal(leftovers(tmp_path / "leases")[0])


def test_everything_goes_back_while_the_leases_run(left, clock, tmp_path):
    queue, found = left
    assert len(running(found, clock=clock, wall=clock.wall)) == 25
    result = give_back(found, queue, clock=clock, wall=clock.wall)
    assert (result.released, result.over, result.failed) == (25, 0, 0)
    assert queue.hidden == []
    assert leftovers(tmp_path / "leases") == []


@pytest.mark.parametrize("later", [57.5, 60, 61, 3600])
def test_a_late_release_sends_nothing(left, clock, later):
    queue, found = left
    clock.now += later
    result = give_back(found, queue, clock=clock, wall=clock.wall)
    assert (result.released, result.over) == (0, 25)
    assert queue.releases == []


def test_clocks_that_disagree_mean_no(left, clock):
    queue, found = left
    slept = lambda: clock.wall() + 120  # noqa: E731 - the monotonic clock stood still, the wall clock did not
    assert give_back(found, queue, clock=clock, wall=slept).released == 0
    set_back = lambda: clock.wall() - 500  # noqa: E731
    assert running(found, clock=clock, wall=set_back) == []
    another_boot = lambda: 5.0  # noqa: E731
    assert running(found, clock=another_boot, wall=clock.wall) == []


def test_a_slow_release_stops_at_the_deadline(left, clock):
    queue, found = left
    queue.release_takes = 50
    result = give_back(found, queue, clock=clock, wall=clock.wall)
    assert (result.released, result.over) == (20, 5)


def test_what_the_service_refuses_is_kept_and_said(left, clock, tmp_path):
    queue, found = left

    def fail(number, _):
        if number == 0:
            queue.on_release = None
            raise Throttled("slow down")

    queue.on_release = fail
    result = give_back(found, queue, clock=clock, wall=clock.wall)
    assert (result.released, result.failed, result.error) == (15, 10, "slow down")
    assert len(leftovers(tmp_path / "leases")) == 1


def test_the_state_folder(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_home() == tmp_path / "megaql"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert state_home().parts[-3:] == (".local", "state", "megaql")
    monkeypatch.setattr("sys.platform", "darwin")
    assert "Application Support" in str(state_home())
    assert json.dumps(os.getpid())
