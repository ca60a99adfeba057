"""`megaql run`: a consumer from a user's own module."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, EndpointOption, ProfileOption, RegionOption

_LIVENESS = "Liveness (progress: a message finished, or a receive found a free thread)"
if TYPE_CHECKING:
    from collections.abc import Mapping

_TRYING = "Trying out, and taking note"


class LogLevel(StrEnum):
    """What `--log-level` may say."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """What `--log-format` may say."""

    TEXT = "text"
    JSON = "json"


class LogExceptions(StrEnum):
    """What `--log-exceptions` may say."""

    TYPES = "types"
    TEXT = "text"


def command(
    context: typer.Context,
    app: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:APP",
            help="A module in the current directory or installed, and the name of the App in it (app, if left out).",
        ),
    ],
    target: Annotated[
        str | None, typer.Argument(metavar="TARGET", help="The queue to consume, instead of the App's own.")
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option("-c", "--concurrency", min=1, metavar="N", help="Threads that run handlers.", show_default="1"),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            min=1,
            metavar="N",
            help="Processes that consume side by side; one that dies is replaced.",
            show_default="1",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when the queue is empty.")] = False,
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", min=1, metavar="N", help="End after N messages.")
    ] = None,
    drain_timeout: Annotated[
        timedelta | None,
        typer.Option(
            "--drain-timeout",
            parser=options.duration,
            metavar="TIME",
            help="How long a stop waits for the handlers that run; what is not done by then goes back to the queue.",
            show_default="25s",
        ),
    ] = None,
    shadow: Annotated[
        bool,
        typer.Option(
            "--shadow",
            help="Say which handlers would get which messages, for half a minute at most; run none, and give everything back.",
            rich_help_panel=_TRYING,
        ),
    ] = False,
    reload: Annotated[
        bool,
        typer.Option(
            "--reload",
            help="Start again, in order, when a .py, .mql or megaql.toml file here or below changes.",
            rich_help_panel=_TRYING,
        ),
    ] = False,
    record: Annotated[
        str | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Append each message with what became of it, as records (ndjson) that only you can read.",
            rich_help_panel=_TRYING,
        ),
    ] = None,
    mask: Annotated[
        list[str] | None,
        typer.Option(
            "--mask",
            metavar="PATH",
            help="In records: write a mask in the place of each value here, as snapshot does.",
            rich_help_panel=_TRYING,
        ),
    ] = None,
    allow_receives: Annotated[
        bool,
        typer.Option(
            "--allow-receives",
            help="With --shadow: read a queue with a maxReceiveCount of 2 or 3.",
            rich_help_panel=_TRYING,
        ),
    ] = False,
    allow_dead_letter: Annotated[
        bool,
        typer.Option(
            "--allow-dead-letter",
            help="With --shadow: read on even where that moves messages to the dead-letter queue.",
            rich_help_panel=_TRYING,
        ),
    ] = False,
    liveness_file: Annotated[
        str | None,
        typer.Option(
            "--liveness-file",
            metavar="PATH",
            help="Touch a file while there is progress; megaql alive PATH asks it.",
            rich_help_panel=_LIVENESS,
        ),
    ] = None,
    liveness_port: Annotated[
        int | None,
        typer.Option(
            "--liveness-port",
            min=0,
            max=65535,
            metavar="N",
            help="Answer HTTP requests with 200 while there is progress, and with 503 if not.",
            rich_help_panel=_LIVENESS,
        ),
    ] = None,
    liveness_address: Annotated[
        str | None,
        typer.Option(
            "--liveness-address",
            metavar="ADDRESS",
            help="Where that port listens; Kubernetes needs 0.0.0.0.",
            rich_help_panel=_LIVENESS,
            show_default="127.0.0.1",
        ),
    ] = None,
    liveness_after: Annotated[
        timedelta | None,
        typer.Option(
            "--liveness-after",
            parser=options.duration,
            metavar="TIME",
            help="How long without progress is no longer alive; longer than the slowest handler.",
            rich_help_panel=_LIVENESS,
            show_default="2m",
        ),
    ] = None,
    restart_after: Annotated[
        timedelta | None,
        typer.Option(
            "--restart-after",
            parser=options.duration,
            metavar="TIME",
            help="With --processes: replace one that has shown no progress for so long.",
            rich_help_panel=_LIVENESS,
            show_default="1h",
        ),
    ] = None,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(
            "--log-level",
            metavar="LEVEL",
            help="debug, info, warning or error, on standard error.",
            show_default="info",
        ),
    ] = None,
    log_format: Annotated[
        LogFormat | None,
        typer.Option(
            "--log-format",
            metavar="FORMAT",
            help="text for people, or json: one object a line, for programs.",
            show_default="text",
        ),
    ] = None,
    log_exceptions: Annotated[
        LogExceptions | None,
        typer.Option(
            "--log-exceptions",
            metavar="WHAT",
            help="types, or text: what exceptions say too, which may quote messages.",
            show_default="types",
        ),
    ] = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    endpoint_url: EndpointOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Run a consumer: hand each message to the handlers whose query it matches.

    Examples:
      megaql run shop.handlers:app
      megaql run shop.handlers:app local:orders --once
      megaql run megaql.cli.demo_app:app local:shop --limit 10 --concurrency 4
      megaql run shop.handlers:app --processes 4 --liveness-file /tmp/alive
      megaql run shop.handlers:app orders --shadow
      megaql run shop.handlers:app local:orders --reload --record seen.ndjson --mask event.email

    Effect: consumes. A message is deleted when all its handlers are done, returned when one fails or asks for it later, and sent to the
    dead-letter queue when one rejects it. One that no subscription takes is deleted and counted. SIGTERM and Ctrl-C finish what runs; a second one
    gives everything back at once.

    With --shadow it only holds, and then releases, beside the queue's real consumers: each message is received once, for 60 seconds at most, and
    nothing is acknowledged. Queues that dead-letter after few receives are refused as peek refuses them.

    What no option says comes from the App's own code, then from variables such as MEGAQL_CONCURRENCY, then from megaql.toml: `megaql help
    environment`.
    """
    from megaql import config  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.broker.target import Connection  # noqa: PLC0415 - as above
    from megaql.cli.consuming import logs  # noqa: PLC0415 - as above
    from megaql.cli.queries.loading import load_app  # noqa: PLC0415 - as above
    from megaql.cli.reading import report  # noqa: PLC0415 - as above
    from megaql.consumer import choices, link  # noqa: PLC0415 - as above
    from megaql.consumer.liveness import Liveness  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    settings, _ = config.load(world.environ)
    _check_trying(
        shadow=shadow,
        reload=reload,
        mask=bool(mask and record is None),
        allowed=allow_receives or allow_dead_letter,
        running={
            "--concurrency": concurrency,
            "--processes": processes,
            "--drain-timeout": drain_timeout,
            "--liveness-file": liveness_file,
            "--liveness-port": liveness_port,
            "--restart-after": restart_after,
            "--reload": reload or None,
        },
    )
    if reload:
        from megaql.cli.consuming import reloading  # noqa: PLC0415 - only for development

        if not world.environ.get(reloading.RELOADED):
            return reloading.run(world)
        reloading.end_with_the_watcher()
    level = log_level.value if log_level else settings.log_level or LogLevel.INFO.value
    above = link.joined()
    found = load_app(app)
    way = Connection(profile, region, endpoint_url)  # what it leaves open, the App's own says
    json = (log_format or settings.log_format) == LogFormat.JSON
    with ExitStack() as stack:
        file = None
        if record is not None:
            from megaql.cli.consuming.recording import Recorder, RecordFile  # noqa: PLC0415 - few runs are recorded

            file = stack.enter_context(RecordFile(record, mask or []))
        text = (log_exceptions or settings.log_exceptions) == LogExceptions.TEXT
        number = above.number if above else None
        stack.enter_context(logs.on(world, level, json=json, exception_text=text, process=number))
        if shadow:
            from megaql.cli.consuming.shadowing import Shadowing  # noqa: PLC0415 - as above

            return Shadowing(world, found.shadow(target, connection=way), file).run(
                choices.connection(way, found.connection, settings),
                once=once,
                limit=limit,
                allow_receives=allow_receives,
                allow_dead_letter=allow_dead_letter,
            )
        if file is not None:
            found.add_middleware(Recorder(file))
        done = found.run(
            target,
            connection=way,
            once=once,
            limit=limit,
            concurrency=concurrency,
            processes=processes,
            liveness=Liveness(liveness_file, liveness_port, liveness_address, liveness_after),
            restart_after=restart_after,
            drain_timeout=drain_timeout,
        )
        lines = report.run_lines(done)
        if json:
            logs.report(done, lines)
    if not json:
        for line in lines:
            world.say(line)
    return report.run_status(done)


def _check_trying(
    *, shadow: bool, reload: bool, mask: bool, allowed: bool, running: Mapping[str, object | None]
) -> None:
    """Refuse options that cannot mean anything together."""
    if mask:
        raise typer.BadParameter("there is nothing to mask; add --record FILE", param_hint="--mask")
    if allowed and not shadow:
        raise typer.BadParameter(
            "a consumer receives in any case; this is about --shadow",
            param_hint="--allow-receives, --allow-dead-letter",
        )
    given = [option for option, value in running.items() if value is not None]
    if shadow and given:
        raise typer.BadParameter(f"it runs no handler, so that {given[0]} means nothing", param_hint="--shadow")
    if reload and os.name != "posix":
        raise typer.BadParameter("a consumer can be asked to stop only on POSIX systems", param_hint="--reload")
