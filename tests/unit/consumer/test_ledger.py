import threading
from collections import OrderedDict

import pytest

from megaql.consumer.ledger import LONGEST_RETENTION, MemoryLedger, SQLiteLedger
from megaql.errors import ConsumerError


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request, tmp_path):
    if request.param == "memory":
        yield MemoryLedger()
        return
    ledger = SQLiteLedger(tmp_path / "done.db")
    yield ledger
    ledger.close()


def test_nothing_is_done_with_a_new_message(ledger):
    assert ledger.done("m1") == set()


def test_completions_are_kept_per_message_and_subscription(ledger):
    ledger.record("m1", "audit")
    ledger.record("m1", "mail")
    ledger.record("m2", "audit")
    assert ledger.done("m1") == {"audit", "mail"}
    assert ledger.done("m2") == {"audit"}


def test_recording_twice_is_recording_once(ledger):
    ledger.record("m1", "audit")
    ledger.record("m1", "audit")
    assert ledger.done("m1") == {"audit"}


def test_forgetting_drops_one_message_and_forgives_an_unknown_one(ledger):
    ledger.record("m1", "audit")
    ledger.record("m2", "audit")
    ledger.forget("m1")
    ledger.forget("never seen")
    assert ledger.done("m1") == set()
    assert ledger.done("m2") == {"audit"}


def test_many_threads_lose_no_entry(ledger):
    def record(number):
        for message in range(20):
            ledger.record(f"m{message}", f"s{number}")

    threads = [threading.Thread(target=record, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ledger.done(f"m{message}") == {f"s{n}" for n in range(8)} for message in range(20))


def test_the_memory_ledger_forgets_what_was_touched_longest_ago():
    ledger = MemoryLedger(capacity=2)
    ledger.record("old", "a")
    ledger.record("newer", "a")
    ledger.record("old", "b")
    ledger.record("newest", "a")
    assert ledger.done("newer") == set()
    assert ledger.done("old") == {"a", "b"}
    assert ledger.done("newest") == {"a"}


def test_the_sqlite_ledger_outlives_its_process_and_is_shared(tmp_path):
    first = SQLiteLedger(tmp_path / "done.db")
    first.record("m1", "audit")
    second = SQLiteLedger(tmp_path / "done.db")
    assert second.done("m1") == {"audit"}
    second.record("m1", "mail")
    assert first.done("m1") == {"audit", "mail"}
    first.close()
    second.close()


def test_the_sqlite_ledger_drops_entries_older_than_any_message(tmp_path):
    now = 1_000_000_000.0
    early = SQLiteLedger(tmp_path / "done.db", clock=lambda: now)
    early.record("m1", "audit")
    early.close()
    just_in_time = SQLiteLedger(tmp_path / "done.db", clock=lambda: now + LONGEST_RETENTION.total_seconds())
    assert just_in_time.done("m1") == {"audit"}
    just_in_time.close()
    late = SQLiteLedger(tmp_path / "done.db", clock=lambda: now + LONGEST_RETENTION.total_seconds() + 1)
    assert late.done("m1") == set()
    late.close()


@pytest.mark.parametrize("name", ["no/such/folder/done.db", "text"])
def test_a_file_that_cannot_be_a_ledger_is_named(tmp_path, name):
    (tmp_path / "text").write_text("this is no database, and longer than the header of one: " + "x" * 100)
    with pytest.raises(ConsumerError, match="the ledger cannot be opened") as error:
        SQLiteLedger(tmp_path / name)
    assert error.value.where == str(tmp_path / name)


def test_a_message_that_is_forgotten_while_it_is_recorded(monkeypatch):
    """A copy of it was handled beside it, and is deleted just now."""
    ledger, threads = MemoryLedger(), []

    class Interrupted(OrderedDict):
        def __setitem__(self, message_id, names):
            super().__setitem__(message_id, names)
            threads.append(threading.Thread(target=ledger.forget, args=(message_id,)))
            threads[-1].start()
            threads[-1].join(0.05)

    monkeypatch.setattr(ledger, "_done", Interrupted())
    ledger.record("m1", "audit")
    threads[-1].join()
    assert ledger.done("m1") == set()
