"""Words in colour, and message content made harmless on a terminal.

A maintainer keeps two rules: a colour repeats what a word or a sign already says; and text from a message reaches a terminal only through
`harmless`, since an escape sequence in a body can retitle a window, hide lines or type into a shell.
"""

from __future__ import annotations

import re
from typing import Final

import typer

#: C0 and C1 controls, DEL, line separators, and the characters that reorder or hide text.
_HARMFUL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

#: The same in JSON text, where C0 controls are escaped already and everything matched stands inside a string.
_HARMFUL_IN_JSON: Final = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Style:
    """Paints words of a line where colours are on: `style("error:", "red", bold=True)`. Pictures are rich's (`screen.py`)."""

    def __init__(self, *, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, color: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
        """Return text in this style, or as it is."""
        if not self.on or not text or not (color or bold or dim):
            return text
        return typer.style(text, fg=color, bold=bold or None, dim=dim or None)


def harmless(text: str, *, keep: str = "") -> str:
    r"""Return text with everything that moves a cursor or reorders text as `\n`, `\x1b`, `\u202e`; `keep` stays as it is."""
    return _HARMFUL.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def harmless_json(text: str) -> str:
    r"""Return JSON text with the characters JSON lets through and a terminal should not see as `\uXXXX`: the same value."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _HARMFUL_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escaped(char: str) -> str:
    return {"\n": r"\n", "\t": r"\t", "\r": r"\r"}.get(char) or (
        f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
    )
