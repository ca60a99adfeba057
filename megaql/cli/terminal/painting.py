"""Lines of words on a screen, each word in the colour of its look: near misses, numbers, schemas.

A maintainer keeps one rule: what is said stands in the lines; here are the colours, and what makes words harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.cli.terminal.style import Style, harmless
from megaql.lang.neartext import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from megaql.cli.environment import Environment
    from megaql.lang.neartext import Piece

_COLORS: Final = {Look.BAR: "green", Look.REASON: "yellow", Look.HINT: "cyan"}


def draw_lines(world: Environment, lines: Iterable[Sequence[Piece]]) -> None:
    """Print lines of words, each in the colour of its look."""
    style = Style(on=world.colors())
    for line in lines:
        world.out("".join(_painted(style, piece) for piece in line).rstrip())


def _painted(style: Style, piece: Piece) -> str:
    bold, dim = piece.look in {Look.HEADING, Look.CLAUSE}, piece.look is Look.EXAMPLE
    return style(harmless(piece.text), _COLORS.get(piece.look), bold=bold, dim=dim)
