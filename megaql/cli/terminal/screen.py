"""The terminal that pictures are drawn on: rich's console, told by the environment and by nothing else how wide and how coloured it is.

A maintainer keeps two rules: text of a message reaches it as `Text` that went through `harmless`, never as a string that rich could read as
markup; and this module is imported where a picture is drawn and nowhere before, because rich costs more time than most commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.segment import Segment, Segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from megaql.cli.environment import Environment

#: No picture is laid out by the terminal's height; rich would ask the terminal for it otherwise. Lines.
_HEIGHT: Final = 25


class Screen(Console):
    """The environment's standard output."""

    def __init__(self, world: Environment) -> None:
        colors = world.colors()
        super().__init__(
            file=world.stdout,
            width=world.width,
            height=_HEIGHT,
            # The sixteen colours that a user's terminal has chosen itself.
            color_system="standard" if colors else None,
            no_color=not colors,
            force_terminal=colors,
            force_interactive=False,
            force_jupyter=False,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def draw(self, picture: RenderableType) -> None:
        """Print a picture without the spaces that rich fills its lines up with: they would be copied, and wrap in a narrower window."""
        lines = self.render_lines(picture, pad=False)
        self.print(Segments(_ended(lines)), end="", crop=False)

    def on_broken_pipe(self) -> None:
        """Leave it to `main` what becomes of a command whose reader has left; rich would end the process."""
        raise BrokenPipeError


def _ended(lines: list[list[Segment]]) -> Iterator[Segment]:
    for line in lines:
        while line and not line[-1].text.strip(" "):
            line.pop()
        yield from line[:-1]
        if line:
            yield Segment(line[-1].text.rstrip(" "), line[-1].style)
        yield Segment.line()
