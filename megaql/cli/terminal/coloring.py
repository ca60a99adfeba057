"""Queries in colour.

A maintainer keeps two rules: a colour repeats what the words say already; and this module is imported where a query is shown in colour and
nowhere before, because Pygments costs as much as a small command.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String, _TokenType

from megaql.cli.terminal.style import harmless
from megaql.highlight import MegaQLLexer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.cli.terminal.style import Style

#: The colours of tokens, in the names that typer and rich share; a token of another kind is as its parent kind is.
_COLORS: Final[dict[_TokenType, str]] = {
    Comment: "bright_black",
    Keyword: "magenta",
    Keyword.Constant: "cyan",
    Literal.Date: "cyan",
    Name.Builtin: "yellow",
    Name.Function: "blue",
    Name.Label: "blue",
    Name.Variable: "yellow",
    Number: "cyan",
    Operator.Word: "magenta",
    String: "green",
    String.Affix: "cyan",
    String.Regex: "yellow",
}


def pieces(query: str) -> Iterator[tuple[str, str | None]]:
    """Yield a query or a query file as pieces, harmless on a terminal, each with its colour if it has one."""
    tokens = MegaQLLexer().get_tokens_unprocessed(harmless(query, keep="\n\t"))
    for color, same in groupby(tokens, key=lambda token: _color(token[1])):
        yield "".join(text for _, _, text in same), color


def _color(kind: _TokenType | None) -> str | None:
    while kind is not None and kind not in _COLORS:
        kind = kind.parent
    return _COLORS[kind] if kind is not None else None


def painted(query: str, style: Style) -> str:
    """Return a query with its colours, where there are any."""
    return "".join(style(text, color) for text, color in pieces(query))
