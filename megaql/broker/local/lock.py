"""The lock that orders the writers of a home, across threads and processes.

SQLite has a lock of its own, but who waits for it sleeps and tries again, and one of several busy processes was seen
to try in vain for 4.7 s. The kernel queues those who wait for a file lock; with it around the write transaction the
longest wait was 52 ms. A maintainer keeps one rule: the lock only orders, SQLite's lock protects. Where the platform
has no `flock`, only the ordering is lost.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows: SQLite's busy handler alone orders the writers
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from pathlib import Path


class WriteLock:
    """One waiter's place at the lock: each connection has its own, since `flock` belongs to the open file."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> None:
        if fcntl is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if fcntl is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the place up."""
        os.close(self._descriptor)
