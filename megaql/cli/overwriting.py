"""Refusing to write over what is being read.

A maintainer keeps one rule: it is asked before anything is opened, and of files as the system knows them, for a name says nothing: standard input, a link and another
spelling are the same file too.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from megaql.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.cli.environment import Environment

#: How a command line says "standard input".
_STDIN = "-"


def refuse_overwriting(world: Environment, written: str | None, read: Iterable[str], option: str) -> None:
    """Refuse to write a file that is read, under whatever name. `option` is what names the file to write. Raises ScanError."""
    if written is None:
        return
    for name in read:
        if same(world, written, name):
            raise ScanError(
                "The file to write is the file that is read",
                where=f"{option} {written}",
                why=f"{_called(name)} would be written over before it is read",
                hint="nothing was read or written; name another file",
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


def same(world: Environment, one: str, other: str) -> bool:
    """Whether two names stand for one file, which may be there or not; a pipe or a device can be named twice."""
    first, second = _of(world, one), _of(world, other)
    if first is None and second is None and _STDIN not in {one, other}:
        return _path(one) == _path(other) != ""
    return first is not None and _one(first, second)


def _one(first: os.stat_result, second: os.stat_result | None) -> bool:
    return second is not None and stat.S_ISREG(first.st_mode) and os.path.samestat(first, second)


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
