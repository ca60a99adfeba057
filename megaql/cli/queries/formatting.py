"""What `fmt` does with each text: print it, replace its file, name it or show the difference; and the count of it all.

A maintainer keeps one rule: a file is written when the whole of its new text is there, and a text with an error stops no other one.
"""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from megaql.cli import complaint
from megaql.cli.queries.rewriting import rewrite
from megaql.cli.queries.texts import expanded, is_file, text_given
from megaql.cli.status import Status
from megaql.cli.terminal.style import Style, harmless
from megaql.errors import MegaQLError
from megaql.lang.layout.text import format_file, format_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.cli.environment import Environment
    from megaql.cli.queries.texts import Text

#: The colours of a difference's lines, by what they begin with.
_COLORS: Final = {"-": "red", "+": "green", "@": "cyan"}


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
        for one in expanded(self._world, given):
            self._files += is_file(one)
            try:
                self._lay_out(text_given(self._world, one, self._queries))
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

    def _lay_out(self, text: Text) -> None:
        laid_out = _laid_out(text)
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
            from megaql.cli.terminal.coloring import painted  # noqa: PLC0415 - it imports Pygments

            self._world.out(painted(laid_out, self._style))
        else:
            self._print(laid_out.split("\n"))

    def _print(self, lines: Iterable[str], *, colors: bool = False) -> None:
        for line in lines:
            shown = harmless(line, keep="\t") if self._world.stdout_isatty else line
            self._world.out(self._style(shown, _COLORS.get(line[:1])) if colors else shown)


def _laid_out(text: Text) -> str:
    """Return a text laid out. Raises QueryError."""
    return format_file(text.source.text, text.source.name) if text.is_file else format_query(text.source)


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines
