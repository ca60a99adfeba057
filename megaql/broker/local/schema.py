"""The broker's tables, and what their columns mean.

A maintainer keeps three rules. A change of the tables raises `VERSION` (and brings a migration), because processes of
two releases may share a home. What changes at every receive stands in `message`, small and fixed; what never changes
stands in `payload`, so that a receive never rewrites a body. And every statement on `message` goes through one of the
named indices or the row number: a queue may hold a million rows.

Times are milliseconds since the epoch. Numbers of messages come from `counter` and are never used twice, so a stale
receipt handle cannot mean another message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.broker.local.errors import STORAGE_UNUSABLE, Refused

if TYPE_CHECKING:
    import sqlite3

#: The version of the tables below, kept in the file's `user_version`.
VERSION: Final = 1

_TABLES: Final = """
-- A purge gives the queue a new id and leaves the old one in `discarded`: purging and deleting are instant and atomic,
-- and the rows go afterwards, in small transactions.
CREATE TABLE queue (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    attributes TEXT NOT NULL,
    tags TEXT NOT NULL,
    dead_letter_arn TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
);
CREATE INDEX queue_dead_letter ON queue (dead_letter_arn, name) WHERE dead_letter_arn IS NOT NULL;
CREATE TABLE discarded (queue INTEGER PRIMARY KEY);

-- Row 0: the last message number given; row -1: the last queue id; row -2: the latest time seen, rows -3 to -5 the
-- same with the machine's uptime (see `clock`); any other: how many messages the queue of that id holds.
CREATE TABLE counter (queue INTEGER PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counter VALUES (0, 0), (-1, 0), (-2, 0);

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    lane INTEGER,
    visible_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    first_received_at INTEGER NOT NULL
);
CREATE INDEX message_due ON message (queue, visible_at, receives);
CREATE INDEX message_lane ON message (lane) WHERE lane IS NOT NULL;

CREATE TABLE payload (
    id INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    md5 TEXT NOT NULL,
    attributes TEXT,
    trace_header TEXT,
    group_id TEXT,
    dedup_id TEXT,
    source_arn TEXT
);

-- A lane is a message group of a FIFO queue that holds messages; `ready_at` is when its first one may be received.
CREATE TABLE lane (id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, name TEXT NOT NULL, ready_at INTEGER NOT NULL);
CREATE UNIQUE INDEX lane_name ON lane (queue, name);
CREATE INDEX lane_due ON lane (queue, ready_at);

CREATE TABLE dedup (
    queue INTEGER NOT NULL,
    key TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
) WITHOUT ROWID;
CREATE INDEX dedup_expiry ON dedup (queue, expires_at);

CREATE TABLE move_task (
    id TEXT PRIMARY KEY,
    source_arn TEXT NOT NULL,
    destination_arn TEXT,
    rate INTEGER,
    status TEXT NOT NULL,
    moved INTEGER NOT NULL,
    to_move INTEGER NOT NULL,
    last_message INTEGER NOT NULL,
    failure TEXT,
    started_at INTEGER NOT NULL,
    beat_at INTEGER NOT NULL
);
CREATE INDEX move_task_source ON move_task (source_arn, started_at);
"""


def version(connection: sqlite3.Connection) -> int:
    """Return the version of the tables in the file, 0 where there are none yet; refuse one from a later release."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > VERSION:
        raise Refused(
            STORAGE_UNUSABLE,
            f"the broker's database has schema version {found} and this release of MegaQL reads up to {VERSION}; upgrade MegaQL",
        )
    return found


def create(connection: sqlite3.Connection) -> None:
    """Create the tables, inside the caller's transaction."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
