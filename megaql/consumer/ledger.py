"""Which subscriptions are done with a message that is not done yet.

A message matched by three handlers, one of which wants it later, comes back for that one only. A maintainer keeps two rules. An entry is made when
a handler has finished, before anything is told to the queue. And it goes only when the message is gone: an entry too many costs a row, an entry
too few runs a handler twice.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

#: Messages the memory ledger remembers; beyond it, the one touched longest ago is forgotten. About 300 bytes each.
MEMORY_CAPACITY: Final = 100_000

#: SQS keeps no message longer, so no entry is of use for longer.
LONGEST_RETENTION: Final = timedelta(days=14)

#: How long a SQLite ledger waits for another process that writes to the same file.
LOCK_WAIT: Final = timedelta(seconds=10)


_NOBODY: Final[frozenset[str]] = frozenset()


@runtime_checkable
class CompletionLedger(Protocol):
    """Where completions are kept; called from many threads at once. Implement it on Redis or DynamoDB to share it between machines.

    Where a method raises, the message is returned and tried again later.
    """

    def done(self, message_id: str) -> AbstractSet[str]:
        """Return the names of the subscriptions that are done with a message."""
        ...

    def record(self, message_id: str, subscription: str) -> None:
        """Keep that a subscription is done with a message."""
        ...

    def forget(self, message_id: str) -> None:
        """Drop all entries of a message, which has been deleted; a message without entries is no error."""
        ...


class MemoryLedger:
    """Completions in this process's memory: lost with it, so that a restart may run a finished handler again."""

    def __init__(self, capacity: int = MEMORY_CAPACITY) -> None:
        self._capacity = capacity
        self._done: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._lock = threading.Lock()

    def done(self, message_id: str) -> AbstractSet[str]:
        """Return the names of the subscriptions that are done with a message."""
        return self._done.get(message_id, _NOBODY)  # one step, in which no other thread comes between

    def record(self, message_id: str, subscription: str) -> None:
        """Keep that a subscription is done with a message."""
        with self._lock:
            before = self._done.get(message_id)
            if before is None:
                self._done[message_id] = frozenset((subscription,))
            else:
                self._done[message_id] = before | {subscription}
                self._done.move_to_end(message_id)
            while len(self._done) > self._capacity:
                self._done.popitem(last=False)

    def forget(self, message_id: str) -> None:
        """Drop all entries of a message."""
        with self._lock:  # a copy that was handled beside it may be recorded now
            self._done.pop(message_id, None)


class SQLiteLedger:
    """Completions in a file: they outlive the process, and processes on one machine share them.

    `path` is made if it is missing; raises `ConsumerError` where it cannot be opened. Entries older than SQS's longest retention are dropped
    on opening.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._database = self._opened(path)
        except sqlite3.Error as error:
            raise ConsumerError(
                "the ledger cannot be opened",
                where=str(path),
                why=str(error),
                hint="name a file in a folder that exists and that this user may write to; the file is made if it is missing",
            ) from error

    def _opened(self, path: str | Path) -> sqlite3.Connection:
        database = sqlite3.connect(
            path, timeout=LOCK_WAIT.total_seconds(), isolation_level=None, check_same_thread=False
        )
        database.execute("PRAGMA journal_mode = WAL")
        # One write per finished handler: it survives the death of the process without an fsync each; after a power cut a handler may run again.
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS done (message_id TEXT, subscription TEXT, at REAL, "
            "PRIMARY KEY (message_id, subscription)) WITHOUT ROWID"
        )
        database.execute("DELETE FROM done WHERE at < ?", (self._clock() - LONGEST_RETENTION.total_seconds(),))
        return database

    def done(self, message_id: str) -> AbstractSet[str]:
        """Return the names of the subscriptions that are done with a message."""
        with self._lock:
            rows = self._database.execute("SELECT subscription FROM done WHERE message_id = ?", (message_id,))
            return {name for (name,) in rows}

    def record(self, message_id: str, subscription: str) -> None:
        """Keep that a subscription is done with a message."""
        with self._lock:
            self._database.execute(
                "INSERT OR REPLACE INTO done VALUES (?, ?, ?)", (message_id, subscription, self._clock())
            )

    def forget(self, message_id: str) -> None:
        """Drop all entries of a message."""
        with self._lock:
            self._database.execute("DELETE FROM done WHERE message_id = ?", (message_id,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()
