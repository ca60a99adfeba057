"""Lines broken where the screen ends.

A maintainer keeps one rule: nothing is broken but between words, so that a path, an address or a name stays in one piece.
"""

from __future__ import annotations

import textwrap


def margin(line: str) -> str:
    """Return what stands before what follows of a line: the line's own margin and two columns."""
    return " " * (len(line) - len(line.lstrip()) + 2)


def broken(line: str, width: int, indent: str) -> list[str]:
    """Return a line in pieces that fit; `indent` stands before all but the first."""
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
