"""Refusing to write over what is being read, or over what is written.

A maintainer keeps one rule: it is asked before anything is opened, and of files as the system knows them, for a name says nothing: standard input, a link and another
spelling are the same file too.
"""

from __future__ import annotations

import os
import stat
from itertools import combinations
from typing import TYPE_CHECKING

from megaql.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from megaql.cli.environment import Environment

#: How a command line says "standard input".
_STDIN = "-"


def refuse_overwriting(world: Environment, written: str | None, read: Iterable[str], option: str) -> None:
    """Refuse to write a file that is read, under whatever name. `option` is what names the file to write. Raises ScanError."""
    if written is None:
        return
    there = _of(world, written)
    for name in read:
        found = _of(world, name)
        if there is found is None and _path(written) == _path(name) != "":
            raise ScanError(
                "The file to write has the name of what is read",
                where=f"{option} {written}",
                why="once that file is there, its name means the file, and a queue of this name is not read any more",
                hint="nothing was read or written; name another file",
            )
        if _one(there, found):
            raise ScanError(
                "The file to write is the file that is read",
                where=f"{option} {written}",
                why=f"{_called(name)} would be written over before it is read",
                hint="nothing was read or written; name another file",
            )


def refuse_sharing(world: Environment, written: Mapping[str, str | None]) -> None:
    """Refuse to write two things into one file, which may be there or not; a device can be named twice. `written` is option → file. Raises ScanError."""
    named = [(option, name, _of(world, name)) for option, name in written.items() if name is not None]
    for (one, first, there), (other, second, there_too) in combinations(named, 2):
        if _one(there, there_too) or (there is there_too is None and _path(first) == _path(second) != ""):
            raise ScanError(
                "Two things would be written into one file",
                where=f"{one} {first}, {other} {second}",
                why="neither could be told from the other there",
                hint="nothing was read or written; name two files",
            )


def refuse_appending(world: Environment, read: str) -> None:
    """Refuse to read a file that standard output goes into (`>> FILE`): it would grow as it is read. Raises ScanError."""
    try:
        written = os.fstat(world.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # a stream of a test has no descriptor
        return
    if _one(written, _of(world, read)):
        raise ScanError(
            "The output goes into the file that is read",
            where=_called(read),
            why="it would grow for as long as it is read",
            hint="nothing was read; lead the output into another file",
        )


def _one(first: os.stat_result | None, second: os.stat_result | None) -> bool:
    """Whether these are one file; a pipe or a device is none."""
    if first is None or second is None:
        return False
    return stat.S_ISREG(first.st_mode) and os.path.samestat(first, second)


def _of(world: Environment, name: str) -> os.stat_result | None:
    try:
        return os.fstat(world.stdin.fileno()) if name == _STDIN else os.stat(name)  # noqa: PTH116 - a long query is no file name, and no error
    except (OSError, ValueError, AttributeError):  # nothing is there, or no descriptor in a test
        return None


def _path(name: str) -> str:
    try:
        return os.path.realpath(name)
    except (OSError, ValueError):
        return ""


def _called(name: str) -> str:
    return "standard input" if name == _STDIN else name
