"""The tables of topics and subscriptions, beside those of the queues in the same database.

A maintainer keeps one rule: they are made at the first use of a topic, so a home without topics never has them; a change of them needs a new
table name or a migration, since processes of two releases may share a home.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from megaql.broker.local.store import Store

_TABLES: Final = (
    # `sequence` is the last sequence number that a FIFO topic gave.
    """
    CREATE TABLE IF NOT EXISTS topic (
        name TEXT PRIMARY KEY,
        attributes TEXT NOT NULL,
        tags TEXT NOT NULL,
        sequence INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS subscription (
        id TEXT PRIMARY KEY,
        topic TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        attributes TEXT NOT NULL,
        UNIQUE (topic, endpoint)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS topic_dedup (
        topic TEXT NOT NULL,
        key TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        message_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        PRIMARY KEY (topic, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS topic_dedup_expiry ON topic_dedup (topic, expires_at)",
)


def ensure(store: Store) -> None:
    """Make the tables unless they are there; asked at each call, because a home may be removed between two."""
    with store.read() as db:
        made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'topic_dedup_expiry'").fetchone()
    if made is None:
        with store.write() as db:
            for statement in _TABLES:
                db.execute(statement)
