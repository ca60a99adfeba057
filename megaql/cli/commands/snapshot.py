"""`megaql snapshot`: one live read into a file, then any number of offline queries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.bulk.choices import AllowDeadLetterOption, AllowReceivesOption, DurationOption, HoldOption, ScanOption
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, EndpointOption, ParamOption, ProfileOption, RegionOption, SourceArgument
from megaql.cli.overwriting import refuse_overwriting
from megaql.cli.queries.typed import QueriesOption, compile_where, files_of


def command(
    context: typer.Context,
    target: SourceArgument,
    file: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="The file to write: .ndjson, or .ndjson.gz. Only you can read it."
        ),
    ],
    where: Annotated[
        str | None,
        typer.Option(
            "-w", "--where", metavar="QUERY", help="Only the messages that match; @NAME is one of a query file."
        ),
    ] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(
            "--mask",
            metavar="PATH",
            help="Write a mask in the place of each value here, and of the same text anywhere else in its message. Equal values have equal masks.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--limit",
            min=1,
            metavar="N",
            help="Stop after N messages are written.",
            rich_help_panel="How far to go",
        ),
    ] = None,
    scan: ScanOption = None,
    duration: DurationOption = None,
    hold: HoldOption = None,
    allow_receives: AllowReceivesOption = False,
    allow_dead_letter: AllowDeadLetterOption = False,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Read a queue once into a file, which every command then reads in its place.

    Examples:
      megaql snapshot orders-dlq -o failed.ndjson
      megaql snapshot orders-dlq -o failed.ndjson.gz --mask event.email --mask '**.phone'
      megaql snapshot orders -o some.ndjson -w 'event.subject == "customer-17"' -n 100
      megaql peek failed.ndjson -w 'event.name == "order.paid"'
      megaql publish local:orders --from failed.ndjson

    Effect: holds. All messages of the queue are hidden while they are read, as long as that takes, and then released; their
    receive counts go up by one. At most a tenth of what the queue may have in flight is held, unless --hold says more. A file that is there is
    replaced when the new one is whole. A body that is no document is masked whole as soon as a path of the payload is.
    """
    from megaql.cli.reading.snapshotting import write  # noqa: PLC0415 - as above
    from megaql.cli.reading.source import Wanted  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.scan.budget import Budget  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    refuse_overwriting(world, file, [target, *files_of(world, where, queries)], "--output")
    if file == "-":
        raise typer.BadParameter("name a file; megaql peek writes to standard output", param_hint="--output")
    if Path(file).is_dir():
        raise typer.BadParameter(f"{file} is a folder; name a file in it", param_hint="--output")
    budget = Budget(limit, scan, duration)
    wanted = Wanted(budget, budget, allow_dead_letter=allow_dead_letter, allow_receives=allow_receives, hold=hold)
    query = compile_where(world, where, param, queries)
    connection = options.connection(profile, region, endpoint_url)

    return write(world, target, connection, wanted, file=file, query=query, mask=mask or [])
