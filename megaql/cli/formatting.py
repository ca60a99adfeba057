"""What `fmt` does with each text: print it, replace its file, name it or show the difference; and the count of it all.

A maintainer keeps one rule: a file is written when the whole of its new text is there, and a text with an error stops no other one.
"""

from __future__ import annotations

import os
import re
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.cli import complaint
from megaql.cli.queries import read_text, source_of, text_of
from megaql.cli.rewriting import rewrite
from megaql.cli.status import Status
from megaql.cli.style import Style, harmless
from megaql.errors import MegaQLError
from megaql.lang.layout.text import format_file, format_query
from megaql.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.cli.environment import Environment

#: What begins a query file, or is all of one without queries; a query begins with no name and colon.
_FILE: Final = re.compile(r"(?:\s*(?:#[^\n]*)?\n)*(?:[\w-]+:|\s*(?:#[^\n]*)?\Z)")

#: The colours of a difference's lines, by what they begin with.
_COLORS: Final = {"-": "red", "+": "green", "@": "cyan"}

#: A query is named by itself, cut to so many characters.
NAME: Final = 60


class Text(NamedTuple):
    """What is to be laid out: what people call it, its text, whether that is a query file's, and where it is written to."""

    name: str
    source: Source
    is_file: bool
    path: str | None = None

    def laid_out(self) -> str:
        """Return the text laid out. Raises QueryError."""
        return format_file(self.source.text, self.source.name) if self.is_file else format_query(self.source)


class Formatting:
    """Takes what the command line names, one by one, and says at the end what was done to files."""

    def __init__(self, world: Environment, queries: str | None, *, check: bool, diff: bool) -> None:
        self._world = world
        self._queries = queries
        self._check = check
        self._diff = diff
        self._style = Style(on=world.colors())
        self._files = self._changed = self._failed = 0
        self._found = False

    def take(self, given: str) -> None:
        """Lay out a query, a file, the files in a folder, or standard input."""
        for one in self._found_in(given) if _exists(given) and Path(given).is_dir() else (given,):
            try:
                self._lay_out(self._text(one))
            except MegaQLError as error:
                self._failed += 1
                complaint.report(self._world, error)

    def end(self) -> int:
        """Say what was done to files and return the exit status."""
        if self._files:
            done = "not laid out" if self._check or self._diff else "laid out"
            failed = f", failed {self._failed}" if self._failed else ""
            self._world.say(f"files {self._files}, {done} {self._changed}{failed}")
        if self._failed:
            return Status.USAGE
        return Status.NO_MATCH if self._check and self._found else Status.DONE

    def _found_in(self, folder: str) -> list[str]:
        """Return the query files in a folder; one without any is likely another one than was meant."""
        files = _files_in(folder)
        if not files:
            self._world.say(f"{harmless(folder)}: no query files (.mql) in it")
        return files

    def _text(self, given: str) -> Text:
        """Return the text of what is no folder."""
        if given == "-":
            text = text_of(self._world.read_input(), "standard input")
            return Text("standard input", Source(text, "standard input"), _FILE.match(text) is not None)
        if _exists(given) or (given.endswith(".mql") and not given.startswith("@")):
            self._files += 1
            return Text(given, Source(read_text(given), given), is_file=True, path=given)
        name = " ".join(given.split())
        name = name if len(name) <= NAME else f"{name[:NAME]}…"
        return Text(name, source_of(self._world, given, self._queries), is_file=False)

    def _lay_out(self, text: Text) -> None:
        laid_out = text.laid_out()
        changed = laid_out.rstrip("\n") != text.source.text.rstrip("\n") or (
            text.is_file and laid_out != text.source.text
        )
        if self._diff:
            self._print(self._difference(text, laid_out), colors=True)
        elif self._check:
            self._print([text.name] if changed else [])
        elif text.path is None:
            self._show(laid_out.removesuffix("\n"))
        elif changed:
            rewrite(text.path, laid_out)
        self._changed += changed and text.path is not None
        self._found = self._found or changed

    def _difference(self, text: Text, laid_out: str) -> Iterator[str]:
        """Yield a unified diff, which `patch` takes."""
        before, after = _lines(text.source.text), _lines(laid_out)
        yield from unified_diff(before, after, text.name, text.name, lineterm="")

    def _show(self, laid_out: str) -> None:
        if self._style.on:
            from megaql.cli.coloring import painted  # noqa: PLC0415 - it imports Pygments

            self._world.out(painted(laid_out, self._style))
        else:
            self._print(laid_out.split("\n"))

    def _print(self, lines: Iterable[str], *, colors: bool = False) -> None:
        for line in lines:
            shown = harmless(line, keep="\t") if self._world.stdout_isatty else line
            self._world.out(self._style(shown, _COLORS.get(line[:1])) if colors else shown)


def _exists(given: str) -> bool:
    """Say whether a word names a file or folder; a long query is no file name, and no error."""
    return os.path.exists(given)  # noqa: PTH110 - Path.exists raises for a name that is too long


def _files_in(folder: str) -> list[str]:
    """Return the query files in a folder and the folders in it, hidden ones left out."""
    found = Path(folder).rglob("*.mql")
    return sorted(
        str(path) for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines
