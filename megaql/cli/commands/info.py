"""`megaql info`: one queue or topic, its settings, and what it is connected to."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, EndpointOption, ProfileOption, RegionOption
from megaql.cli.places.forms import Form, FormOption


def command(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A queue URL, an ARN, a queue name or local:NAME; or a topic: its ARN or local-topic:NAME.",
        ),
    ],
    output: FormOption = Form.AUTO,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Show a queue or a topic: what is in it, its settings, dead letters both ways, who may use it, who subscribes.

    Examples:
      megaql info orders
      megaql info arn:aws:sns:eu-west-1:123456789012:shop
      megaql info local:orders -o json | jq .messages.visible

    Effect: reads. Settings only; no message is touched. What these credentials may not read, tags for example, is said to be not known, and
    the rest is shown.
    """
    from megaql.cli.places.inspecting import show  # noqa: PLC0415 - the rooms below are entered when the command runs

    return show(options.world_of(context, color), target, options.connection(profile, region, endpoint_url), output)
