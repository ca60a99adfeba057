"""Noticing, while a receive waits, that something was sent: by any thread or process, within a few milliseconds.

SQLite counts commits in memory that all processes share, and `PRAGMA data_version` reads the count in microseconds. A
waiting receive reads it every few milliseconds, so nobody has to tell anybody and no wake-up can get lost. A maintainer
keeps three rules: take the version before looking for messages, so that a commit between the two is noticed; never compare
the counts of two connections, since each has its own; and let the interval grow while nothing happens, because an idle poll
should cost next to nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from megaql.broker.local.store import Link, Store

#: The first interval between two looks, and the longest. Seconds.
FIRST_INTERVAL: Final = 0.001
LONGEST_INTERVAL: Final = 0.008

#: How much longer each interval is than the one before.
_GROWTH: Final = 1.1


def version(link: Link) -> tuple[int, int]:
    """Return what differs after any other connection has committed, and after this one was opened anew."""
    db = link.opened()[0]
    return link.openings, int(db.execute("PRAGMA data_version").fetchone()[0])


def deadline(wait: int) -> float:
    """Return when a wait of that many milliseconds ends, by the monotonic clock."""
    return time.monotonic() + wait / 1000


def changed(store: Store, link: Link, known: tuple[int, int], due_at: int | None, end: float) -> bool:
    """Wait until there is something to look at; False where `end` came first.

    That is a commit after the version `known`, or `due_at` (milliseconds by the store's clock), when a message that is
    delayed or in flight becomes visible.
    """
    interval = FIRST_INTERVAL
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(interval, left))
        if due_at is not None and store.now() >= due_at:
            return True
        with link.guard:
            if version(link) != known:
                return True
        interval = min(interval * _GROWTH, LONGEST_INTERVAL)
    return False
