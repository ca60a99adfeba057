"""`megaql alive`: whether a consumer gets on, for a probe that can only run a program."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption
from megaql.cli.status import Status


def command(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file that --liveness-file has.")],
    after: Annotated[
        timedelta | None,
        typer.Option(
            "--after",
            parser=options.duration,
            metavar="TIME",
            help="How long without progress is no longer alive.",
            show_default="as the consumer was told",
        ),
    ] = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Say whether a consumer gets on, by its liveness file; for probes.

    Examples:
      megaql alive /tmp/megaql.alive
      megaql alive /tmp/megaql.alive --after 10m

    Effect: reads. The file only, no queue. Exits with 0 if the consumer has received or finished something lately, or was told lately that the queue
    is empty; with 1 if not, or if there is no such file. Where starting Python for each probe is too much, `find /tmp/megaql.alive -mmin -2 |
    grep -q .` asks the same.
    """
    from megaql.consumer.liveness import check  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.errors import ConsumerError  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    try:
        quiet, limit = check(path, now=world.now().timestamp(), after=after)
    except ConsumerError as error:
        from megaql.cli.complaint import tell  # noqa: PLC0415 - as above

        tell(world, error)
        return Status.NO_MATCH
    alive = quiet <= limit
    told = f"no progress for {quiet:.0f} s, and {limit:g} s are allowed"
    world.out(f"alive: {told}" if alive else f"not alive: {told}")
    return Status.DONE if alive else Status.NO_MATCH
