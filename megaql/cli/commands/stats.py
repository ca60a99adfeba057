"""`megaql stats`: the messages of a queue or a file as numbers and pictures."""

from __future__ import annotations

from typing import Annotated, Final

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
from megaql.cli.overwriting import refuse_overwriting
from megaql.cli.queries.typed import QueriesOption, compile_where, files_of
from megaql.cli.survey.bounds import (
    DURATION,
    SCAN,
    AllowDeadLetterOption,
    AllowReceivesOption,
    DurationOption,
    FormOption,
    ScanOption,
)

#: Values that are shown of a path unless `--top` says otherwise.
TOP: Final = 10


def command(
    context: typer.Context,
    target: SourceArgument,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "-b",
            "--by",
            metavar="PATH",
            help="Count by the values at a path; can be given several times. Without it by what the messages suggest.",
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "-w",
            "--where",
            metavar="QUERY",
            help="Draw what matches in a tone of its own, and how far messages get in the query; @NAME is one of a query file.",
        ),
    ] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    top: Annotated[
        int, typer.Option("--top", min=1, max=500, metavar="N", help="Show the N most frequent values of a path.")
    ] = TOP,
    time: Annotated[
        str | None,
        typer.Option(
            "--time",
            metavar="PATH",
            help="Where a message says its time: a date, or ISO 8601 text.",
            show_default="@sent_at, else event.timestamp",
        ),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write a page as well that needs nothing but a browser, for nobody but you to read.",
            rich_help_panel="Output",
        ),
    ] = None,
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
    """Count messages by value, over time, by size, age and receive count, and draw it.

    Examples:
      megaql stats orders-dlq
      megaql stats orders-dlq --by event.name --by @attributes.tenant --top 5
      megaql stats failed.ndjson -w 'event.name == "item.added" and event.quantity > 5'
      megaql stats failed.ndjson --by 'object.current.items[*].sku' --html failed.html
      megaql peek orders -n 500 -o ndjson | megaql stats - -o json

    Effect: holds. As `peek` does: up to 1,000 messages of a queue for up to 20 seconds, released afterwards, their receive counts up by one.
    Files and standard input are only read, in constant memory. Counts are exact for the messages that were read.
    """
    from megaql.cli.messages.fields import read_field  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.messages.output import summary_form  # noqa: PLC0415 - as above
    from megaql.cli.reading.source import Wanted, reading  # noqa: PLC0415 - as above
    from megaql.cli.survey.surveying import Counting, Numbers  # noqa: PLC0415 - as above
    from megaql.scan.budget import Budget  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    refuse_overwriting(world, html, [target, *files_of(world, where, queries)], "--html")
    query = compile_where(world, where, param, queries)
    numbers = Numbers(
        paths=[read_field(text, "--by").path for text in by or ()],
        time=read_field(time, "--time").path if time is not None else None,
        top=top,
        form=summary_form(world, output, "numbers"),
        html=html,
    )
    wanted = Wanted(
        Budget(scan=scan or SCAN, duration=duration or DURATION),
        Budget(scan=scan, duration=duration),
        allow_dead_letter=allow_dead_letter,
        allow_receives=allow_receives,
        orderly=True,
    )
    connection = options.connection(profile, region, endpoint_url)
    with Counting(world, query, numbers) as counting, reading(world, target, connection, wanted) as messages:
        counting.run(messages)
    return messages.status()
