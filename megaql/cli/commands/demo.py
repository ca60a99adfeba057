"""`megaql demo`: the whole of MegaQL as a story of commands that can be typed again.

A maintainer keeps one rule: every line that begins with `$` is run as it stands, through the same `main` that a shell would start, so that the
demo cannot promise what the program does not do.
"""

from __future__ import annotations

import os
import shlex
import signal
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from megaql.cli import options
from megaql.cli.environment import Color, Environment
from megaql.cli.options import ColorOption
from megaql.cli.terminal.style import Style
from megaql.errors import MegaQLError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

#: The demo is set no wider than this, for it is read as a text. Characters.
MAX_WIDTH: Final = 100

_QUERY: Final = """'event.name == "item.added" and event.quantity > 3'"""


class Step(NamedTuple):
    """A sentence and the commands that belong to it."""

    sentence: str
    commands: tuple[str, ...]


STORY: Final = (
    Step(
        "A queue, its dead-letter queue, and a topic that feeds the queue.",
        ("python -m megaql.cli.demo_app",),
    ),
    Step(
        "What a shop emits: events as JSON and BSON, through the topic and directly.",
        (
            "megaql publish local-topic:shop-events --event item.added \\\n    -s sku=A-1 -s quantity=5",
            "megaql publish local:shop --event item.added -s sku=B-7 -s quantity=2 --bson",
            "megaql publish local:shop --event order.paid -s order=1001 -s total=59.90",
        ),
    ),
    Step(
        "What else turns up in queues: text, bytes, broken JSON, a nameless event.",
        (
            "megaql publish local:shop --text 'the printer is out of paper'",
            "megaql publish local:shop --bytes base64:iVBORw0KGgo=",
            """megaql publish local:shop --text '{"event": {"name": "item.ad'""",
            """megaql publish local:shop --data \\\n    '{"protocol": "mega", "event": {"quantity": 9}}'""",
        ),
    ),
    Step("Look at them all. Looking takes nothing away.", ("megaql peek local:shop",)),
    Step("Look with a query.", (f"megaql peek local:shop \\\n    -w {_QUERY}",)),
    Step("Why does it match the one …", (f"megaql explain {_QUERY} \\\n    local:shop --only match",)),
    Step("… and not the other, which is near?", (f"megaql explain {_QUERY} \\\n    local:shop --only near-miss",)),
    Step(
        "Run two handlers, each bound to a query. One asks for its message once more.",
        ("megaql run megaql.cli.demo_app:app --once",),
    ),
    Step(
        "What is left: nothing in the queue, and what no handler took in the other.",
        ("megaql peek local:shop --count", "megaql peek local:shop-dlq"),
    ),
)


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, raised where the demo is, so that its folder goes away on this way out too."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_status = 128 + signum


def command(
    context: typer.Context,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="DIR", help="Make the broker in this new folder and leave it there.")
    ] = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Show the whole of MegaQL in a few seconds, on a broker of its own that is gone afterwards.

    Examples:
      megaql demo
      megaql demo --keep /tmp/shop && MEGAQL_HOME=/tmp/shop megaql peek local:shop-dlq

    Effect: local only. It publishes, peeks, explains and consumes on an embedded broker in a temporary folder, and touches no other.
    """
    world = options.world_of(context, color)
    style = Style(on=world.colors())
    with _home(keep) as home, _ending_on_signals():
        for step in STORY:
            world.out(style(f"# {step.sentence}", bold=True))
            for line in step.commands:
                world.out(f"{style('$', 'green')} {style(line, 'cyan')}")
                world.stdout.flush()
                status = _run(line, world)
                if status:
                    return status
            world.out()
    if keep is None:
        world.out(style("# All of it was in a temporary folder, which is gone. Go on with: megaql help", bold=True))
    else:
        world.out(style("# The broker is still there. To type commands of your own:", bold=True))
        world.out(f"{style('$', 'green')} {style(f'export MEGAQL_HOME={shlex.quote(str(home))}', 'cyan')}")
    return 0


def _run(line: str, world: Environment) -> int:
    """Run a command line in this process, its standard error in its place among the output, and return its status."""
    from megaql.cli import demo_app  # noqa: PLC0415 - it imports the rooms below
    from megaql.cli.main import main  # noqa: PLC0415 - main imports this module

    words = shlex.split(line.replace("\\\n", " "))
    if words[0] == "python":
        world.out(demo_app.prepare())
        return 0
    inner = replace(
        world,
        stderr=world.stdout,
        stdin_isatty=False,
        stdout_isatty=True,
        stderr_isatty=False,
        width=min(world.width, MAX_WIDTH),
        color=Color.ALWAYS if world.colors() else Color.NEVER,
    )
    return main(words[1:], inner)


@contextmanager
def _home(keep: str | None) -> Iterator[Path]:
    """Let MEGAQL_HOME be a folder of the demo's own, which is removed afterwards unless it was asked for."""
    before = os.environ.get("MEGAQL_HOME")
    if keep is not None:
        folder = Path(keep).absolute()
        if folder.exists() and any(folder.iterdir()):
            raise MegaQLError(
                "The folder is not empty",
                where=str(folder),
                why="the demo writes into a new one only",
                hint="name another folder",
            )
        folder.mkdir(parents=True, exist_ok=True)
        owner = None
    else:
        owner = tempfile.TemporaryDirectory(prefix="megaql-demo-", ignore_cleanup_errors=True)
        folder = Path(owner.name)
    os.environ["MEGAQL_HOME"] = str(folder)
    try:
        yield folder
    finally:
        if before is None:
            del os.environ["MEGAQL_HOME"]
        else:
            os.environ["MEGAQL_HOME"] = before
        if owner is not None:
            owner.cleanup()


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Turn the signals that would end the process at once into an exception."""

    def end(signum: int, _frame: FrameType | None) -> None:
        raise Terminated(signum)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
