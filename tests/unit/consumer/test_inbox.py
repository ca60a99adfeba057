"""One thread hears of what others put in and of its own calls."""

import os
import signal
import socket
import threading
import time
from datetime import timedelta

import pytest

from megaql.consumer.inbox import Inbox

PATIENCE = 30  # seconds; a test that waits so long has failed


class Call:
    """A call over one end of a pair of sockets: it is over once a line has come."""

    def __init__(self, silent_for=PATIENCE):
        self.sock, self.peer = socket.socketpair()
        self.sock.setblocking(False)
        self.sent = False
        self.quiet_until = time.monotonic() + silent_for
        self.end = ""

    def fileno(self):
        return self.sock.fileno()

    def advance(self):
        if not self.sent:
            self.sent = True
            return False
        self.end = "answered" if self.sock.recv(100).endswith(b"\n") else ""
        if self.end:
            self.close()
        return bool(self.end)

    def lose(self):
        self.end = "lost"
        self.close()

    def drop(self):
        self.end = "dropped"
        self.close()

    def close(self):
        self.sock.close()
        self.peer.close()


@pytest.fixture
def inbox():
    with Inbox(time.monotonic) as made:
        yield made


def test_events_come_in_order_and_nothing_is_waited_for_while_there_are_any(inbox):
    for event in (1, 2, 3):
        inbox.put(event)
    assert inbox.take(None) == [1, 2, 3]
    assert inbox.take(0) == []


@pytest.mark.parametrize("days", [30, timedelta.max.days])
def test_a_wait_that_is_longer_than_the_system_knows_is_one(inbox, days):
    timer = threading.Timer(0.05, inbox.put, ("event",))
    timer.start()
    assert inbox.take(timedelta(days=days).total_seconds()) == ["event"]
    timer.join()


def test_what_was_put_in_before_is_there_and_afterwards_nobody_hears():
    inbox = Inbox(time.monotonic)
    inbox.put("before")
    with inbox:
        assert inbox.take(None) == ["before"]
    inbox.put("after")
    inbox.ring()


def test_another_thread_wakes_whoever_waits(inbox):
    for number in range(200):
        thread = threading.Thread(target=inbox.put, args=(number,))
        thread.start()
        assert inbox.take(PATIENCE) == [number]
        thread.join()


def test_what_is_left_wakes_nobody_until_somebody_rings(inbox):
    inbox.leave("left")
    assert inbox.take(PATIENCE) == ["left"]
    waiting = threading.Event()

    def leave_and_ring():
        assert waiting.wait(PATIENCE)
        inbox.leave("later")
        inbox.ring()

    thread = threading.Thread(target=leave_and_ring)
    thread.start()
    waiting.set()
    got = inbox.take(PATIENCE) or inbox.take(PATIENCE)
    assert got == ["later"]
    thread.join()


def test_no_event_is_slept_through(inbox):
    """Many threads put in while the reader falls asleep again and again."""
    count, each = 8, 2_000

    def put():
        for number in range(each):
            inbox.put(number)

    threads = [threading.Thread(target=put) for _ in range(count)]
    for thread in threads:
        thread.start()
    heard = 0
    while heard < count * each:
        events = inbox.take(PATIENCE)
        assert events
        heard += len(events)
    for thread in threads:
        thread.join()


def test_a_signals_handler_wakes_whoever_waits(inbox):
    before = signal.signal(signal.SIGUSR1, lambda *_: inbox.put("signal"))
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert inbox.take(PATIENCE) == ["signal"]
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_call_is_brought_to_its_end(inbox):
    one, other = Call(), Call()
    inbox.watch(one, "one")
    inbox.watch(other, "other")
    other.peer.sendall(b"not yet, ")
    assert inbox.take(0) == []
    assert inbox.take(0) == []
    other.peer.sendall(b"now\n")
    assert inbox.take(PATIENCE) == ["other"]
    one.peer.sendall(b"\n")
    assert inbox.take(PATIENCE) == ["one"]
    assert (one.end, other.end) == ("answered", "answered")


def test_a_call_that_is_over_at_once(inbox):
    call = Call()
    call.sent = True
    call.peer.sendall(b"\n")
    inbox.watch(call, "over")
    assert inbox.take(None) == ["over"]


def test_a_silent_call_is_lost_and_the_others_are_not(inbox):
    silent, patient = Call(silent_for=0.05), Call()
    inbox.watch(silent, "silent")
    inbox.watch(patient, "patient")
    assert inbox.take(PATIENCE) == ["silent"]
    assert silent.end == "lost"
    patient.peer.sendall(b"\n")
    assert inbox.take(PATIENCE) == ["patient"]


def test_a_silent_call_is_lost_though_others_are_busy(inbox):
    silent, busy = Call(silent_for=0.05), Call()
    inbox.watch(silent, "silent")
    inbox.watch(busy, "busy")
    end, got = time.monotonic() + PATIENCE, []
    while not got:
        assert time.monotonic() < end
        busy.peer.sendall(b"more ")
        got = inbox.take(PATIENCE)
    assert got == ["silent"]
    busy.close()


def test_at_the_end_what_is_under_way_is_dropped():
    call = Call()
    with Inbox(time.monotonic) as inbox:
        inbox.watch(call, "never")
    assert call.end == "dropped"


def test_with_a_lull_several_are_heard_together(inbox):
    calls = [Call() for _ in range(3)]
    for number, call in enumerate(calls):
        inbox.watch(call, number)

    def answer():
        for call in calls:
            call.peer.sendall(b"\n")

    thread = threading.Thread(target=answer)
    thread.start()
    heard = []
    while len(heard) < 3:
        heard += inbox.take(PATIENCE, 0.2)
    assert sorted(heard) == [0, 1, 2]
    thread.join()


def test_a_lull_is_none_while_events_are_there_or_no_call_is_under_way(inbox):
    inbox.put("there")
    assert inbox.take(None, PATIENCE) == ["there"]
    assert inbox.take(0, PATIENCE) == []
    inbox.watch(Call(), "call")
    inbox.put("there")
    assert inbox.take(None, PATIENCE) == ["there"]
