"""`megaql doctor`: what is wrong with the way to a queue, and with the queue's settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, EndpointOption, ProfileOption, RegionOption
from megaql.cli.places.forms import Form, FormOption


def command(
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            help="A queue URL, an ARN, a queue name or local:NAME; without one, all that belongs to no single queue.",
        ),
    ] = None,
    handling: Annotated[
        timedelta | None,
        typer.Option(
            "--handling",
            metavar="TIME",
            parser=options.duration,
            help="How long a handler takes at most, to compare with the visibility timeout.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
    output: FormOption = Form.AUTO,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Look for what is wrong: configuration, credentials, permissions, a queue's settings, the embedded broker's files.

    Examples:
      megaql doctor
      megaql doctor orders --handling 45s
      megaql doctor local:orders
      megaql doctor orders --strict -o json

    Effect: reads. Settings only: nothing is received, sent or deleted. Permissions are tried where trying only reads; others are said to be
    untried. It ends with 0 where nothing is broken, 1 for an error among the settings or the files, 2 for a configuration that is wrong,
    4 for credentials or permissions, 5 for a queue that is missing or out of reach.
    """
    from megaql.cli.places.examining import examine  # noqa: PLC0415 - the rooms below are entered when the command runs

    world = options.world_of(context, color)
    return examine(world, target, (profile, region, endpoint_url), output, handling=handling, strict=strict)
