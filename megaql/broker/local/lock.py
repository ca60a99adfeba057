"""The lock that orders the writers of a home, across threads and processes.

SQLite has a lock of its own, but who waits for it sleeps and tries again, and one of several busy processes was seen
to try in vain for 4.7 s. The kernel queues those who wait for a file lock; with it around the write transaction the
longest wait was 52 ms. A maintainer keeps two rules: the lock only orders, SQLite's lock protects; so where the platform
has no `flock`, only the ordering is lost. And nobody waits for it without an end: a process that was stopped in the middle of
a transaction (Ctrl-Z, a debugger, a full machine) would take all others with it. Who has waited too long goes on without it, and SQLite says that
the database is locked.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Final

try:
    import fcntl
except ImportError:  # Windows: SQLite's busy handler alone orders the writers
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from pathlib import Path

#: How long a writer waits for its turn before it tries without one. Seconds.
PATIENCE: Final = 5.0

#: The threads of this process wait for each other here, which costs less than the file lock; by the lock's path. Nobody is in one during a fork.
_threads: Final[defaultdict[Path, threading.Lock]] = defaultdict(threading.Lock)


class WriteLock:
    """One waiter's place at the lock: each connection has its own, since `flock` belongs to the open file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = _Place(path)
        self._ours = _threads[path]
        self._first = False  # of our threads, this one has its turn

    def __enter__(self) -> None:
        if fcntl is not None:
            self._first = self._ours.acquire(timeout=PATIENCE)
            if self._first and not self._place.lock(PATIENCE):
                self._place = _Place(self._path)

    def __exit__(self, *_: object) -> None:
        if self._first:
            self._place.unlock()
            self._first = False
            self._ours.release()

    def close(self) -> None:
        """Give the place up."""
        self._place.close()


class _Place:
    """An open file that waits in a thread of its own, since the kernel has no wait that ends by itself."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._locked = threading.Semaphore(0)
        self._waiter: threading.Thread | None = None

    def lock(self, seconds: float) -> bool:
        """Get the lock; False where that took too long, and the place is of no use any more."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if self._waiter is None:
                self._waiter = threading.Thread(target=self._wait, name="megaql-local-lock", daemon=True)
                self._waiter.start()
            self._asked.put(True)
            if not self._locked.acquire(timeout=seconds):
                self._asked.put(False)
                return False
        return True

    def unlock(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._waiter is None:
            os.close(self._descriptor)
        else:
            self._asked.put(False)

    def _wait(self) -> None:
        while self._asked.get():
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self._locked.release()
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # a child that was forked meanwhile would keep it
        os.close(self._descriptor)
