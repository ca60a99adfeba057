"""`megaql publish`: events, data, text, bytes and saved records to a queue or a topic."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, EndpointOption, ProfileOption, RegionOption
from megaql.errors import BadTarget

_PAYLOAD: Final = "What to send (one of these)"
_EVENT: Final = "Parts of an event"
_MESSAGE: Final = "The message around it"
_SENDING: Final = "How many, how fast"
_WAITING: Final = "Waiting for what comes of it"

WaitParamOption = Annotated[
    list[str] | None,
    typer.Option("-p", "--param", metavar="NAME=VALUE", help="Bind $NAME in that query.", rich_help_panel=_WAITING),
]
WaitQueriesOption = Annotated[
    str | None,
    typer.Option(
        "--queries",
        metavar="FILE",
        help="The query file of @NAME.",
        show_default="MEGAQL_QUERIES, else megaql.mql",
        rich_help_panel=_WAITING,
    ),
]


def command(
    context: typer.Context,
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DESTINATION",
            help="A queue URL, an ARN of a queue or topic, a queue name, local:NAME or local-topic:NAME.",
        ),
    ],
    event: Annotated[
        str | None,
        typer.Option("--event", metavar="NAME", help="A MEGA event with this name.", rich_help_panel=_PAYLOAD),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="JSON",
            help="An object or array: JSON, @FILE, or - for standard input.",
            rich_help_panel=_PAYLOAD,
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            metavar="TEXT",
            help="Plain text: as given, @FILE, or - for standard input.",
            rich_help_panel=_PAYLOAD,
        ),
    ] = None,
    binary: Annotated[
        str | None,
        typer.Option(
            "--bytes",
            metavar="BYTES",
            help="Bytes, which travel as Base64: @FILE, base64:TEXT, or - for standard input.",
            rich_help_panel=_PAYLOAD,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="The messages of a file that peek wrote, body and attributes as they were.",
            rich_help_panel=_PAYLOAD,
        ),
    ] = None,
    assign: Annotated[
        list[str] | None,
        typer.Option(
            "-s",
            "--set",
            metavar="PATH=VALUE",
            help="Set a part of the payload to a JSON value, else text; := insists on JSON. In an event, a path that does not begin with "
            "event, object or extra is an attribute.",
            rich_help_panel=_EVENT,
        ),
    ] = None,
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="TEXT", help="The event's domain.", rich_help_panel=_EVENT)
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="TEXT", help="The event's subject.", rich_help_panel=_EVENT)
    ] = None,
    publisher: Annotated[
        str | None, typer.Option("--publisher", metavar="TEXT", help="The event's publisher.", rich_help_panel=_EVENT)
    ] = None,
    bson: Annotated[bool, typer.Option("--bson", help="Write BSON instead of JSON.", rich_help_panel=_MESSAGE)] = False,
    attr: Annotated[
        list[str] | None,
        typer.Option(
            "-a",
            "--attr",
            metavar="NAME=VALUE",
            help="A message attribute; NAME:Number=5 has a type.",
            rich_help_panel=_MESSAGE,
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="ID", help="The message group (FIFO).", rich_help_panel=_MESSAGE)
    ] = None,
    dedup: Annotated[
        str | None, typer.Option("--dedup", metavar="ID", help="The deduplication id (FIFO).", rich_help_panel=_MESSAGE)
    ] = None,
    delay: Annotated[
        timedelta | None,
        typer.Option(
            "--delay",
            parser=options.duration,
            metavar="TIME",
            help="Deliver after this time, 15m at most.",
            rich_help_panel=_MESSAGE,
        ),
    ] = None,
    expose: Annotated[
        list[str] | None,
        typer.Option(
            "--expose",
            metavar="PATH",
            help="Send this path of the payload as a message attribute too, for filter policies: event.name.",
            rich_help_panel=_MESSAGE,
        ),
    ] = None,
    large_payloads: Annotated[
        str | None,
        typer.Option(
            "--large-payloads",
            metavar="PLACE",
            help="Put what is too large for a message into this bucket (s3://NAME/PREFIX, local:NAME) and send a pointer.",
            rich_help_panel=_MESSAGE,
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, metavar="N", help="Send N copies.", rich_help_panel=_SENDING)
    ] = 1,
    rate: Annotated[
        int | None,
        typer.Option("--rate", min=1, metavar="N", help="At most N messages a second.", rich_help_panel=_SENDING),
    ] = None,
    fill: Annotated[
        bool | None,
        typer.Option(
            "--fill/--no-fill",
            help="Fill in {{uuid}}, {{seq}} and {{now}} also in what @FILE and standard input hold; or nowhere. Without either, in what is typed.",
            show_default=False,
            rich_help_panel=_SENDING,
        ),
    ] = None,
    wait_match: Annotated[
        str | None,
        typer.Option(
            "--wait-match",
            metavar="QUERY",
            help="Then wait until a message that matches comes to the queue of --on; {{uuid}} in it is the published message's. @NAME is of a query file.",
            rich_help_panel=_WAITING,
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="QUEUE", help="The queue where it should come.", rich_help_panel=_WAITING),
    ] = None,
    within: Annotated[
        timedelta | None,
        typer.Option(
            "--within",
            parser=options.duration,
            metavar="TIME",
            help="How long to wait, from when all is published.",
            show_default="30s",
            rich_help_panel=_WAITING,
        ),
    ] = None,
    param: WaitParamOption = None,
    queries: WaitQueriesOption = None,
    allow_receives: Annotated[
        bool,
        typer.Option(
            "--allow-receives", help="Read a queue with a maxReceiveCount of 2 or 3.", rich_help_panel=_WAITING
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the records that would be sent, and send nothing.")
    ] = False,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Send MEGA events, data, text, bytes or saved records to a queue or a topic.

    Examples:
      megaql publish local:orders --event item.added --set sku=A-1 --set quantity=5
      megaql publish local:orders --event order.paid --set object.current.status=paid --bson
      megaql publish orders --data '{"id": 7}' --attr tenant=acme --attr retries:Number=0
      megaql publish local-topic:shop --text 'a line of text'
      megaql publish local:orders --from failed.ndjson --dry-run
      megaql publish local:orders --event item.added -s 'sku=A-{{seq}}' -s 'id={{uuid}}' --count 500 --rate 50
      megaql publish orders --event order.paid -s 'id={{uuid}}' --wait-match 'event.id == "{{uuid}}"' --on packed --within 30s

    Effect: writes. The ids of the messages go to standard output, one a line. A local queue or topic that is missing is made, one on AWS never.

    {{uuid}}, {{seq}} (from 1) and {{now}} are filled in for each message in what is typed here: values and payloads, not names. All of one message
    are the same. {{{{uuid}}}} is {{uuid}} itself.

    --wait-match holds what it reads of the queue until it has found a message or the time is up, as peek does; then it is released. The exit status is 0 when
    one was found and 1 when not, and then it is said what kept the messages out that came.
    """
    from megaql.broker.publisher import Publisher  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.publishing import payloads, sending  # noqa: PLC0415 - as above
    from megaql.cli.publishing.templates import Copies  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    if destination == "-":
        raise BadTarget(
            "'-' is no destination",
            where="megaql publish, DESTINATION",
            why="- stands for standard input, and messages go to a queue or a topic",
            hint="name one first: megaql publish local:orders --data -",
        )
    _check_waiting(wait_match, on, dry_run=dry_run, other=bool(within or param or queries or allow_receives))
    parts = payloads.EventParts(assign or [], domain=domain, subject=subject, publisher=publisher)
    envelope = payloads.Envelope(attr or [], group=group, dedup=dedup, delay=delay, bson=bson)
    connection = options.connection(profile, region, endpoint_url)
    to = Publisher(destination, connection=connection, expose=expose or (), large_payloads=large_payloads)
    choice = payloads.Choice(event=event, data=data, text=text, binary=binary, source=source)
    copies = Copies.of(count, fill=fill, now=world.now)
    entries = payloads.outgoing(world, to, choice, parts, envelope, copies)
    if dry_run:
        return sending.show(world, entries, destination)
    total = count if source is None else None
    if wait_match is None or on is None:
        return sending.send(world, to, entries, interactive=source == "-", rate=rate, total=total)
    from megaql.cli.publishing import waiting  # noqa: PLC0415 - few messages are waited for
    from megaql.cli.queries.typed import compile_given  # noqa: PLC0415 - as above

    query = compile_given(world, copies.of_first(wait_match, "--wait-match", source), param, queries)
    what = waiting.awaited(world, query, on, connection, within or waiting.WITHIN, allow_receives=allow_receives)
    since = world.now()
    status = sending.send(world, to, entries, interactive=source == "-", rate=rate, total=total)
    return status or waiting.wait(world, what, since)


def _check_waiting(query: str | None, on: str | None, *, dry_run: bool, other: bool) -> None:
    """Refuse options about waiting that cannot mean anything."""
    if query is None and (on is not None or other):
        raise typer.BadParameter(
            "say what to wait for: --wait-match QUERY",
            param_hint="--on" if on is not None else "--within, --param, --queries, --allow-receives",
        )
    if query is not None and on is None:
        raise typer.BadParameter("say where the message should come: --on QUEUE", param_hint="--wait-match")
    if query is not None and dry_run:
        raise typer.BadParameter("nothing is sent, so that nothing comes of it", param_hint="--dry-run")
