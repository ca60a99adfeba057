"""What the language tools are given to work on: queries, query files, folders of them, and standard input, each as a text.

A maintainer keeps one rule: every tool takes them through here, so that `fmt` and `check` never disagree on what a word on the command line is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.cli.queries.typed import read_text, source_of, text_of
from megaql.cli.terminal.style import harmless
from megaql.source import Source

if TYPE_CHECKING:
    from megaql.cli.environment import Environment

#: What begins a query file, or is all of one without queries; a query begins with no name and colon.
_FILE: Final = re.compile(r"(?:\s*(?:#[^\n]*)?\n)*(?:[\w-]+:|\s*(?:#[^\n]*)?\Z)")

#: A query is named by itself, cut to so many characters.
NAME: Final = 60


class Text(NamedTuple):
    """A text: what people call it, its source, whether that is a query file's, and where it is written to."""

    name: str
    source: Source
    is_file: bool
    path: str | None = None


def exists(given: str) -> bool:
    """Say whether a word names a file or folder; a long query is no file name, and no error."""
    return os.path.exists(given)  # noqa: PTH110 - Path.exists raises for a name that is too long


def is_file(given: str) -> bool:
    """Say whether a word names a query file, be it there or not."""
    return exists(given) or (given.endswith(".mql") and not given.startswith("@"))


def expanded(world: Environment, given: str) -> tuple[str, ...]:
    """Return the query files in a folder and the folders in it, hidden ones left out; anything else as it is.

    A folder without any is likely another one than was meant, which is said.
    """
    if not exists(given) or not Path(given).is_dir():
        return (given,)
    found = Path(given).rglob("*.mql")
    shown = (path for path in found if not any(part.startswith(".") for part in path.relative_to(given).parts))
    files = tuple(sorted(map(str, shown)))
    if not files:
        world.say(f"{harmless(given)}: no query files (.mql) in it")
    return files


def text_given(world: Environment, given: str, queries: str | None) -> Text:
    """Return the text of what is no folder; `queries` is the value of `--queries`.

    Raises MegaQLError for what cannot be read, and QueryError where the file of `@NAME` is none of queries.
    """
    if given == "-":
        text = text_of(world.read_input(), "standard input")
        return Text("standard input", Source(text, "standard input"), _FILE.match(text) is not None)
    if is_file(given):
        return Text(given, Source(read_text(given), given), is_file=True, path=given)
    name = " ".join(given.split())
    return Text(name if len(name) <= NAME else f"{name[:NAME]}…", source_of(world, given, queries), is_file=False)
