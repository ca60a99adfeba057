"""The account itself: each way of breaking the promise is seen, so that a fault test cannot pass because nobody looked."""

import pytest

from tests.faults import accounts
from tests.faults.accounts import BEGUN, DELETED, DONE, REJECTED, Account, Watch

KEPT = [(BEGUN, 0), (DONE, 0), (DELETED, 0), (BEGUN, 1), (DONE, 1), (DELETED, 1)]


def account(*notes, groups=None, path=None):
    made = Account(path)
    made.sent = groups or {0: "g", 1: "g"}
    for what, number in notes:
        made.note(what, number)
    return made


def test_a_promise_that_was_kept(tmp_path):
    for path in (None, tmp_path / "notes"):
        made = account(*KEPT, path=path)
        assert made.broken_promises() == []
        assert made.settled()
        assert made.duplicates() == 0
        made.close()


@pytest.mark.parametrize(
    ("notes", "dead", "broken"),
    [
        (KEPT[:3], (), ["1 is neither handled nor a dead letter"]),
        (KEPT[:3], (1,), []),
        ([(BEGUN, 0), (DELETED, 0), (DONE, 0), *KEPT[3:]], (), ["0 was deleted before anything was decided about it"]),
        (
            [(BEGUN, 0), (BEGUN, 1), (DONE, 0), (DONE, 1)],
            (),
            ["1 was begun before 0 of its group was done"],
        ),
        ([(BEGUN, 0), (REJECTED, 0), *KEPT[3:]], (0,), []),
        (
            [(BEGUN, 0), (REJECTED, 0), *KEPT[3:]],
            (),
            ["0 is neither handled nor a dead letter", "0 was rejected and is no dead letter"],
        ),
        ([*KEPT, (BEGUN, 0), (DONE, 0)], (), []),
    ],
)
def test_a_promise_that_was_broken(notes, dead, broken):
    assert account(*notes).broken_promises(dead) == broken


def test_other_groups_and_standard_queues_have_no_order():
    notes = [(BEGUN, 1), (DONE, 1), (BEGUN, 0), (DONE, 0)]
    assert account(*notes, groups={0: "g", 1: "h"}).broken_promises() == []
    assert account(*notes, groups={0: None, 1: None}).broken_promises() == []


def test_what_comes_twice_is_counted():
    assert account(*KEPT, (DONE, 0), (DONE, 0)).duplicates() == 2


def test_deletes_are_known_by_what_was_received():
    made = account()
    watch = Watch(made)
    watch.answered("ReceiveMessage", {"Messages": [{"ReceiptHandle": "r", "Body": accounts.body(1)}]})
    watch.asked("DeleteMessageBatch", {"Entries": [{"ReceiptHandle": "r"}, {"ReceiptHandle": "other"}]})
    assert made.of(DELETED) == [1]
