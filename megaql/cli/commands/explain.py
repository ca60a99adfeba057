"""`megaql explain`: the clause tree of single messages, and over many what kept how many out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.messages.output import Output
from megaql.cli.options import (
    ColorOption,
    EndpointOption,
    Only,
    ParamOption,
    ProfileOption,
    RegionOption,
    SourceArgument,
)
from megaql.cli.queries.typed import QueriesOption, compile_given

#: Messages that are explained unless `--limit` says otherwise.
LIMIT: Final = 1

#: Messages of a queue that are looked at where it depends on them which one is explained.
SCAN: Final = 500

#: How long a queue is read unless `--for` says otherwise.
DURATION: Final = timedelta(seconds=10)

_WHICH: Final = "Which messages"


def command(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="The query, in quotes for the shell, or @NAME of a query file.")
    ],
    target: SourceArgument,
    param: ParamOption = None,
    queries: QueriesOption = None,
    limit: Annotated[
        int, typer.Option("-n", "--limit", min=1, metavar="N", help="Explain so many messages.", rich_help_panel=_WHICH)
    ] = LIMIT,
    message_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="Explain the message whose id begins like this.", rich_help_panel=_WHICH
        ),
    ] = None,
    nth: Annotated[
        int | None,
        typer.Option(
            "--nth", min=1, metavar="N", help="Explain the N-th message that is read.", rich_help_panel=_WHICH
        ),
    ] = None,
    only: Annotated[
        Only,
        typer.Option(
            "--only",
            metavar="VERDICT",
            help="any, match, no-match, unknown or near-miss.",
            show_default=False,
            rich_help_panel=_WHICH,
        ),
    ] = Only.ANY,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary",
            help="Count instead: how far messages got, which clauses kept how many out, and the values that came nearest.",
        ),
    ] = False,
    scan: Annotated[
        int,
        typer.Option(
            "--scan", min=1, metavar="N", help="Look at no more messages of a queue than this.", rich_help_panel=_WHICH
        ),
    ] = SCAN,
    duration: Annotated[
        timedelta | None,
        typer.Option(
            "--for",
            parser=options.duration,
            metavar="TIME",
            help="Read a queue no longer than this.",
            show_default="10s",
            rich_help_panel=_WHICH,
        ),
    ] = None,
    allow_receives: Annotated[
        bool, typer.Option("--allow-receives", help="Read a queue with a maxReceiveCount of 2 or 3.")
    ] = False,
    output: Annotated[
        Output,
        typer.Option(
            "-o",
            "--output",
            metavar="FORM",
            help="table (a tree), ndjson (one explanation a line) or json; auto as in peek.",
        ),
    ] = Output.AUTO,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Say why a query matches a message or does not, and over many what kept how many out.

    Examples:
      megaql explain 'event.name == "item.added" and event.quantity > 5' local:orders
      megaql explain 'event.quantity > 5' orders --id 8f3a
      megaql explain 'event.quantity > 5' failed.ndjson --only near-miss -n 3
      megaql explain 'event.name == "item.added" and event.quantity > 5' events.ndjson --summary

    Effect: holds. As `peek` does, and just as many messages as it takes. Files and standard input are only read.
    """
    from megaql.cli.messages.output import summary_form  # noqa: PLC0415 - as above
    from megaql.cli.reading.source import Wanted, reading  # noqa: PLC0415 - as above
    from megaql.cli.survey.explaining import Asked, Explaining  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.scan.budget import Budget, StopReason  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    for option, given in (("--id", message_id), ("--nth", nth), ("--only", None if only is Only.ANY else only)):
        if summary and given is not None:
            raise typer.BadParameter(f"--summary counts all messages; leave out {option}", param_hint="--summary")
    compiled = compile_given(world, query, param, queries)
    chosen = message_id is not None or nth is not None or only is not Only.ANY or summary
    wanted = Wanted(
        Budget(scan=scan if chosen else min(limit, scan), duration=duration or DURATION),
        Budget(duration=duration),
        allow_receives=allow_receives,
        expected=None if chosen else StopReason.SCAN,
        orderly=True,
    )
    asked = Asked(only, message_id, nth, 1 if nth is not None else limit, summary=summary)
    explaining = Explaining(world, compiled, asked, summary_form(world, output, "explanations"))
    with reading(world, target, options.connection(profile, region, endpoint_url), wanted) as messages:
        explaining.run(messages)
    return messages.status() or explaining.status
