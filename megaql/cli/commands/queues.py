"""`megaql queues`: which queues there are, how much is in them, and where their dead letters go."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, EndpointOption, ProfileOption, RegionOption
from megaql.cli.places.forms import Form, FormOption


def command(
    context: typer.Context,
    pattern: Annotated[
        str,
        typer.Argument(
            metavar="PATTERN",
            help="What names begin with, or a pattern with * and ?; local: in front for queues of the embedded broker.",
        ),
    ] = "",
    names: Annotated[bool, typer.Option("--names", help="Names only, one a line; each queue is not asked.")] = False,
    busy: Annotated[bool, typer.Option("--busy", help="Only queues that hold messages.")] = False,
    topics: Annotated[
        bool, typer.Option("--topics", help="List topics instead; `megaql info` tells of each who subscribes.")
    ] = False,
    output: FormOption = Form.AUTO,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """List queues: how much is in them, in flight and delayed, and where their dead letters go.

    Examples:
      megaql queues
      megaql queues 'orders*' --busy
      megaql queues local:
      megaql queues --topics
      megaql queues -o json | jq '.[] | select(.messages.visible > 1000) | .name'

    Effect: reads. One ListQueues for each thousand queues and one GetQueueAttributes for each queue; no message is touched. SQS does not say
    how old messages are, so that the age of the oldest one is shown for local queues only.
    """
    from megaql.cli.places.listing import show_queues, show_topics  # noqa: PLC0415 - the rooms below are entered when the command runs

    if names and busy:
        raise typer.BadParameter("it has to ask each queue, and --names asks none", param_hint="--busy")
    if topics and (names or busy):
        raise typer.BadParameter("topics hold no messages, and their names are all there is", param_hint="--topics")
    world = options.world_of(context, color)
    connection = options.connection(profile, region, endpoint_url)
    if topics:
        return show_topics(world, pattern, connection, output)
    return show_queues(world, pattern, connection, output, names_only=names, busy=busy)
