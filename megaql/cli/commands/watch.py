"""`megaql watch`: a queue or a file on the whole screen, with a query that is asked as it is typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.bulk.choices import AllowDeadLetterOption, AllowReceivesOption
from megaql.cli.environment import Color
from megaql.cli.options import (
    ColorOption,
    EndpointOption,
    ParamOption,
    ProfileOption,
    RegionOption,
    SourceArgument,
)
from megaql.cli.queries.typed import QueriesOption, compile_given, compile_where


def command(
    context: typer.Context,
    target: SourceArgument,
    where: Annotated[
        str | None,
        typer.Option(
            "-w",
            "--where",
            metavar="QUERY",
            help="The query to begin with, all without it; @NAME is one of a query file.",
        ),
    ] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    lease: Annotated[
        timedelta | None,
        typer.Option(
            "--lease",
            parser=options.duration,
            metavar="TIME",
            help="How long a queue hides what is read, 10s to 60s. [60s]",
        ),
    ] = None,
    allow_receives: AllowReceivesOption = False,
    allow_dead_letter: AllowDeadLetterOption = False,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Watch messages on the whole screen: a query asked as you type, a table, a tree, near misses, leases.

    Examples:
      megaql watch local:orders
      megaql watch orders-dlq -w 'event.name == "order.paid"'
      megaql watch failed.ndjson
      megaql tap local-topic:shop | megaql watch -

    Effect: holds. Messages of a queue are hidden while they are watched, 60 seconds at most, and are the queue's again then, or at once when you quit; their
    receive counts go up by one. A queue with a redrive policy is read until its messages come back; a FIFO queue with one receive. The keys are on
    the screen, all of them under ?. It needs the extra tui: pip install 'megaql[tui]'.
    """
    from megaql.cli.watching.session import Allowed, watch  # noqa: PLC0415 - the rooms below are entered when the command runs

    world = options.world_of(context, color)
    query = compile_where(world, where, param, queries)
    allowed = Allowed(lease, allow_dead_letter, allow_receives)
    connection = options.connection(profile, region, endpoint_url)
    return watch(world, target, connection, allowed, query, lambda text: compile_given(world, text, None, queries))
