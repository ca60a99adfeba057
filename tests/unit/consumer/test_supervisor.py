"""What a supervisor decides without a process; the processes are in tests/faults/test_processes.py."""

import builtins
import sys
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace

import pytest

from megaql import App
from megaql.consumer import supervisor
from megaql.consumer.supervisor import MOST_DEATHS, Supervisor, _shares
from megaql.errors import ConsumerError


@pytest.mark.parametrize(
    ("limit", "processes", "shares"), [(10, 3, [4, 3, 3]), (9, 3, [3, 3, 3]), (2, 3, [1, 1]), (1, 1, [1])]
)
def test_a_limit_is_shared(limit, processes, shares):
    assert _shares(limit, processes) == shares


@pytest.fixture
def app(queue):
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    return app


def test_an_interactive_session_has_no_program_to_start(app, monkeypatch):
    monkeypatch.setattr(builtins, "__IPYTHON__", True, raising=False)
    with pytest.raises(ConsumerError, match="from an interactive session") as caught:
        app.run(processes=2, once=True)
    assert "megaql run MODULE:APP" in caught.value.hint
    monkeypatch.undo()
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    with pytest.raises(ConsumerError, match="from an interactive session"):
        app.run(processes=2, once=True)


def test_a_system_without_descriptors_to_hand_on(app, monkeypatch):
    monkeypatch.setattr(supervisor, "SYSTEM", "nt")
    with pytest.raises(ConsumerError, match="not supervised on this system"):
        app.run(processes=2, once=True)


def test_a_second_run_beside_the_first_is_refused():
    refused = pytest.raises(ConsumerError, match="this program supervises another run already")
    with supervisor.the_only_one("local:orders"), refused, supervisor.the_only_one("local:orders"):
        pytest.fail("it was let in")
    with supervisor.the_only_one("local:orders"):
        pass


def test_a_later_run_over_another_queue_is_refused(monkeypatch):
    monkeypatch.setattr(supervisor, "_supervised", ["local:orders"])
    with supervisor.the_only_one("local:orders"):
        pass
    with pytest.raises(ConsumerError, match="this program supervises another run already") as caught:
        supervisor.the_only_one("local:returns").__enter__()
    assert caught.value.where == "local:returns"


@pytest.mark.parametrize(
    ("settings", "gives_up"),
    [
        ({"once": True, "limit": None}, True),
        ({"once": False, "limit": 50}, True),
        ({"once": False, "limit": None}, False),
    ],
    ids=["once", "limit", "endless"],
)
def test_a_run_that_is_to_end_gives_up_on_a_process_that_only_dies(settings, gives_up):
    times = {"drain_timeout": timedelta(0), "restart_after": timedelta(hours=1)}
    with closing(Supervisor(2, queue="local:orders", monotonic=lambda: 1000.0, **times, **settings)) as one:
        slot = one._slots[0]
        child = SimpleNamespace(process=SimpleNamespace(pid=17), begun=True, started_at=999.0)
        for _ in range(MOST_DEATHS - 1):
            one._on_death(slot, child, 1)
        assert (one._error, slot.over) == (None, False)
        one._on_death(slot, child, 1)
        assert (one._error is not None, slot.over) == (gives_up, gives_up)
