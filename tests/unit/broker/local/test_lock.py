import threading

import pytest

from megaql.broker.local import lock
from megaql.broker.local.lock import WriteLock

fcntl = pytest.importorskip("fcntl")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    return tmp_path / "lock"


@pytest.fixture
def foreign(path):
    """Another process's place at the lock, as the kernel sees it: an open file of its own."""
    with path.open("w") as file:
        yield file


def test_the_lock_orders_threads(path):
    first, second = WriteLock(path), WriteLock(path)
    order = []
    with first:
        thread = threading.Thread(target=lambda: _enter(second, order))
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    first.close()
    second.close()


def _enter(waiting, order):
    with waiting:
        order.append("second")


def test_who_waited_too_long_goes_on_and_is_no_obstacle_later(path, foreign):
    fcntl.flock(foreign, fcntl.LOCK_EX)
    mine = WriteLock(path)
    for _ in range(2):
        with mine:
            pass
    fcntl.flock(foreign, fcntl.LOCK_UN)
    # What was given up gets the lock now, and lets go of it at once.
    with mine:
        pass
    fcntl.flock(foreign, fcntl.LOCK_EX)
    mine.close()


def test_a_wait_that_ends_in_time_has_the_lock(path, foreign, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 20)
    fcntl.flock(foreign, fcntl.LOCK_EX)
    mine = WriteLock(path)
    timer = threading.Timer(0.05, fcntl.flock, (foreign, fcntl.LOCK_UN))
    timer.start()
    with mine, pytest.raises(BlockingIOError):
        fcntl.flock(foreign, fcntl.LOCK_EX | fcntl.LOCK_NB)
    timer.join()
    mine.close()
