"""Lines of text as wide as a terminal shows them, for what is said in words.

A maintainer keeps one rule: room is counted in terminal cells, of which a wide East Asian character takes two, and never in code points.
"""

from __future__ import annotations

import textwrap
from typing import Final

from megaql.source import width

#: Stands beside a wide character while `textwrap` counts: a noncharacter, which means nothing in any text.
_FILLER: Final = "\ufdd0"


def wrap(text: str, room: int, *, indent: str = "", most: int | None = None) -> list[str]:
    """Return text as lines of at most `room` cells, all but the first behind an indent; what `most` lines do not hold becomes `…`."""
    if text.isascii():
        return _wrap(text, room, indent, most)
    # A word that is broken between a wide character and its filler gives a line that is one cell too wide.
    filled = "".join(char + _FILLER * (width(char) - 1) for char in text)
    for space in (room, room - 1):
        lines = [line.replace(_FILLER, "") for line in _wrap(filled, space, indent, most)]
        if all(width(line) <= room for line in lines):
            break
    return lines


def _wrap(text: str, room: int, indent: str, most: int | None) -> list[str]:
    return textwrap.wrap(text, room, subsequent_indent=indent, break_on_hyphens=False, max_lines=most, placeholder=" …")


def clip(text: str, room: int) -> str:
    """Return text on one line of at most `room` cells, its end replaced by `…` where it is longer."""
    if width(text) <= room:
        return text
    end = room - 1
    while width(text[:end]) >= room:
        end -= 1
    return f"{text[:end]}…"
