"""`megaql help TOPIC`: short pages about what belongs to no single command."""

from __future__ import annotations

import difflib
import textwrap
from typing import Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption
from megaql.cli.terminal.style import Style
from megaql.settings import SETTINGS

#: No page is wider. Characters.
WIDTH: Final = 80

_VARIABLES: Final = """\
  MEGAQL_HOME          folder of the embedded broker (local:NAME)
  XDG_STATE_HOME       folder of logs, and of what megaql release reads
  MEGAQL_CONFIG        the configuration file, instead of megaql.toml
  MEGAQL_QUERIES       the query file of @NAME; without it megaql.mql
  MEGAQL_DEBUG=1       show the traceback of a defect in megaql
  MEGAQL_COMPLETION=0  remember no names and paths for completion
  MEGAQL_LEAN=0        let boto3 make all calls by itself
  AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID and all others that boto3 reads
  AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_SNS, AWS_ENDPOINT_URL
                       other endpoints, an emulator for example
  NO_COLOR             no colours; --color comes before it
  FORCE_COLOR, CLICOLOR_FORCE
                       colours without a terminal; after NO_COLOR
  TERM=dumb            no colours
  COLUMNS              width of the output where the terminal says none

megaql.toml is looked for in the current directory and those above it, then
in the user's configuration folder. What an option or the App's code says
comes first, then the variable, then the file, then the default."""


def _environment() -> str:
    """Return the page about variables and the file, with every setting there is."""
    blocks = [_VARIABLES]
    for table in dict.fromkeys(setting.table for setting in SETTINGS):
        lines = [f"[{table}]"]
        for setting in SETTINGS:
            if setting.table == table:
                default = f" [{setting.default}]" if setting.default else ""
                lines += textwrap.wrap(
                    f"{setting.name} = {setting.kind.written}, or {', '.join(setting.variables)}",
                    WIDTH,
                    initial_indent="  ",
                    subsequent_indent=" " * 10,
                    break_on_hyphens=False,
                )
                lines += [f"      {line}" for line in textwrap.wrap(setting.meaning + default, WIDTH - 6)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


TOPICS: Final = {
    "exit-codes": (
        "How a command ends, for scripts",
        """\
  0    done; also when nothing matched, unless -e was given
  1    the answer is no: no match with -e, no message for explain or for
       publish --wait-match; check or doctor found an error; fmt --check a file
       that is laid out otherwise; test or relate something that is not as
       expected; convert no such filter; alive no progress
  2    wrong usage, or an error in a query, a file or a module
  3    refused, because it would have harmed the queue or nobody said yes
  4    no credentials, or no permission
  5    no such queue or topic, no network, or throttled beyond patience
  6    done in part: a line could not be read, a message was not sent, a
       queue of a list could not be asked, a process of run --once or
       run --limit died over its messages
  70   a defect in megaql
  130  ended by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP (a terminal that was
       closed); what was held has been released before

When the reader of a pipe leaves (`megaql peek … | head -1`), the command
releases what it holds and ends with 0.""",
    ),
    "queries": (
        "The query language on one screen",
        """\
  event.name == "item.added" and event.quantity > 5
  object.current.email ~ /@example/i
  event.quantity between 1 and 10 or not (status in ["void", "test"])
  any item in object.current.items: (item.quantity > 5)
  @attributes.tenant == $tenant and age(@sent_at) < 15m
  event.timestamp >= d"2026-01-02" or missing event.subject

compare   == != < <= > >=   in   between   ~ /regex/   is null
text      startswith endswith contains like "a*"   "x"i ignores case
presence  exists P   missing P   empty P   P ?? "default"
arrays    items[0]   items[*].sku   a.**.b   any all none one count
envelope  @id @sent_at @receive_count @group_id @attributes.NAME @kind @body
functions number lower upper length size date epoch epoch_ms age ago now

A comparison with a missing path is unknown, and unknown is no match, also
under `not`. Ask for absence with `missing`, or give a default with `??`.
Put queries in single quotes for the shell. @NAME in place of a query takes it
from a file of queries. docs/language.md and docs/query-files.md have all of it.""",
    ),
    "safety": (
        "What looking at a queue does to it",
        """\
SQS cannot be looked into: a read hides messages and raises their receive
count, and a count past the queue's maxReceiveCount dead-letters the message.
peek, snapshot, explain, run --shadow and publish --wait-match therefore

  - ask for the queue's settings first, and refuse with a maxReceiveCount of 1
    (--allow-dead-letter) or ask with 2 and 3 (--allow-receives);
  - receive each message once, under a lease of 10 to 60 seconds;
  - stop at the first of: --limit, --scan, --for, a tenth of what the queue
    may have in flight, three empty polls, a message on its last life;
  - release everything on every way out (Ctrl-C, SIGTERM and a closed pipe
    too), but nothing whose lease may have ended and which may be somebody
    else's by now;
  - say on standard error what they did.

After kill -9 the messages come back by themselves when their lease ends, and
megaql release gives them back before. On a FIFO queue a held message holds up
its group, so that one receive is made. A safer way to look is a file: megaql
snapshot once, and then query that.

redrive, move, copy and delete do nothing without --apply. With it they send a
message, write that down on the disk, and only then delete it, if its lease
still runs. What they do not select is held until the end and released. Queues
that megaql.toml lists under [protected] want their name typed.""",
    ),
    "environment": ("Environment variables and megaql.toml", _environment()),
}


def command(
    context: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="exit-codes, queries, safety, environment, or a command.")
    ] = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Explain exit codes, queries, safety and the environment variables.

    Examples:
      megaql help exit-codes
      megaql help queries
      megaql help peek

    Effect: reads. Nothing but this text.
    """
    from megaql.cli import program  # noqa: PLC0415 - commands loads this module

    world = options.world_of(context, color)
    style = Style(on=world.colors())
    if topic is None:
        for name, (title, _) in TOPICS.items():
            world.out(f"  {style(f'{name:<12}', 'cyan')} {title}")
        return 0
    if topic in TOPICS:
        title, text = TOPICS[topic]
        world.out(f"{style(title, bold=True)}\n\n{_painted(text, style) if topic == 'queries' else text}")
        return 0
    names = [entry.name for entry in program.COMMANDS]
    if topic in names:
        found = program.load(topic)
        with typer.Context(found, info_name=f"megaql {topic}", obj=world, **found.context_settings) as inner:
            world.out(found.get_help(inner))
        return 0
    near = difflib.get_close_matches(topic, [*TOPICS, *names], n=1)
    raise typer.BadParameter(
        f"There is no topic {topic!r}; topics are {', '.join(TOPICS)}.{f' Did you mean {near[0]}?' if near else ''}",
        param_hint="TOPIC",
    )


def _painted(text: str, style: Style) -> str:
    """Return a text that begins with queries, up to a blank line, with them in colour."""
    if not style.on:
        return text
    from megaql.cli.terminal.coloring import painted  # noqa: PLC0415 - it imports Pygments

    queries, blank, rest = text.partition("\n\n")
    return f"{painted(queries, style)}{blank}{rest}"
