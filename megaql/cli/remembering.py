"""What completion knows: names of queues and paths of messages that commands have seen, in a file of the user's own.

A maintainer keeps three rules. The file holds names and paths, never a value of a message; it is the user's alone (0600) and bounded, the oldest going
first. And no command fails or waits because of it: what cannot be written is not remembered.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from megaql.cli.environment import Environment

#: The most names and paths that are kept.
MOST: Final = {"targets": 1000, "paths": 1000}

#: A longer one is nothing to complete. Characters.
LONGEST: Final = 200

#: Keys that look like names. Anything else may be data that somebody has used as a key, such as an address.
_PATH: Final = re.compile(r"@?[A-Za-z_][A-Za-z0-9_-]{0,59}(?:(?:\[\*\])?\.[A-Za-z_][A-Za-z0-9_-]{0,59})*")


def cache_file(environ: Mapping[str, str]) -> Path | None:
    """Return the file, `None` for a user who wants none (`MEGAQL_COMPLETION=0`) or has no home."""
    if environ.get("MEGAQL_COMPLETION") == "0":
        return None
    if folder := environ.get("XDG_CACHE_HOME"):
        return Path(folder) / "megaql" / "completion.json"
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) / ".cache" / "megaql" / "completion.json" if home else None


def recall(environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what is remembered; nothing where there is no file, or none that can be read."""
    path = cache_file(environ)
    found: Any = None
    if path is not None:
        with suppress(OSError, ValueError):
            found = json.loads(path.read_text(encoding="utf-8"))
    found = found if isinstance(found, dict) else {}
    return {
        name: [one for one in found.get(name) or () if isinstance(one, str) and len(one) <= LONGEST][:most]
        for name, most in MOST.items()
    }


def note_targets(world: Environment, names: Iterable[str]) -> None:
    """Remember names of queues and topics."""
    _note(world.environ, "targets", [name for name in names if name.isprintable()])


def note_paths(world: Environment, paths: Iterable[str]) -> None:
    """Remember paths of messages."""
    _note(world.environ, "paths", [path for path in paths if _PATH.fullmatch(path)])


def _note(environ: Mapping[str, str], name: str, new: list[str]) -> None:
    path = cache_file(environ)
    new = [one for one in dict.fromkeys(new) if one and len(one) <= LONGEST][: MOST[name]]
    if path is None or not new:
        return
    known = recall(environ)
    after = list(dict.fromkeys([*new, *known[name]]))[: MOST[name]]
    if set(after) == set(known[name]):
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(known | {name: after}, file, ensure_ascii=False)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
