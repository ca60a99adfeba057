"""Replacing a file that somebody works with.

A maintainer keeps one rule: whoever opens the file sees its old text or its new one, whatever happens in between.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from megaql.errors import MegaQLError


def rewrite(path: str, text: str) -> None:
    """Replace the text of a file. Its mode stays, and a symbolic link still leads to it. Raises MegaQLError for a read-only file."""
    place = Path(path).resolve()
    if not os.access(place, os.W_OK):
        raise MegaQLError(
            "The file cannot be written",
            where=path,
            why="it is read-only",
            hint="make it writable; it is as it was",
        )
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.", delete=False) as new:
        try:
            new.write(text.encode("utf-8"))
            new.flush()
            os.fsync(new.fileno())
            shutil.copymode(place, new.name)
            Path(new.name).replace(place)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
