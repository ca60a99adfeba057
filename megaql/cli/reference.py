"""The page docs/cli.md, made from the help itself: `python -m megaql.cli.reference > docs/cli.md`.

A maintainer keeps one rule: nothing about a command is written here that its help does not say.
"""

from __future__ import annotations

import io
import sys
from typing import Final

import typer

from megaql.cli import commands
from megaql.cli.environment import Color, Environment
from megaql.cli.topics import TOPICS

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
    world = Environment(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), width=WIDTH, color=Color.NEVER)
    root = commands.root()
    with typer.Context(root, info_name="megaql", obj=world, **root.context_settings) as context:
        parts = [_HEAD, _block(root.get_help(context))]
        for entry in commands.COMMANDS:
            found = commands.load(entry.name)
            with typer.Context(found, info_name=entry.name, parent=context, **found.context_settings) as inner:
                parts += [f"## megaql {entry.name}\n", _block(found.get_help(inner))]
    for name, (_, text) in TOPICS.items():
        parts += [f"## megaql help {name}\n", _block(text)]
    return "\n".join(parts)


def _block(text: str) -> str:
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    from megaql.cli import completiontable

    completiontable.write()
    sys.stdout.write(page())
