"""The line that the query is typed into.

A maintainer keeps one rule: what is pasted arrives whole. A query of several lines, as query files and code have them, becomes one line; textual would take
the first and say nothing, and that is often a query too, of other messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from megaql.errors import QueryError
from megaql.query import compile as compile_query

if TYPE_CHECKING:
    from textual import events


class Box(Input):
    """An input of one line that takes texts of several."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.replace(one_line(event.text), *self.selection)


def one_line(text: str) -> str:
    """Return a text on one line: a whole query without its comments, which would hide the rest of the line; anything else as it stands."""
    first, *others = [line for line in text.splitlines() if line.strip()] or [""]
    if not others:
        return first
    try:
        # A terminal sends the ends of lines as the Enter key would, \r, which ends no comment.
        return str(compile_query("\n".join([first, *others])))
    except QueryError:
        return " ".join([first, *map(str.strip, others)])
