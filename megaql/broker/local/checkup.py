"""The embedded broker's files, looked at from outside: whose they are, how large, of which version, and whole or not.

A maintainer keeps one rule: a check changes nothing, so that the database is opened for reading only, and none is made.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from megaql.broker.local.home import DATABASE, home
from megaql.broker.local.schema import VERSION

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found. `open_to` are files that others may read; `broken` is SQLite's word for what is not whole, `""` for nothing."""

    folder: Path
    exists: bool = False
    size: int = 0
    free: int = 0
    version: int = 0
    known_version: int = VERSION
    open_to: tuple[str, ...] = ()
    broken: str = ""


def checkup(folder: Path | None = None) -> Checkup:
    """Look at the files of a home."""
    folder = folder or home()
    database = folder / DATABASE
    if not database.exists():
        return Checkup(folder)
    files = [path for path in sorted(folder.glob("broker.*")) if path.is_file()]
    open_to = tuple(path.name for path in files if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    version, broken = 0, ""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
            broken = "" if said == "ok" else str(said)
    except sqlite3.Error as error:
        broken = str(error)
    size = sum(path.stat().st_size for path in files)
    return Checkup(folder, True, size, shutil.disk_usage(folder).free, version, VERSION, open_to, broken)
