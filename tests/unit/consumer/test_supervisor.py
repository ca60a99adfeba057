"""What a supervisor decides without a process; the processes are in tests/faults/test_processes.py."""

import builtins
import sys

import pytest

from megaql import App
from megaql.consumer import supervisor
from megaql.consumer.supervisor import _shares
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
