"""How old the oldest message of each queue is: what SQS keeps for CloudWatch, and the embedded broker can simply say."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from megaql.broker.local.home import home
from megaql.broker.local.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def oldest(folder: Path | None = None) -> dict[str, datetime]:
    """Return the time at which the oldest message of each queue was sent; queues without messages are not there."""
    store = Store(folder or home(), time.time)
    if not store.path.exists():
        return {}
    with closing(store), store.read() as db:
        try:
            rows = db.execute(
                "SELECT queue.name, MIN(message.sent_at) FROM message JOIN queue ON queue.id = message.queue GROUP BY queue.id"
            ).fetchall()
        except sqlite3.OperationalError:  # tables of another release, which the other calls complain about
            return {}
    return {name: datetime.fromtimestamp(sent / 1000, UTC) for name, sent in rows}
