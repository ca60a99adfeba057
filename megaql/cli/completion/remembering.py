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

from megaql.cli.configuration.aliases import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from megaql.broker.message import Message
    from megaql.cli.environment import Environment

#: The most names and paths that are kept.
MOST: Final = {"targets": 1000, "paths": 1000}

#: The messages of a reading whose paths are remembered, how deep, and how many keys of one object.
SAMPLE: Final = 20
DEPTH: Final = 6
WIDTH: Final = 100

#: A longer one is nothing to complete. Characters.
LONGEST: Final = 200

#: A key that looks like a name. Anything else may be data that somebody has used as a key, such as an address.
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}")

#: A path of such keys.
_PATH: Final = re.compile(rf"@?{_KEY.pattern}(?:(?:\[\*\])?\.{_KEY.pattern})*")


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
    lists = (
        {name: listed for name, listed in found.items() if isinstance(listed, list)} if isinstance(found, dict) else {}
    )
    return {
        name: [one for one in lists.get(name, ()) if isinstance(one, str) and len(one) <= LONGEST][:most]
        for name, most in MOST.items()
    }


def note_targets(world: Environment, names: Iterable[str]) -> None:
    """Remember names of queues and topics."""
    _note(world.environ, "targets", [name for name in names if name.isprintable()])


def note_paths(world: Environment, paths: Iterable[str]) -> None:
    """Remember paths of messages."""
    _note(world.environ, "paths", [path for path in paths if _PATH.fullmatch(path)])


def note_places(world: Environment, parameters: list[Any], values: Mapping[str, Any]) -> None:
    """Remember the queues and topics that a command was given; a file is completed as one."""
    given = [values.get(one.name) for one in parameters if one.metavar in PLACES]
    note_targets(world, [one for one in given if isinstance(one, str) and _is_place(one)])


def _is_place(text: str) -> bool:
    if text.startswith(("local:", "local-topic:", "arn:", "http://", "https://")):
        return True
    return re.fullmatch(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo", text) is not None and not Path(text).exists()


class PathNotes:
    """The paths of the first messages of a reading, remembered at its end."""

    def __init__(self, world: Environment) -> None:
        self._world = world
        self._left = SAMPLE if cache_file(world.environ) is not None else 0
        self._paths: dict[str, None] = {}

    def see(self, message: Message) -> None:
        """Look at a message, if enough others have not been looked at."""
        if self._left > 0:
            self._left -= 1
            payload = message.payload
            if payload.kind not in {"text", "blob"}:
                _walk(payload.document, "", self._paths, DEPTH)

    def keep(self) -> None:
        """Remember what was seen."""
        note_paths(self._world, self._paths)


def _walk(value: object, path: str, paths: dict[str, None], depth: int) -> None:
    if isinstance(value, list):
        for one in value[:3]:
            _walk(one, f"{path}[*]", paths, depth)
    elif isinstance(value, dict) and depth:
        for key, inner in list(value.items())[:WIDTH]:
            if not _KEY.fullmatch(key):
                continue
            below = f"{path}.{key}" if path else str(key)
            if not isinstance(inner, dict | list):
                paths.setdefault(below)
            _walk(inner, below, paths, depth - 1)


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
