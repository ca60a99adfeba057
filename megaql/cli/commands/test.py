"""`megaql test`: a filter over files, as grep is one over lines; and queries tested with messages that say what they should match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.messages.output import FieldsOption, Output, OutputOption, TemplateOption
from megaql.cli.options import ColorOption, ExitStatusOption, ParamOption
from megaql.cli.overwriting import refuse_overwriting
from megaql.cli.queries.typed import QueriesOption, compile_given, files_of
from megaql.cli.status import Status

if TYPE_CHECKING:
    from megaql.cli.environment import Environment

_EXPECTATIONS: Final = "Expectations"

#: A word that begins like this is no file.
QUEUE_PREFIXES: Final = ("local:", "local-topic:", "arn:", "http://", "https://")


def command(
    context: typer.Context,
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY|FILE.mql|MODULE:APP",
            help="The query, in quotes for the shell, or @NAME of a query file. Or all queries of a query file or an App, to be tested.",
        ),
    ],
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Files (.json .jsonl .ndjson, also .gz) of records, payloads or cases; - is standard input.",
        ),
    ],
    param: ParamOption = None,
    queries: QueriesOption = None,
    invert: Annotated[
        bool, typer.Option("-v", "--invert", help="Print what does not match, unknown ones included.")
    ] = False,
    count: Annotated[bool, typer.Option("--count", help="Print the number of messages and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No summary on standard error.")] = False,
    exit_status: ExitStatusOption = False,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect",
            metavar="COUNT",
            help="Exit with 1 unless so many messages match: a number, none or all.",
            rich_help_panel=_EXPECTATIONS,
        ),
    ] = None,
    junit: Annotated[
        str | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            help="Write what was expected and what came of it as JUnit's XML.",
            rich_help_panel=_EXPECTATIONS,
        ),
    ] = None,
    output: OutputOption = Output.AUTO,
    fields: FieldsOption = None,
    template: TemplateOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Print the messages of files that a query matches, or test queries with messages that say what they should match.

    Examples:
      megaql test 'event.name == "item.added"' events.ndjson
      megaql test 'event.quantity > $least' a.ndjson b.json.gz -p least=5 -o body
      megaql peek orders -n 100 | megaql test 'object.current.email ~ /@example/i' - --count
      megaql test 'missing event.subject' events.ndjson --quiet -e || echo none
      megaql test @shop.mql:large events.ndjson -p least=1000 --expect 3
      megaql test shop.mql cases.ndjson -p least=1000 --junit report.xml

    Effect: reads. A line that is no message is told on standard error and passed over; the exit status is then 6.

    A case is a line such as {"name": "a large order", "expect": ["large"], "message": {…}}: the queries that match the message, all others of the
    file being expected not to. {"expect": {"large": true, "moved": "unknown"}} says it of some queries only. The exit status is 1 where anything is
    not as expected.
    """
    from megaql.cli.queries.sets import names_set  # noqa: PLC0415 - the rooms below are entered when the command runs

    world = options.world_of(context, color)
    for file in files:
        if file.startswith(QUEUE_PREFIXES):
            raise typer.BadParameter(
                f"{file!r} is a queue; `megaql peek {file} -w QUERY` looks into it", param_hint="FILE"
            )
    refuse_overwriting(world, junit, [query, *(files or ["-"]), *files_of(world, query, queries)], "--junit")
    if names_set(query):
        about_one = {
            "--invert": invert,
            "--count": count,
            "--exit-status": exit_status,
            "--expect": expect is not None,
            "--fields": fields is not None,
            "--template": template is not None,
        }
        if given := next((option for option, value in about_one.items() if value), None):
            raise typer.BadParameter(f"{query} is a set of queries, and this is about one", param_hint=given)
        return _test_set(world, query, files, param, output, junit, quiet=quiet)
    _check_expected(expect, junit)
    from megaql.cli.messages.fields import fields_of  # noqa: PLC0415 - as above
    from megaql.cli.messages.output import writer  # noqa: PLC0415 - as above
    from megaql.cli.testing.filtering import filtered  # noqa: PLC0415 - as above

    compiled = compile_given(world, query, param, queries)
    shown = None if count else writer(world, output, fields=fields, template=template, asked=fields_of(compiled.node))
    found = filtered(world, compiled, files, shown, quiet=quiet, invert=invert)
    if expect is not None:
        return found.status or found.expected(world, str(compiled), expect, junit)
    return found.status or (Status.NO_MATCH if exit_status and not found.total else Status.DONE)


def _test_set(
    world: Environment,
    query: str,
    files: list[str],
    param: list[str] | None,
    output: Output,
    junit: str | None,
    *,
    quiet: bool,
) -> int:
    from megaql.cli.messages.output import summary_form  # noqa: PLC0415 - as above
    from megaql.cli.queries.sets import query_set  # noqa: PLC0415 - as above
    from megaql.cli.testing.sets import Tested  # noqa: PLC0415 - as above

    form = summary_form(world, output, "results")
    return Tested(world, query_set(world, query, param), form, quiet).run(files, junit)


def _check_expected(expect: str | None, junit: str | None) -> None:
    if expect is not None and expect not in {"none", "all"} and not (expect.isascii() and expect.isdigit()):
        raise typer.BadParameter(f"{expect!r} is not a number, none or all", param_hint="--expect")
    if junit is not None and expect is None:
        raise typer.BadParameter("of one query, say with --expect how many messages it matches", param_hint="--junit")
