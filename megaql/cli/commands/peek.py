"""`megaql peek`: messages of a live queue or a file, given back as they were found."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.messages.output import FieldsOption, Output, OutputOption, TemplateOption
from megaql.cli.options import (
    ColorOption,
    EndpointOption,
    ExitStatusOption,
    ParamOption,
    ProfileOption,
    RegionOption,
    SourceArgument,
)
from megaql.cli.overwriting import refuse_overwriting
from megaql.cli.queries.typed import QueriesOption, compile_where, files_of
from megaql.errors import ScanError

#: Matches that are shown unless `--limit` says otherwise.
LIMIT: Final = 20

#: Messages of a queue that are looked at unless `--scan` says otherwise.
SCAN: Final = 500

#: How long a queue is read unless `--for` says otherwise.
DURATION: Final = timedelta(seconds=10)

_BOUNDS: Final = "How far to read"
_WHAT: Final = "What to show"
_SAFETY: Final = "Queues that dead-letter after few receives"


def command(
    context: typer.Context,
    target: SourceArgument,
    where: Annotated[
        str | None,
        typer.Option(
            "-w",
            "--where",
            metavar="QUERY",
            help="Show the messages that match, all without it; @NAME is one of a query file.",
        ),
    ] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--limit",
            min=1,
            metavar="N",
            help="Stop after N matches.",
            show_default="20",
            rich_help_panel=_BOUNDS,
        ),
    ] = None,
    scan: Annotated[
        int | None,
        typer.Option(
            "--scan",
            min=1,
            metavar="N",
            help="Stop after N messages of a queue; a file has no bound.",
            show_default="500",
            rich_help_panel=_BOUNDS,
        ),
    ] = None,
    duration: Annotated[
        timedelta | None,
        typer.Option(
            "--for",
            parser=options.duration,
            metavar="TIME",
            help="Stop after this time: 10s, 2m.",
            show_default="10s",
            rich_help_panel=_BOUNDS,
        ),
    ] = None,
    lease: Annotated[
        timedelta | None,
        typer.Option(
            "--lease",
            parser=options.duration,
            metavar="TIME",
            help="How long a queue hides what is read if megaql is killed, 10s to 60s. Without it, as short as the other bounds allow.",
            rich_help_panel=_BOUNDS,
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "-f", "--follow", help="Go on when the queue is empty, until interrupted.", rich_help_panel=_BOUNDS
        ),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show with each match how it came about.", rich_help_panel=_WHAT)
    ] = False,
    why_not: Annotated[
        bool,
        typer.Option(
            "--why-not",
            help="Show near misses instead: messages that one clause alone kept out.",
            rich_help_panel=_WHAT,
        ),
    ] = False,
    count: Annotated[
        bool, typer.Option("--count", help="Print the number of matches and nothing else.", rich_help_panel=_WHAT)
    ] = False,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort", metavar="PATH", help="Sort what is shown by a path; -PATH is descending.", rich_help_panel=_WHAT
        ),
    ] = None,
    save: Annotated[
        str | None,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Write what is shown to a file too, as records only you can read.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    fetch_payloads: Annotated[
        str | None,
        typer.Option(
            "--fetch-payloads",
            metavar="PLACE",
            help="Fetch payloads that lie in this bucket (s3://NAME, local:NAME); else pointers are shown.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    exit_status: ExitStatusOption = False,
    allow_receives: Annotated[
        bool,
        typer.Option(
            "--allow-receives", help="Read a queue with a maxReceiveCount of 2 or 3.", rich_help_panel=_SAFETY
        ),
    ] = False,
    allow_dead_letter: Annotated[
        bool,
        typer.Option(
            "--allow-dead-letter",
            help="Read on even where that moves messages to the dead-letter queue.",
            rich_help_panel=_SAFETY,
        ),
    ] = False,
    output: OutputOption = Output.AUTO,
    fields: FieldsOption = None,
    template: TemplateOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Look at messages and take none: what is in a queue, and which of it a query matches.

    Examples:
      megaql peek local:orders
      megaql peek orders -w 'event.name == "item.added" and event.quantity > 5'
      megaql peek orders -w '@attributes.tenant == $tenant' -p tenant=acme --count
      megaql peek orders-dlq -w 'age(@sent_at) > 1d' --save failed.ndjson
      megaql peek failed.ndjson -w 'missing event.subject' --fields @id,event.name
      megaql peek local:orders -w 'event.quantity > 5' --why-not
      megaql peek orders -w @large -p least=1000 --queries shop.mql

    Effect: holds. Messages of a queue are hidden while they are read, 60 seconds at most, and then released; their receive counts go up by one.
    The report on standard error says what was done. Files and standard input are only read.
    """
    from megaql.cli.messages.showing import Show, Showing  # noqa: PLC0415 - as above
    from megaql.cli.reading.source import Wanted, reading  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.scan.budget import Budget  # noqa: PLC0415 - as above
    from megaql.scan.target import is_file_target  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    refuse_overwriting(world, save, [target, *files_of(world, where, queries)], "--save")
    if follow and is_file_target(target):
        raise ScanError(
            "Only queues can be followed",
            where="megaql peek, --follow",
            why=f"{target} is read as a file, and a file ends",
            hint="leave out --follow, or name a queue, as in local:orders",
        )
    _check(where=where, follow=follow, why_not=why_not, explain=explain, count=count, sort=sort)
    query = compile_where(world, where, param, queries)
    shown = limit or (None if follow or count else LIMIT)
    matches = None if why_not else shown
    live = Budget(matches, scan or (None if follow else SCAN), duration or (None if follow else DURATION))
    wanted = Wanted(live, Budget(matches, scan, duration), lease, follow, allow_dead_letter, allow_receives)
    show = Show(output, fields, template, explain, why_not, count, sort, save, shown, live=follow)
    connection = options.connection(profile, region, endpoint_url)
    fetch = None
    if fetch_payloads is not None:
        from megaql.cli.reading.fetching import fetching  # noqa: PLC0415 - few are asked for

        fetch = fetching(world, fetch_payloads, connection)
    with Showing(world, query, show) as showing, reading(world, target, connection, wanted) as messages:
        messages.fetch = fetch
        showing.run(messages)
    return messages.status(needs_match=exit_status)


def _check(*, where: str | None, follow: bool, why_not: bool, explain: bool, count: bool, sort: str | None) -> None:
    """Refuse options that cannot mean anything together."""
    if where is None and (why_not or explain):
        raise typer.BadParameter(
            "without a query there is nothing to explain; add -w QUERY",
            param_hint="--why-not" if why_not else "--explain",
        )
    pairs = (
        ("--why-not", why_not, "--explain", explain),
        ("--follow", follow, "--sort", sort),
        ("--count", count, "--sort", sort),
        ("--sort", sort, "--explain", explain),
        ("--sort", sort, "--why-not", why_not),
    )
    for one, first, other, second in pairs:
        if first and second:
            raise typer.BadParameter(f"{one} and {other} exclude each other")
