"""Where the embedded broker keeps its files.

A maintainer keeps one rule: nothing here touches the disk; paths are decided when a client is made, never at import,
so that a test or a user can point `MEGAQL_HOME` elsewhere at any time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

#: The one database file of a home; SQLite keeps its `-wal` and `-shm` beside it.
DATABASE: Final = "broker.sqlite3"

#: The file whose lock orders the writers of a home; always empty.
LOCK: Final = "broker.lock"


def home() -> Path:
    """Return the folder of the embedded broker: `$MEGAQL_HOME`, else `megaql` in the user's data folder."""
    named = os.environ.get("MEGAQL_HOME")
    if named:
        # A process that changes its directory keeps its home.
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "megaql"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "megaql"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "megaql"
