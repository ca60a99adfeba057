"""The broker's database: connections, transactions and the clock.

One file holds all queues of a home, because dead-lettering, move tasks and a topic's fan-out touch several queues and
must be atomic; a file per queue would give each its own writer, but on one disk the writers wait for the same syncs.

A maintainer keeps three rules. A commit is on the disk before it is reported (`synchronous=FULL`). Writers queue at the
file lock before they begin (see `lock`). And no connection crosses a fork: SQLite forgets, in the child, which locks it
no longer holds, so all connections are closed before the process forks and opened again on both sides.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final

from megaql.broker.local import clock, schema
from megaql.broker.local.home import DATABASE, LOCK
from megaql.broker.local.lock import WriteLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: How long to wait for a program outside MegaQL that holds SQLite's own lock. Seconds.
BUSY_TIMEOUT: Final = 10.0

#: Write-ahead log size at which a commit moves it into the database. Pages of 4 KiB.
CHECKPOINT_PAGES: Final = 1000

#: The size to which the write-ahead log file is cut back after a burst. Bytes.
JOURNAL_LIMIT: Final = 64 << 20


class Link:
    """One connection and its place at the write lock, used by one thread at a time; reopened after a fork."""

    def __init__(self, folder: Path) -> None:
        self.guard = threading.RLock()
        #: How often the connection has been opened: what one connection counts means nothing to the next.
        self.openings = 0
        self._folder = folder
        self._path = folder / DATABASE
        self._identity: tuple[int, int] | None = None
        self._open: tuple[sqlite3.Connection, WriteLock] | None = None
        #: Whether the thread that holds `guard` is in a transaction which all its writes are part of.
        self.joined = False

    def opened(self) -> tuple[sqlite3.Connection, WriteLock]:
        """Return the connection and the lock, opening them where needed; the caller holds `guard` and is in no transaction."""
        if self.joined and self._open is not None:
            return self._open
        if self._open is not None and self._identity != _identity(self._path):
            # Somebody removed the home. What is written to a removed file succeeds, and nobody will ever read it.
            self.close()
        if self._open is None:
            with _opening:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = WriteLock(self._folder / LOCK)
                try:
                    self._open = (_connect(self._path, lock), lock)
                except BaseException:
                    lock.close()
                    raise
                self.openings += 1
                self._identity = _identity(self._path)
                _LINKS.add(self)
        return self._open

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run the block as one transaction, on the disk when the block has ended; any exception undoes it."""
        with self.guard:
            connection, lock = self.opened()
            if self.joined:
                with _savepoint(connection):
                    yield connection
                return
            with lock:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise

    @contextlib.contextmanager
    def join(self) -> Iterator[None]:
        """Run all writes of the block as one transaction; any exception that leaves the block undoes them all."""
        with self.write():
            self.joined = True
            try:
                yield
            finally:
                self.joined = False

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        with self.guard:
            if self._open is not None:
                connection, lock = self._open
                self._open = None
                connection.close()
                lock.close()

    def __del__(self) -> None:
        self.close()  # a client that was dropped without being closed


class Store:
    """The database of a home. Thread-safe; a call takes a connection from those that are idle, or opens one more."""

    def __init__(
        self, folder: Path, date: Callable[[], float], uptime: Callable[[], clock.Uptime | None] | None = None
    ) -> None:
        self.folder = folder
        self._date = date
        # A clock that a test moves is one of a kind: no machine's uptime goes with it.
        self._uptime = uptime or (clock.machine_uptime if date is time.time else lambda: None)
        self._idle: deque[Link] = deque()  # its append and pop are atomic, so no lock has to survive a fork
        self._closed = threading.Event()
        self._mine = threading.local()

    @property
    def path(self) -> Path:
        """The database's path, for messages."""
        return self.folder / DATABASE

    def now(self) -> int:
        """Return the time by the store's clock. Milliseconds since the epoch."""
        return int(self._date() * 1000)

    def stamp(self, db: sqlite3.Connection) -> int:
        """Return the time of the caller's transaction in milliseconds; leaps of the clock are made good before (see `clock`)."""
        return clock.stamp(db, self.now(), self._uptime())

    def leapt(self, db: sqlite3.Connection) -> bool:
        """Return whether the clock has leapt since the last transaction."""
        return clock.leapt(db, self.now(), self._uptime())

    @contextlib.contextmanager
    def link(self) -> Iterator[Link]:
        """Lend a connection that no other thread uses meanwhile."""
        if self._closed.is_set():
            raise sqlite3.ProgrammingError("the client is closed")
        joined: Link | None = getattr(self._mine, "joined", None)
        if joined is not None:
            yield joined
            return
        try:
            link = self._idle.pop()
        except IndexError:
            link = Link(self.folder)
        try:
            yield link
        finally:
            self._idle.append(link)
            if self._closed.is_set():
                self._close_idle()

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for single statements; each sees the last commit before it."""
        with self.link() as link, link.guard:
            yield link.opened()[0]

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for several statements which all see the same commit."""
        with self.read() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run the block as one transaction, on the disk when the block has ended; any exception undoes it."""
        with self.link() as link, link.write() as db:
            yield db

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Run this thread's calls in the block as one transaction, on the disk when the block has ended; any exception that leaves it undoes all.

        All other writers of the home wait meanwhile.
        """
        with self.link() as link, link.join():
            self._mine.joined = link
            try:
                yield
            finally:
                self._mine.joined = None

    def close(self) -> None:
        """Close all connections; those in use go when their call ends."""
        self._closed.set()
        self._close_idle()

    def _close_idle(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()


@contextlib.contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo what the block wrote where an exception leaves it, and nothing that the transaction wrote before."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk ends it by itself
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path, lock: WriteLock) -> sqlite3.Connection:
    with contextlib.suppress(FileExistsError):
        # SQLite would let others read it, and gives its other files the mode of this one.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        if schema.version(connection) == 0:
            with lock:
                _initialise(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT}")
    except BaseException:
        connection.close()
        raise
    return connection


def _initialise(connection: sqlite3.Connection) -> None:
    # Both pragmas are kept in the file and work only outside a transaction, the first only before any table exists.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if schema.version(connection) == 0:
            schema.create(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


#: Every connection of this process that was opened and may be open still, to be closed before a fork.
_LINKS: weakref.WeakSet[Link] = weakref.WeakSet()

#: Held while a connection is opened, and throughout a fork.
_opening = threading.Lock()

#: The connections closed and held from before a fork until after it.
_held: list[Link] = []


def _before_fork() -> None:
    # Guards are taken without `_opening`, because a thread that opens a connection already holds its guard.
    while True:
        _opening.acquire()
        more = [link for link in _LINKS if link not in _held]
        if not more:
            return
        _opening.release()
        for link in more:
            link.guard.acquire()
            link.close()
            _held.append(link)


def _after_fork() -> None:
    while _held:
        _held.pop().guard.release()
    _opening.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
