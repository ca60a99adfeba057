"""The table of commands, and the group that imports a command's module only when that command is used.

A maintainer keeps one rule: the line a command has here is the first line of its docstring; a test compares them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from megaql.cli import helptext, values
from megaql.cli.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Callable


class Entry(NamedTuple):
    """A command: its name, which is its module's in `megaql.cli.commands` too, and what it is for."""

    name: str
    summary: str


COMMANDS: Final = (
    Entry("demo", "Show the whole of MegaQL in a few seconds, on a broker of its own that is gone afterwards."),
    Entry("peek", "Look at messages and take none: what is in a queue, and which of it a query matches."),
    Entry(
        "test",
        "Print the messages of files that a query matches, or test queries with messages that say what they should match.",
    ),
    Entry("explain", "Say why a query matches a message or does not, and over many what kept how many out."),
    Entry("stats", "Count messages by value, over time, by size, age and receive count, and draw it."),
    Entry(
        "schema",
        "Say which paths messages have, in how many, with what kinds of values, and how to query them.",
    ),
    Entry(
        "check",
        "Find what is wrong with queries: errors, contradictions, what is redundant or probably not meant.",
    ),
    Entry(
        "fmt",
        "Lay queries and query files out: one form for one meaning, comments kept, lines of at most 100 columns.",
    ),
    Entry(
        "relate",
        "Say how two queries relate, and show it with messages; or compare all queries of a file or an application.",
    ),
    Entry(
        "convert",
        "Turn a query into a filter of EventBridge, SNS, Lambda or Pipes, or such a filter into a query.",
    ),
    Entry("publish", "Send MEGA events, data, text, bytes or saved records to a queue or a topic."),
    Entry("snapshot", "Read a queue once into a file, which every command then reads in its place."),
    Entry("redrive", "Send the messages of a dead-letter queue back, all or some, as they were or mended."),
    Entry("copy", "Send the messages of a queue or file to a queue or topic, and leave them where they are."),
    Entry("move", "Take messages out of a queue and send them to another queue or a topic."),
    Entry("delete", "Delete the messages of a queue that a query matches."),
    Entry(
        "watch",
        "Watch messages on the whole screen: a query asked as you type, a table, a tree, near misses, leases.",
    ),
    Entry("tap", "Watch a topic's new messages through a queue of your own that is gone afterwards."),
    Entry("release", "Give back the messages that a read which was killed still hides."),
    Entry("run", "Run a consumer: hand each message to the handlers whose query it matches."),
    Entry("connect", "Subscribe an application's queue to a topic, filtered by the application's own queries."),
    Entry(
        "queues",
        "List queues: how much is in them, in flight and delayed, and where their dead letters go.",
    ),
    Entry(
        "info",
        "Show a queue or a topic: what is in it, its settings, dead letters both ways, who may use it, who subscribes.",
    ),
    Entry(
        "doctor",
        "Look for what is wrong: configuration, credentials, permissions, a queue's settings, the embedded broker's files.",
    ),
    Entry(
        "local",
        "Manage the embedded broker: list, create, purge and delete its queues and topics, or say where it is.",
    ),
    Entry(
        "completion",
        "Print the script that makes a shell complete commands, options, queue names and field paths.",
    ),
    Entry(
        "alias",
        "List short names for queues, topics and files, or set one: `megaql peek dead` then means what it stands for.",
    ),
    Entry("alive", "Say whether a consumer gets on, by its liveness file; for probes."),
    Entry("help", "Explain exit codes, queries, safety and the environment variables."),
)

_HELP_NAMES: Final = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command whose help is `helptext`'s."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, such that they take plain values at once."""
        return values.sparing(super().get_params(ctx))

    def get_help(self, ctx: Any) -> str:
        """Return the help as it is printed."""
        return helptext.of_command(self, ctx)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, aliases put in, and remember its places for completion."""
        world = ctx.find_object(Environment)
        if world is None or self.name == "help":  # whose TOPIC is no place
            return super().invoke(ctx)
        from megaql.cli.completion import remembering  # noqa: PLC0415 - the help needs neither
        from megaql.cli.configuration import aliases  # noqa: PLC0415 - the help needs neither

        aliases.put_in(self.params, ctx.params, world.environ)
        status = super().invoke(ctx)
        remembering.note_places(world, self.params, ctx.params)
        return status


class Group(TyperGroup):
    """The commands as names and summaries; `resolve_command` loads the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for entry in COMMANDS:
            self.add_command(Command(entry.name, help=entry.summary))

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, such that they take plain values at once."""
        return values.sparing(super().get_params(ctx))

    def get_help(self, ctx: Any) -> str:
        """Return the help as it is printed."""
        return helptext.of_group(self, ctx, {entry.name: entry.summary for entry in COMMANDS})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find a command by name, with a suggestion where there is none, and import it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, load(found.name) if found is not None and found.name else found, rest


def load(name: str) -> Any:
    """Import a command's module and return the command."""
    function: Callable[..., int] = import_module(f"megaql.cli.commands.{name}").command
    single = typer.Typer(add_completion=False)
    single.command(name, cls=Command, context_settings=_HELP_NAMES)(function)
    command = typer.main.get_command(single)
    command.name = name
    return command


def _print_version(wanted: bool) -> None:
    if wanted:
        from megaql import __version__  # noqa: PLC0415 - nothing else needs it

        typer.echo(f"megaql {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> int:
    """Query, watch and consume the messages of Amazon SQS and SNS with one small language."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
    return 0


def root() -> Any:
    """Return the whole command line as one command that can be invoked."""
    app = typer.Typer(cls=Group, add_completion=False, invoke_without_command=True)
    app.callback(cls=Group, context_settings=_HELP_NAMES, invoke_without_command=True)(_root)
    return typer.main.get_command(app)
