"""`megaql schema`: which paths the messages of a queue or a file have, and what stands there."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.messages.output import Output
from megaql.cli.options import (
    ColorOption,
    EndpointOption,
    ParamOption,
    ProfileOption,
    RegionOption,
    SourceArgument,
)
from megaql.cli.queries.typed import QueriesOption, compile_where
from megaql.cli.survey.bounds import (
    DURATION,
    SCAN,
    AllowDeadLetterOption,
    AllowReceivesOption,
    DurationOption,
    FormOption,
    ScanOption,
)


def command(
    context: typer.Context,
    target: SourceArgument,
    by: Annotated[
        str | None,
        typer.Option("-b", "--by", metavar="PATH", help="A schema for each value at a path, such as event.name."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "-w",
            "--where",
            metavar="QUERY",
            help="Look only at the messages that match; @NAME is one of a query file.",
        ),
    ] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    samples: Annotated[
        int,
        typer.Option(
            "--samples",
            min=0,
            max=20,
            metavar="N",
            help="Show up to N values of each path, and the range of numbers. Without it only values that several messages share are shown.",
        ),
    ] = 0,
    scan: ScanOption = None,
    duration: DurationOption = None,
    allow_receives: AllowReceivesOption = False,
    allow_dead_letter: AllowDeadLetterOption = False,
    output: FormOption = Output.AUTO,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Say which paths messages have, in how many, with what kinds of values, and how to query them.

    Examples:
      megaql schema orders
      megaql schema orders --by event.name
      megaql schema failed.ndjson -w 'event.name == "order.paid"' --samples 3
      megaql schema failed.ndjson -o json

    Effect: holds. As `peek` does: up to 1,000 messages of a queue for up to 20 seconds, released afterwards, their receive counts up by one.
    Files and standard input are only read, in constant memory.
    """
    from megaql.cli.messages.fields import read_field  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.messages.output import summary_form  # noqa: PLC0415 - as above
    from megaql.cli.reading.source import Wanted, reading  # noqa: PLC0415 - as above
    from megaql.cli.survey.shaping import Shaping  # noqa: PLC0415 - as above
    from megaql.scan.budget import Budget  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    query = compile_where(world, where, param, queries)
    path = read_field(by, "--by").path if by is not None else None
    shaping = Shaping(world, query, path, samples, summary_form(world, output, "schemas"))
    wanted = Wanted(
        Budget(scan=scan or SCAN, duration=duration or DURATION),
        Budget(scan=scan, duration=duration),
        allow_dead_letter=allow_dead_letter,
        allow_receives=allow_receives,
        orderly=True,
    )
    with reading(world, target, options.connection(profile, region, endpoint_url), wanted) as messages:
        shaping.run(messages)
    return messages.status()
