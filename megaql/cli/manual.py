"""The manual page docs/megaql.1, made from the help as docs/cli.md is: `python -m megaql.cli.reference` writes it anew.

A maintainer keeps one rule: nothing is written here that the help does not say; what is added is only what a manual page has to have.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql import __version__
from megaql.cli.commands.help import TOPICS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The page in a checkout; a wheel has it in share/man.
PAGE: Final = Path(__file__).parents[2] / "docs" / "megaql.1"

#: Help is set this wide, for `man` indents it. Characters.
WIDTH: Final = 72

#: Topic → the heading that manual pages have for it.
_HEADINGS: Final = {
    "exit-codes": "EXIT STATUS",
    "environment": "ENVIRONMENT",
    "queries": "QUERIES",
    "safety": "SAFETY",
}


def made(overview: str, commands: Mapping[str, str]) -> str:
    """Return the page's text, of the help of the whole and of each command."""
    parts = [
        f'.TH MEGAQL 1 "" "megaql {__version__}" "User Commands"',
        ".SH NAME",
        r"megaql \- query, watch and consume the messages of Amazon SQS and SNS",
        ".SH SYNOPSIS",
        ".B megaql",
        r"COMMAND [ARGUMENT \&...] [OPTIONS]",
        ".SH DESCRIPTION",
        _block(overview),
        ".SH COMMANDS",
    ]
    for name, text in commands.items():
        parts += [f".SS megaql {_escaped(name)}", _block(text)]
    for name, (title, text) in TOPICS.items():
        parts += [f".SH {_HEADINGS.get(name, name.upper())}", f"{_escaped(title)}.", ".PP", _block(text)]
    return "\n".join(parts) + "\n"


def _block(text: str) -> str:
    """Return a text whose lines stay as they are."""
    lines = [_line(line) for line in text.rstrip("\n").split("\n")]
    return "\n".join([".nf", *lines, ".fi"])


def _line(text: str) -> str:
    escaped = _escaped(text)
    return rf"\&{escaped}" if escaped[:1] in {".", "'"} else escaped


def _escaped(text: str) -> str:
    """Return a text with what troff would read otherwise: backslashes, hyphens that are to be copied, quotes that it would curl."""
    signs = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", "…": "..."}
    return re.sub(r"[\\\-'`^~…]", lambda found: signs[found[0]], text)
