"""Lines of a file that are no messages, told on standard error without quoting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.cli.terminal.style import Style, harmless

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.cli.environment import Environment
    from megaql.scan.documents import BadLine

#: Lines that are told each; the rest is counted only.
SHOWN: Final = 20


def printer(world: Environment, path: str) -> Callable[[BadLine], None]:
    """Return what tells of lines that are passed over, the first ones each."""
    style = Style(on=world.colors(stderr=True))
    name = "standard input" if path == "-" else path
    told = 0

    def tell(bad: BadLine) -> None:
        nonlocal told
        told += 1
        if told <= SHOWN:
            world.say(
                f"{style('warning:', 'yellow', bold=True)} {harmless(name)}:{bad.line}: {harmless(bad.why)}; passed over"
            )
        elif told == SHOWN + 1:
            world.say(f"{style('warning:', 'yellow', bold=True)} further unreadable lines are counted only")

    return tell
