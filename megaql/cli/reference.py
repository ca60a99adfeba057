"""The page docs/cli.md, made from the help itself: `python -m megaql.cli.reference > docs/cli.md`; it writes the manual page and completion's table as well.

A maintainer keeps one rule: nothing about a command is written here that its help does not say.
"""

from __future__ import annotations

import io
import sys
from typing import Final

import typer

from megaql.cli import program
from megaql.cli.commands.help import TOPICS
from megaql.cli.environment import Color, Environment

#: The help on the page is as wide as a terminal of the usual size. Characters.
WIDTH: Final = 80

_HEAD: Final = """\
# The command line

This page is the output of `megaql COMMAND -h` and `megaql help TOPIC`, written by `python -m megaql.cli.reference > docs/cli.md`.

Data goes to standard output and everything else to standard error. Each command says what it does to a queue: *reads* nothing but files,
*holds* messages and releases them, *writes* new ones, or *consumes*.
"""


def page() -> str:
    """Return the page as Markdown."""
    overview, helps = _helps(WIDTH)
    parts = [_HEAD, _block(overview)]
    for name, text in helps.items():
        parts += [f"## megaql {name}\n", _block(text)]
    for name, (_, text) in TOPICS.items():
        parts += [f"## megaql help {name}\n", _block(text)]
    return "\n".join(parts)


def manual_page() -> str:
    """Return the manual page."""
    from megaql.cli import manual  # noqa: PLC0415 - the page of Markdown has no need of it

    return manual.made(*_helps(manual.WIDTH))


def _helps(width: int) -> tuple[str, dict[str, str]]:
    """Return the help of the whole and of each command."""
    world = Environment(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), width=width, color=Color.NEVER)
    root = program.root()
    helps = {}
    with typer.Context(root, info_name="megaql", obj=world, **root.context_settings) as context:
        overview = root.get_help(context)
        for entry in program.COMMANDS:
            found = program.load(entry.name)
            with typer.Context(found, info_name=entry.name, parent=context, **found.context_settings) as inner:
                helps[entry.name] = found.get_help(inner)
    return overview, helps


def _block(text: str) -> str:
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    from megaql.cli import completiontable, manual

    completiontable.write()
    manual.PAGE.write_text(manual_page(), encoding="utf-8")
    sys.stdout.write(page())
