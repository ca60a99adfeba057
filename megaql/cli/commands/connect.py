"""`megaql connect`: an application's queue as a subscriber of a topic, filtered by the application's own queries."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, EndpointOption, ProfileOption, RegionOption

if TYPE_CHECKING:
    from megaql.convert.sns import Scope


class By(StrEnum):
    """What `--filter-by` may say."""

    ATTRIBUTES = "attributes"
    BODY = "body"


class Form(StrEnum):
    """What `-o` may say."""

    AUTO = "auto"
    JSON = "json"


_SCOPES: Final[dict[By, Scope]] = {By.ATTRIBUTES: "MessageAttributes", By.BODY: "MessageBody"}


def command(
    context: typer.Context,
    app: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:APP",
            help="A module in the current directory or installed, and the name of the App in it (app, if left out).",
        ),
    ],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="The ARN of a topic, or local-topic:NAME.")],
    queue: Annotated[
        str | None, typer.Argument(metavar="QUEUE", help="The queue that subscribes, instead of the App's own.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and the permissions it needs; change nothing.")
    ] = False,
    json_bodies: Annotated[
        bool,
        typer.Option(
            "--json-bodies",
            help="Promise that each message meant for the application is published as a JSON object, so that the policy may be about the body.",
        ),
    ] = False,
    exposed: Annotated[
        list[str] | None,
        typer.Option(
            "--exposed",
            metavar="PATH",
            help="Promise that each of them has this path of its body as an attribute, as Publisher(expose=…) and publish --expose write it.",
        ),
    ] = None,
    small_numbers: Annotated[
        bool,
        typer.Option(
            "--small-numbers",
            help="Promise that numbers which queries compare by size stay within 10^9 and five digits after the point, as far as SNS compares them.",
        ),
    ] = False,
    filter_by: Annotated[
        By | None,
        typer.Option(
            "--filter-by", metavar="WHAT", help="attributes or body; without it, the one that fits the queries better."
        ),
    ] = None,
    no_filter: Annotated[
        bool, typer.Option("--no-filter", help="Let every message through, whatever the queries.")
    ] = False,
    raw: Annotated[
        bool | None,
        typer.Option(
            "--raw/--no-raw", help="Raw message delivery; without either, it stays as it is.", show_default=False
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Disconnect: end the subscription again.")] = False,
    output: Annotated[
        Form, typer.Option("-o", "--output", metavar="FORM", help="json: the plan as one document; auto: as text.")
    ] = Form.AUTO,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Subscribe an application's queue to a topic, filtered by the application's own queries.

    Examples:
      megaql connect shop.handlers:app local-topic:shop --dry-run
      megaql connect shop.handlers:app arn:aws:sns:eu-west-1:123456789012:shop
      megaql connect shop.handlers:app local-topic:shop local:orders --json-bodies
      megaql connect shop.handlers:app local-topic:shop --remove

    Effect: writes. The queue's access policy and the subscription are changed where they differ, and no message is touched. The filter policy never keeps back a message
    that a subscription takes. A local queue or topic that is missing is made, one on AWS never.
    """
    import json  # noqa: PLC0415 - with what follows, only once the command runs

    from megaql.broker.target import Connection  # noqa: PLC0415 - as above
    from megaql.cli.queries.loading import load_app  # noqa: PLC0415 - as above
    from megaql.cli.terminal.style import Style, harmless  # noqa: PLC0415 - as above

    promised = bool(json_bodies or exposed or small_numbers or filter_by)
    if no_filter and promised:
        raise typer.BadParameter(
            "it lets everything through, so that there is nothing to filter by", param_hint="--no-filter"
        )
    if remove and (promised or no_filter or raw is not None):
        raise typer.BadParameter("it takes a topic and a queue, and no other settings", param_hint="--remove")
    world = options.world_of(context, color)
    found = load_app(app)
    connection = Connection(profile, region, endpoint_url)  # what it leaves open, the App's own says
    if remove:
        plan = found.disconnect(topic, queue, connection=connection, dry_run=dry_run)
    else:
        plan = found.connect(
            topic,
            queue,
            connection=connection,
            json_bodies=json_bodies,
            exposed=exposed or (),
            small_numbers=small_numbers,
            filtered=not no_filter,
            scope=_SCOPES[filter_by] if filter_by else None,
            raw=raw,
            dry_run=dry_run,
        )
    if output is Form.JSON:
        world.out(json.dumps(plan.to_dict(), ensure_ascii=False))
        return 0
    style = Style(on=world.colors())
    for line in plan.lines(world.width):
        world.out(style(harmless(line), bold=not line.startswith(" ")))
    return 0
