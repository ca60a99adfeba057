"""Purging and deleting queues, and clearing away what they held.

A maintainer keeps one rule: the first commit is all that counts. A queue's `id` stands for its contents; purging gives it
a new one, deleting none, and what stays under the old one is garbage that any process may collect, also after a crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.broker.local.queues import new_id, of_request

if TYPE_CHECKING:
    import sqlite3

    from megaql.broker.local.queues import Request, Response
    from megaql.broker.local.store import Store

#: Rows a transaction deletes, so that other writers get their turn between.
CHUNK: Final = 500


def purge(store: Store, request: Request) -> Response:
    """PurgeQueue: what was sent before goes, what is sent after stays; it is done when this returns."""
    with store.write() as db:
        queue = of_request(db, request)
        db.execute("INSERT INTO discarded VALUES (?)", (queue.id,))
        db.execute("UPDATE queue SET id = ? WHERE id = ?", (new_id(db), queue.id))
    collect(store)
    return {}


def delete(store: Store, request: Request) -> Response:
    """DeleteQueue; the name is free at once, and the messages' space when this returns."""
    with store.write() as db:
        queue = of_request(db, request)
        db.execute("INSERT INTO discarded VALUES (?)", (queue.id,))
        db.execute("DELETE FROM queue WHERE id = ?", (queue.id,))
    collect(store)
    return {}


def collect(store: Store) -> None:
    """Delete what purged and deleted queues left, also what a process left that died meanwhile; free the space."""
    for step in (_collect_chunk, _shrink):
        done = False
        while not done:
            with store.write() as db:
                done = step(db)


def _collect_chunk(db: sqlite3.Connection) -> bool:
    """Delete some rows of one discarded queue; True when there is none."""
    found = db.execute("SELECT queue FROM discarded LIMIT 1").fetchone()
    if found is None:
        return True
    rows = db.execute(
        "SELECT id FROM message INDEXED BY message_due WHERE queue = ? LIMIT ?", (found[0], CHUNK)
    ).fetchall()
    db.executemany("DELETE FROM message WHERE id = ?", rows)
    db.executemany("DELETE FROM payload WHERE id = ?", rows)
    if not rows:
        for table in ("lane", "dedup", "counter", "discarded"):
            db.execute(f"DELETE FROM {table} WHERE queue = ?", found)  # noqa: S608 - constants above
    return False


def _shrink(db: sqlite3.Connection) -> bool:
    """Give some unused pages back to the file system; True when there are no more."""
    unused = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    for _ in range(min(unused, CHUNK)):
        # The pragma frees a page each time it is stepped, and `execute` steps it once.
        db.execute("PRAGMA incremental_vacuum")
    return unused <= CHUNK
