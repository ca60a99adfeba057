"""`megaql release`: the messages that a read which was killed still hides, given back."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption


def command(
    context: typer.Context,
    only_list: Annotated[bool, typer.Option("--list", help="Say what there is to give back, and do nothing.")] = False,
    color: ColorOption = Color.AUTO,
) -> int:
    """Give back the messages that a read which was killed still hides.

    Examples:
      megaql release --list
      megaql release

    Effect: holds. A read notes the receipt handles of what it holds in a file in your state folder, and removes the file when it has given
    everything back. After kill -9, a crash or a second Ctrl-C the file stays, and this command makes those messages visible again,
    but never one whose lease may have ended: it could be somebody else's by now. Leases end by themselves within 60 seconds, so there
    is nothing that has to be done. Reads that still run, and other people's, are left alone.
    """
    from megaql.cli.reading.releasing import release  # noqa: PLC0415 - the rooms below are entered when the command runs

    return release(options.world_of(context, color), only_list=only_list)
