"""How far a survey of a queue goes: the options that `stats` and `schema` share.

A maintainer keeps one rule: a survey reads more than a look does, and so it is told as plainly what that costs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.messages.output import Output

#: Messages of a queue that are read unless `--scan` says otherwise.
SCAN: Final = 1_000

#: How long a queue is read unless `--for` says otherwise.
DURATION: Final = timedelta(seconds=20)

_BOUNDS: Final = "How far to read a queue"

ScanOption = Annotated[
    int | None,
    typer.Option(
        "--scan",
        min=1,
        metavar="N",
        help="Stop after N messages; a file has no bound.",
        show_default=f"{SCAN:,}",
        rich_help_panel=_BOUNDS,
    ),
]
DurationOption = Annotated[
    timedelta | None,
    typer.Option(
        "--for",
        parser=options.duration,
        metavar="TIME",
        help="Stop after this time: 10s, 30s.",
        show_default="20s",
        rich_help_panel=_BOUNDS,
    ),
]
AllowReceivesOption = Annotated[
    bool,
    typer.Option("--allow-receives", help="Read a queue with a maxReceiveCount of 2 or 3.", rich_help_panel=_BOUNDS),
]
AllowDeadLetterOption = Annotated[
    bool,
    typer.Option(
        "--allow-dead-letter",
        help="Read on even where that moves messages to the dead-letter queue.",
        rich_help_panel=_BOUNDS,
    ),
]
FormOption = Annotated[
    Output,
    typer.Option(
        "-o",
        "--output",
        metavar="FORM",
        help="table (a picture), json, or ndjson (the same on one line); auto is a picture on a terminal and ndjson in a pipe.",
        rich_help_panel="Output",
    ),
]
