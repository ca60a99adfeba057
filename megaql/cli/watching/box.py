"""The line that the query is typed into.

A maintainer keeps one rule: what is pasted arrives whole. A query of several lines, as query files and code have them, becomes one line; textual would take
the first and say nothing, and that is often a query too, of other messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from megaql.lang.tokens import scan

if TYPE_CHECKING:
    from textual import events


class Box(Input):
    """An input of one line that takes texts of several."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.replace(one_line(event.text), *self.selection)


def one_line(text: str) -> str:
    """Return a query, or a part of one, on one line, without its comments, which would hide the rest of the line."""
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    if len(lines) == 1:
        return lines[0]
    # A terminal sends the ends of lines as the Enter key would, \r, which ends no comment.
    text, shown, end = "\n".join(lines), "", 0
    for token in scan(text)[:-1]:
        between = text[end : token.start]
        if "\n" in between:
            between = " " if shown else ""
        shown, end = shown + between + token.text, token.end
    return shown
