"""`megaql test`: a filter over files, as grep is one over lines."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption, ExitStatusOption, ParamOption
from megaql.cli.output import FieldsOption, Output, OutputOption, TemplateOption
from megaql.cli.queries import QueriesOption, compile_given
from megaql.cli.status import Status
from megaql.errors import MegaQLError

#: A word that begins like this is no file.
QUEUE_PREFIXES: Final = ("local:", "local-topic:", "arn:", "http://", "https://")


def command(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="The query, in quotes for the shell, or @NAME of a query file.")
    ],
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", help="Files (.json .jsonl .ndjson, also .gz) of records or payloads; - is standard input."
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
    output: OutputOption = Output.AUTO,
    fields: FieldsOption = None,
    template: TemplateOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Print the messages of files that a query matches.

    Examples:
      megaql test 'event.name == "item.added"' events.ndjson
      megaql test 'event.quantity > $least' a.ndjson b.json.gz -p least=5 -o body
      megaql peek orders -n 100 | megaql test 'object.current.email ~ /@example/i' - --count
      megaql test @shop.mql:large events.ndjson -p least=1000
      megaql test 'missing event.subject' events.ndjson --quiet -e || echo none

    Effect: reads. A line that is no message is told on standard error and passed over; the exit status is then 6.
    """
    from megaql.cli.fields import fields_of  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.output import writer  # noqa: PLC0415 - as above
    from megaql.cli.reading import Wanted, reading  # noqa: PLC0415 - as above
    from megaql.scan.budget import Budget  # noqa: PLC0415 - as above
    from megaql.scan.target import FileSource  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    compiled = compile_given(world, query, param, queries)
    shown = writer(world, output, fields=fields, template=template, asked=fields_of(compiled.node))
    total, statuses = 0, []
    for file in files:
        if file.startswith(QUEUE_PREFIXES):
            raise typer.BadParameter(
                f"{file!r} is a queue; `megaql peek {file} -w QUERY` looks into it", param_hint="FILE"
            )
    nowhere = options.connection(None, None, None)
    for number, file in enumerate(files, start=1):
        with reading(world, FileSource(file), nowhere, Wanted(Budget()), quiet=quiet) as scan:
            try:
                for message in scan.matching(compiled, invert=invert):
                    total += 1
                    if not count:
                        shown.show(message)
            except MegaQLError:
                if total and not count:
                    shown.end()  # an array that was begun is whole all the same
                raise
            if number == len(files):  # before the summary, which would stand inside of an array
                world.out(str(total)) if count else shown.end()
        statuses.append(scan.status())
    failed = max(statuses)
    return failed or (Status.NO_MATCH if exit_status and not total else Status.DONE)
