import queue
import threading
from collections import deque
from itertools import pairwise
from types import SimpleNamespace

import pytest

from megaql.consumer.hands import LONGEST_WAIT, SELDOM, TOGETHER, Hands

PATIENCE = 30  # seconds; a test that waits so long has failed
QUICK = 1e-6  # what an item takes that is not worth a thread of its own, in seconds


class Inbox(queue.SimpleQueue):
    """What is left there is there at once; it counts how often it was rung."""

    leave = queue.SimpleQueue.put

    def __init__(self):
        self.rung = queue.SimpleQueue()

    def ring(self):
        self.rung.put(None)


class Gate:
    """A handler that is done with the named items, or with all where none is named, only once it is let through."""

    def __init__(self, *named):
        self.named = named
        self.begun, self.released = threading.Event(), threading.Event()

    def __call__(self, item):
        if not self.named or item in self.named:
            self.begun.set()
            assert self.released.wait(PATIENCE)
        return item


def made(size, handle):
    inbox = Inbox()
    return Hands("test", size, inbox, handle, lambda error: ("broken", error)), inbox


def events(inbox, count):
    return [inbox.get(timeout=PATIENCE) for _ in range(count)]


def test_quick_items_wake_one_thread_and_keep_their_order():
    hands, inbox = made(8, lambda item: (item, threading.current_thread().name))
    hands.give(range(100), QUICK, 0.0)
    items, threads = zip(*events(inbox, 100), strict=True)
    assert items == tuple(range(100))
    assert len(set(threads)) == 1
    hands.dismiss()


def test_items_whose_time_is_not_known_run_side_by_side():
    meeting = threading.Barrier(3, timeout=PATIENCE)
    hands, inbox = made(3, lambda item: (meeting.wait(), item)[1])
    hands.give([1, 2, 3], None, 0.0)
    assert sorted(events(inbox, 3)) == [1, 2, 3]
    hands.dismiss()


def test_slow_items_run_side_by_side():
    meeting = threading.Barrier(3, timeout=PATIENCE)
    hands, inbox = made(8, lambda item: (meeting.wait(), item)[1])
    hands.give([1, 2, 3], 1.0, 0.0)
    assert sorted(events(inbox, 3)) == [1, 2, 3]
    hands.dismiss()


def test_what_lies_behind_an_item_that_takes_longer_than_was_thought_is_helped_along():
    handle = Gate("slow")
    hands, inbox = made(3, handle)
    hands.give(["slow", "a", "b"], QUICK, 100.0)
    assert handle.begun.wait(PATIENCE)
    assert hands.help_at() == 100.0 + LONGEST_WAIT
    hands.help(100.0)
    assert inbox.empty()
    hands.help(100.0 + LONGEST_WAIT / 2)
    assert (hands._awake, hands.help_at()) == (1, 100.0 + LONGEST_WAIT), "it is not yet time"
    hands.help(100.0 + LONGEST_WAIT)
    assert sorted(events(inbox, 2)) == ["a", "b"]
    assert hands.help_at() > 100.0 + LONGEST_WAIT
    hands.help(101.0)
    assert hands.help_at() is None
    handle.released.set()
    assert events(inbox, 1) == ["slow"]
    hands.dismiss()


def test_while_all_are_at_items_that_take_long_the_inbox_is_looked_at_ever_more_seldom():
    handle = Gate()
    hands, inbox = made(1, handle)
    hands.give(["slow", "next", "last"], QUICK, 100.0)
    assert handle.begun.wait(PATIENCE)
    times = [100.0]
    while times[-1] < 101.0:
        times.append(hands.help_at())
        hands.help(times[-1])
    waits = [after - before for before, after in pairwise(times)]
    assert waits[:3] == pytest.approx([LONGEST_WAIT, 2 * LONGEST_WAIT, 4 * LONGEST_WAIT])
    assert max(waits) == pytest.approx(SELDOM)
    hands.give(["more"], QUICK, 102.0)
    assert hands.help_at() == 102.0 + LONGEST_WAIT
    handle.released.set()
    assert events(inbox, 4) == ["slow", "next", "last", "more"]
    hands.dismiss()


def test_no_item_is_left_lying_while_threads_go_to_rest():
    hands, inbox = made(2, lambda item: item)
    for number in range(5_000):
        hands.give([number], QUICK, 0.0)
        assert events(inbox, 1) == [number]
    hands.dismiss()


def test_what_is_raised_is_an_event_and_the_thread_lives_on():
    error = SystemExit(1)

    def handle(item):
        if item == 1:
            raise error
        return item

    hands, inbox = made(1, handle)
    hands.give([0, 1, 2], QUICK, 0.0)
    assert events(inbox, 3) == [0, ("broken", error), 2]
    hands.dismiss()


def test_what_no_thread_has_begun_is_taken_back_in_order():
    handle = Gate()
    hands, inbox = made(1, handle)
    hands.give([1, 2, 3], None, 0.0)
    assert handle.begun.wait(PATIENCE)
    assert hands.recall() == [2, 3]
    handle.released.set()
    assert events(inbox, 1) == [1]
    hands.dismiss()


def test_threads_start_with_the_first_item_and_never_hold_up_the_end_of_the_process():
    hands, inbox = made(2, lambda item: item)
    before = set(threading.enumerate())
    hands.give([1], None, 0.0)
    threads = [thread for thread in threading.enumerate() if thread not in before]
    assert len(threads) == 2
    assert all(thread.daemon for thread in threads)
    assert events(inbox, 1) == [1]
    hands.dismiss()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


class Dozing(deque):
    """Where threads note that they rest; something happens just before the first of them does."""

    def __init__(self, first):
        super().__init__()
        self._first = [first]

    def append(self, item):
        if self._first:
            self._first.pop()()
        super().append(item)


def test_what_is_given_while_the_last_thread_falls_asleep_is_taken():
    hands, inbox = made(1, lambda item: item)
    # The thread has looked at the shelf and has not said that it rests: nobody wakes it.
    hands._resting = Dozing(lambda: hands.give(["late"], QUICK, 0.0))
    hands.give(["early"], QUICK, 0.0)
    try:
        assert events(inbox, 2) == ["early", "late"]
    finally:
        hands.dismiss()


def test_what_is_done_at_once_is_told_of_together(monkeypatch):
    monkeypatch.setattr("megaql.consumer.hands.TOGETHER", PATIENCE)
    hands, inbox = made(1, lambda item: item)
    hands.give(range(50), QUICK, 0.0)
    assert events(inbox, 50) == list(range(50))
    hands.dismiss()
    for thread in hands._threads:
        thread.join(PATIENCE)
    assert inbox.rung.qsize() == 2, "once when the shelf was empty, and once at rest"


def test_what_takes_longer_than_a_moment_is_told_of_at_once(monkeypatch):
    monkeypatch.setattr("megaql.consumer.hands.TOGETHER", 0.0)
    hands, inbox = made(1, lambda item: item)
    hands.give(range(5), QUICK, 0.0)
    assert events(inbox, 5) == list(range(5))
    hands.dismiss()
    for thread in hands._threads:
        thread.join(PATIENCE)
    assert inbox.rung.qsize() == 5 + 2


def test_after_each_moment_another_one_begins(monkeypatch):
    now = [100.0]

    def handle(item):
        now[0] += TOGETHER * 0.6
        return item

    monkeypatch.setattr("megaql.consumer.hands.time", SimpleNamespace(monotonic=lambda: now[0]))
    hands, inbox = made(1, handle)
    hands.give(range(6), QUICK, 0.0)
    assert events(inbox, 6) == list(range(6))
    hands.dismiss()
    for thread in hands._threads:
        thread.join(PATIENCE)
    assert inbox.rung.qsize() == 3 + 2, "after every second one, and at the end"


def test_what_is_done_before_an_item_that_takes_for_ever_is_looked_for(monkeypatch):
    monkeypatch.setattr("megaql.consumer.hands.TOGETHER", PATIENCE)
    handle = Gate("slow")
    hands, inbox = made(1, handle)
    hands.give(["quick", "slow"], QUICK, 100.0)
    assert handle.begun.wait(PATIENCE)
    assert inbox.rung.empty()
    assert hands.help_at() == 100.0 + LONGEST_WAIT  # whoever reads the inbox looks then, and finds it
    assert events(inbox, 1) == ["quick"]
    handle.released.set()
    assert events(inbox, 1) == ["slow"]
    assert inbox.rung.get(timeout=PATIENCE) is None
    hands.dismiss()
