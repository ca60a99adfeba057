"""A process's side of the link to its supervisor."""

import os

from megaql.consumer import link
from megaql.consumer.link import _Stops


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
    monkeypatch.setenv(link.VARIABLE, f"{read}:1:0")
    assert link.joined() is None
    assert link.VARIABLE not in os.environ
    os.close(read)
    monkeypatch.setenv(link.VARIABLE, f"{read}:1:0")
    assert link.joined() is None
