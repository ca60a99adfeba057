"""`megaql alias`: short names for queues, topics and files, in megaql.toml."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption
from megaql.cli.places.forms import Form, FormOption


def command(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The short name; without one, all are listed.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET", help="What it stands for: a queue, a topic or a file, as any command takes it."
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the name out of the file.")] = False,
    output: FormOption = Form.AUTO,
    color: ColorOption = Color.AUTO,
) -> int:
    """List short names for queues, topics and files, or set one: `megaql peek dead` then means what it stands for.

    Examples:
      megaql alias
      megaql alias dead https://sqs.eu-west-1.amazonaws.com/123456789012/orders-dlq
      megaql alias dead
      megaql alias dead --remove

    Effect: reads. No queue is touched. Names stand under [aliases] in megaql.toml, the one in force, else the user's own, which is made; all else in
    it stays as it is, comments too. A name comes before a queue or a file that is called the same.
    """
    from megaql.cli.places import aliasing  # noqa: PLC0415 - the rooms below are entered when the command runs

    world = options.world_of(context, color)
    if remove:
        if name is None or target is not None:
            raise typer.BadParameter("it takes the name, and nothing else", param_hint="--remove")
        return aliasing.remove(world, name)
    if name is not None and target is not None:
        return aliasing.put(world, name, target)
    return aliasing.show(world, name, output)
