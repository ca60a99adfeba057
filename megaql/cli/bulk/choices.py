"""Options that the commands of bulk work share: redrive, copy, move and delete."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from megaql.cli import options

_BOUNDS = "How far to go"
_EDIT = "What to change on the way"
_RUN = "Doing it"
_SAFETY = "Queues that dead-letter after few receives"

WhereOption = Annotated[
    str | None,
    typer.Option(
        "-w", "--where", metavar="QUERY", help="The messages that match, all without it; @NAME is one of a query file."
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("-n", "--limit", min=1, metavar="N", help="Stop after N messages.", rich_help_panel=_BOUNDS),
]
ScanOption = Annotated[
    int | None,
    typer.Option("--scan", min=1, metavar="N", help="Stop after N were looked at.", rich_help_panel=_BOUNDS),
]
DurationOption = Annotated[
    timedelta | None,
    typer.Option(
        "--for", parser=options.duration, metavar="TIME", help="Stop after this time: 30s, 5m.", rich_help_panel=_BOUNDS
    ),
]
HoldOption = Annotated[
    int | None,
    typer.Option(
        "--hold",
        min=1,
        metavar="N",
        help="Hold up to N messages that stay where they are, until the end; without it a tenth of what the queue may have in flight.",
        rich_help_panel=_BOUNDS,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--set",
        metavar="PATH=VALUE",
        help="Set a part of each message to a JSON value, else text; := insists on JSON. @attributes.NAME is an attribute.",
        rich_help_panel=_EDIT,
    ),
]
UnsetOption = Annotated[
    list[str] | None,
    typer.Option("--unset", metavar="PATH", help="Take a part of each message away.", rich_help_panel=_EDIT),
]
EditorOption = Annotated[
    bool,
    typer.Option(
        "--editor",
        help="Open the messages in $VISUAL or $EDITOR, 20 at most; needs --plan or --apply.",
        rich_help_panel=_EDIT,
    ),
]
GroupOption = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="ID",
        help="The message group of messages without one, for a FIFO queue.",
        rich_help_panel=_EDIT,
    ),
]
ApplyOption = Annotated[
    bool,
    typer.Option(
        "--apply", help="Do it. Without this, what would be done is shown and nothing else.", rich_help_panel=_RUN
    ),
]
YesOption = Annotated[
    bool, typer.Option("-y", "--yes", help="Do not ask before messages are deleted.", rich_help_panel=_RUN)
]
ConfirmOption = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        metavar="NAME",
        help="The name of a queue that megaql.toml protects, in place of typing it.",
        rich_help_panel=_RUN,
    ),
]
PlanOption = Annotated[
    str | None,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="Write the messages found down by id and hash; with --apply, touch those and no others.",
        rich_help_panel=_RUN,
    ),
]
RateOption = Annotated[
    int | None,
    typer.Option("--rate", min=1, metavar="N", help="At most N messages a second.", rich_help_panel=_RUN),
]
LogOption = Annotated[
    str | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="The log of what was sent; one that is there goes on, and nothing in it is sent again.",
        show_default="a new file in the state folder",
        rich_help_panel=_RUN,
    ),
]
SaveOption = Annotated[
    str | None,
    typer.Option(
        "--save",
        metavar="FILE",
        help="Add each message to a file before it is deleted, as a record only you can read.",
        rich_help_panel=_RUN,
    ),
]
AllowReceivesOption = Annotated[
    bool,
    typer.Option("--allow-receives", help="Read a queue with a maxReceiveCount of 2 or 3.", rich_help_panel=_SAFETY),
]
AllowDeadLetterOption = Annotated[
    bool,
    typer.Option(
        "--allow-dead-letter",
        help="Read on even where that moves messages to the dead-letter queue.",
        rich_help_panel=_SAFETY,
    ),
]
