"""`megaql tap`: a copy of a topic's new messages, while every queue that subscribes to it gets its own as ever."""

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
)
from megaql.cli.overwriting import refuse_overwriting
from megaql.cli.queries.typed import QueriesOption, compile_where, files_of

_BOUNDS: Final = "How long to watch"
_FILTER: Final = "What may be left to SNS"
_LEFT: Final = "What a crash has left"


def command(
    context: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="The ARN of a topic, or local-topic:NAME.")
    ] = None,
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
    save: Annotated[
        str | None,
        typer.Option("--save", metavar="FILE", help="Write what is shown to a file too, as records only you can read."),
    ] = None,
    exit_status: ExitStatusOption = False,
    limit: Annotated[
        int | None,
        typer.Option("-n", "--limit", min=1, metavar="N", help="Stop after N matches.", rich_help_panel=_BOUNDS),
    ] = None,
    duration: Annotated[
        timedelta | None,
        typer.Option(
            "--for",
            parser=options.duration,
            metavar="TIME",
            help="Stop after this time: 30s, 10m. Without either, Ctrl-C ends it.",
            rich_help_panel=_BOUNDS,
        ),
    ] = None,
    json_bodies: Annotated[
        bool,
        typer.Option(
            "--json-bodies",
            help="Promise that each message you want is published as a JSON object, so that SNS may filter by the body.",
            rich_help_panel=_FILTER,
        ),
    ] = False,
    exposed: Annotated[
        list[str] | None,
        typer.Option(
            "--exposed",
            metavar="PATH",
            help="Promise that each of them has this path of its body as an attribute.",
            rich_help_panel=_FILTER,
        ),
    ] = None,
    no_filter: Annotated[
        bool,
        typer.Option("--no-filter", help="Let every message come, and ask all of them here.", rich_help_panel=_FILTER),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print the queue and the subscription that would be made, with their policies; make nothing.",
        ),
    ] = False,
    gc: Annotated[
        bool,
        typer.Option(
            "--gc",
            help="List the temporary queues that killed taps have left, of a topic or of all; tap nothing.",
            rich_help_panel=_LEFT,
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "-y",
            "--yes",
            help="With --gc: remove those that have expired, with their subscriptions.",
            rich_help_panel=_LEFT,
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
    """Watch a topic's new messages through a queue of your own that is gone afterwards.

    Examples:
      megaql tap local-topic:shop
      megaql tap arn:aws:sns:eu-west-1:123456789012:shop -w '@attributes.tenant == "acme"'
      megaql tap local-topic:shop -w 'event.subject == $who' -p who=customer-17 --for 10m --save seen.ndjson
      megaql tap local-topic:shop -w 'event.total > 100' --json-bodies -n 5
      megaql tap local-topic:shop -w 'event.total > 100' --dry-run
      megaql tap --gc

    Effect: writes. A temporary queue of its own is made, subscribed to the topic with as much of the query as SNS can ask as its filter policy, and removed with its
    subscription on every way out. No other queue or subscription is touched: every consumer gets its messages as if nobody watched. What was published before
    does not come. After kill -9 the queue is left, empty within 5 minutes, and from 15 minutes on `megaql tap --gc` lists it and `megaql tap --gc --yes` removes it.
    """
    from megaql.cli.messages.showing import Show  # noqa: PLC0415 - as above
    from megaql.cli.reading import tapping  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.scan.budget import Budget  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    connection = options.connection(profile, region, endpoint_url)
    if gc:
        given = (("--where", where), ("--save", save), ("--limit", limit), ("--for", duration))
        for name, value in given:
            if value is not None:
                raise typer.BadParameter(f"--gc taps nothing, so that {name} means nothing", param_hint=name)
        if dry_run:
            raise typer.BadParameter("--gc only lists, unless --yes is given; leave it out", param_hint="--dry-run")
        return tapping.collect(world, topic, connection, apply=yes)
    if yes:
        raise typer.BadParameter("it belongs to --gc", param_hint="--yes")
    if topic is None:
        raise typer.BadParameter("name a topic: its ARN, or local-topic:NAME", param_hint="TOPIC")
    if no_filter and (json_bodies or exposed):
        raise typer.BadParameter("every message comes, so that there is nothing to promise", param_hint="--no-filter")
    refuse_overwriting(world, save, files_of(world, where, queries), "--save")
    query = compile_where(world, where, param, queries)
    wanted = tapping.Wanted(
        topic,
        connection,
        Budget(limit=limit, duration=duration),
        json_bodies,
        tuple(exposed or ()),
        filtered=not no_filter,
    )
    if dry_run:
        return tapping.planned(world, wanted, query)
    show = Show(output, fields, template, save=save, limit=limit, live=True)
    return tapping.tap(world, wanted, query, show, needs_match=exit_status)
