"""A process's side of the link to its supervisor."""

import os
import socket
import threading
from datetime import timedelta
from multiprocessing.connection import Connection

import pytest

from megaql.consumer import link
from megaql.consumer.link import Link, Taken, _Stops
from megaql.errors import ConsumerError


def test_a_stop_is_asked_for_once_however_many_ask():
    asked = []
    stops = _Stops(asked.append)
    for signal in (15, 2, None):
        stops.in_order(signal)
    assert asked == [15]
    for signal in (2, 15):
        stops.at_once(signal)
    assert asked == [15, 2]


def test_an_end_at_once_is_both():
    asked = []
    _Stops(asked.append).at_once(2)
    assert asked == [2, 2]


def test_a_process_of_its_own_has_no_supervisor(monkeypatch):
    assert link.joined() is None
    # The variable came from a process that did not hand its descriptor on.
    read, write = os.pipe()
    os.close(write)
    monkeypatch.setenv(link.VARIABLE, f"{read}:1:0:local:orders")
    assert link.joined() is None
    assert link.VARIABLE not in os.environ
    os.close(read)
    monkeypatch.setenv(link.VARIABLE, f"{read}:1:0:local:orders")
    assert link.joined() is None


@pytest.fixture
def supervised(monkeypatch):
    """A link, and the supervisor's end of it."""
    monkeypatch.setattr(Link, "_listen", lambda _link: None)  # which ends the process of a link that is lost
    ours, theirs = socket.socketpair()
    above = Connection(theirs.detach())
    yield lambda limit=None: Link(Connection(ours.detach()), 1, limit, "local:orders"), above
    above.close()
    for thread in threading.enumerate():  # it loses its supervisor now, while that is still harmless
        if thread.name == "megaql-supervisor":
            thread.join(20)


def test_threads_that_ask_side_by_side_hear_of_the_same_supervisor(monkeypatch):
    """One that heard of none would supervise processes of its own, each of which would do the same."""
    heard = []

    class Slow(Link):
        def __init__(self, *about):
            super().__init__(*about)
            other = threading.Thread(target=lambda: heard.append(link.joined()))
            other.start()
            other.join(0.05)

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(Link, "_listen", lambda _link: None)
    monkeypatch.setattr(link, "Link", Slow)
    monkeypatch.setattr(link, "_joined", [])
    monkeypatch.setenv(link.VARIABLE, f"{theirs.detach()}:1:0:local:orders")
    found = link.joined()
    with ours:
        assert found is not None
        while not heard:
            threading.Event().wait(0.001)
        assert heard == [found]


def test_what_counts_for_a_limit_is_told_before_anybody_has_it(supervised):
    make, above = supervised

    def receive(limit, **settings):
        return ["message"] * (limit if settings["wait"] else 0)

    counted = make(5).counting(receive)
    assert counted(3, wait=1) == ["message"] * 3
    assert above.recv() == Taken(3)
    assert counted(3, wait=0) == []
    assert not above.poll()


class Worker:
    def stop(self, _signal=None): ...


def test_a_process_is_for_its_supervisors_run_only(supervised):
    make, _ = supervised
    one = make()
    one.check("local:orders")
    with pytest.raises(ConsumerError, match="this process was started for another run"):
        one.check("local:returns")


def test_a_process_serves_one_run_at_a_time(supervised):
    make, _ = supervised
    one = make()
    one._serving.acquire()
    with pytest.raises(ConsumerError, match="this process was started for another run"):
        one.over(Worker(), timedelta(0)).__enter__()
