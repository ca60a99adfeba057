"""`megaql local`: the embedded broker's queues and topics: made, listed, emptied and deleted."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption
from megaql.cli.places.forms import Form, FormOption


class Action(StrEnum):
    """What is to be done."""

    LIST = "list"
    CREATE = "create"
    PURGE = "purge"
    DELETE = "delete"
    INFO = "info"
    PATH = "path"


_MAKING = "Making a queue"


def command(
    context: typer.Context,
    action: Annotated[
        Action, typer.Argument(metavar="ACTION", help="list, create, purge, delete, info or path.")
    ] = Action.LIST,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Queues, with or without local:, and topics as local-topic:NAME."),
    ] = None,
    visibility: Annotated[
        timedelta | None,
        typer.Option(
            "--visibility",
            metavar="TIME",
            parser=options.duration,
            help="For how long a receive hides a message. [30s]",
            rich_help_panel=_MAKING,
        ),
    ] = None,
    delay: Annotated[
        timedelta | None,
        typer.Option(
            "--delay",
            metavar="TIME",
            parser=options.duration,
            help="How late messages arrive. [0s]",
            rich_help_panel=_MAKING,
        ),
    ] = None,
    retention: Annotated[
        timedelta | None,
        typer.Option(
            "--retention",
            metavar="TIME",
            parser=options.duration,
            help="How long messages are kept. [4d]",
            rich_help_panel=_MAKING,
        ),
    ] = None,
    dlq: Annotated[
        str | None,
        typer.Option(
            "--dlq",
            metavar="NAME",
            help="Its dead-letter queue, which is made where it is missing.",
            rich_help_panel=_MAKING,
        ),
    ] = None,
    max_receives: Annotated[
        int | None,
        typer.Option(
            "--max-receives",
            metavar="N",
            min=1,
            max=1000,
            help="Receives after which a message goes there. [5]",
            rich_help_panel=_MAKING,
        ),
    ] = None,
    topic: Annotated[
        str | None,
        typer.Option(
            "--topic",
            metavar="NAME",
            help="Subscribe it to this topic, which is made where it is missing.",
            rich_help_panel=_MAKING,
        ),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Deliver the topic's messages as they are, without SNS's envelope.", rich_help_panel=_MAKING
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Purge and delete without asking.")] = False,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The name of a protected queue, once more.")
    ] = None,
    output: FormOption = Form.AUTO,
    color: ColorOption = Color.AUTO,
) -> int:
    """Manage the embedded broker: list, create, purge and delete its queues and topics, or say where it is.

    Examples:
      megaql local create orders --dlq orders-dlq --max-receives 3
      megaql local create steps.fifo local-topic:shop
      megaql local create audit --topic shop --raw
      megaql local list
      megaql local purge orders --yes
      megaql local path

    Effect: local only. Nothing on AWS is asked or changed. Creating a queue again changes the settings that are given; a name ending in .fifo makes
    it FIFO, with deduplication by content. purge and delete take messages away, and ask first.
    """
    from megaql.cli.places import localwork  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.places.localwork import Settings  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    given = list(names or ())
    settings = Settings(visibility, delay, retention, dlq, max_receives, topic, raw=raw)
    if settings != Settings() and action is not Action.CREATE:
        raise typer.BadParameter("settings belong to create", param_hint=action.value)
    if (yes or confirm) and action not in {Action.PURGE, Action.DELETE}:
        raise typer.BadParameter("nothing is taken away, so that there is nothing to agree to", param_hint=action.value)
    takes_names = action in {Action.CREATE, Action.PURGE, Action.DELETE}
    if takes_names and not given:
        raise typer.BadParameter(f"{action.value} needs the name of a queue or topic", param_hint="NAME")
    if given and not takes_names:
        raise typer.BadParameter(f"{action.value} takes no name; see `megaql info local:NAME`", param_hint="NAME")
    match action:
        case Action.LIST:
            return localwork.show_all(world, output)
        case Action.CREATE:
            return localwork.create(world, given, settings)
        case Action.PURGE | Action.DELETE:
            return localwork.take_away(world, given, delete=action is Action.DELETE, yes=yes, confirmed=confirm)
        case Action.INFO:
            return localwork.tell(world, output)
        case Action.PATH:
            return localwork.print_path(world)
