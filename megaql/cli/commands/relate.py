"""`megaql relate`: how two queries relate, or all queries of a file or an application."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.messages.output import Output
from megaql.cli.options import ColorOption, ParamOption
from megaql.cli.queries.sets import QUERY_FILE, compiled, query_set
from megaql.cli.queries.typed import QueriesOption

if TYPE_CHECKING:
    from megaql.cli.environment import Environment
    from megaql.query import Query


class Expect(StrEnum):
    """What `--expect` may ask for: the first five of two queries, the last two of a set."""

    IMPLIES = "implies"
    IMPLIED = "implied"
    EQUIVALENT = "equivalent"
    OVERLAPS = "overlaps"
    EXCLUDES = "excludes"
    DISTINCT = "distinct"


def command(
    context: typer.Context,
    first: Annotated[
        str,
        typer.Argument(
            metavar="QUERY|FILE|MODULE:APP",
            help="A query or @NAME; or alone a query file (.mql) or an App, for a whole set.",
        ),
    ],
    second: Annotated[str | None, typer.Argument(metavar="QUERY", help="The query to compare with.")] = None,
    param: ParamOption = None,
    queries: QueriesOption = None,
    no_arrays: Annotated[
        bool,
        typer.Option(
            "--no-arrays", help="A path leads to one value: leave out messages in which it meets an array unasked."
        ),
    ] = False,
    expect: Annotated[
        Expect | None,
        typer.Option(
            "--expect",
            metavar="ANSWER",
            help="implies, implied, equivalent, overlaps or excludes; of a set, excludes or distinct (each can match, and none is "
            "covered by another). Exit with 1 if it does not hold or cannot be told.",
        ),
    ] = None,
    output: Annotated[
        Output,
        typer.Option(
            "-o",
            "--output",
            metavar="FORM",
            help="table (text), json, or ndjson: the messages of two queries, the findings of a set, one a line; auto is a table "
            "on a terminal and ndjson in a pipe.",
        ),
    ] = Output.AUTO,
    color: ColorOption = Color.AUTO,
) -> int:
    """Say how two queries relate, and show it with messages; or compare all queries of a file or an application.

    Examples:
      megaql relate 'event.name == "user.updated"' 'event.name startswith "user."'
      megaql relate @large @refunds --no-arrays --expect excludes
      megaql relate 'total > 100' 'total >= $least' -p least=100 | megaql test 'total > 100' -
      megaql relate shop.mql
      megaql relate shop.handlers:app --expect distinct

    Effect: reads. Query files and applications, and no message: those that are shown are made up, and the queries confirm them.
    """
    from megaql.cli.messages.output import summary_form  # noqa: PLC0415 - as above
    from megaql.cli.queries.relating import Pair, Set  # noqa: PLC0415 - the rooms below are entered when the command runs

    world = options.world_of(context, color)
    form = summary_form(world, output, "relations")
    if second is not None:
        if expect is Expect.DISTINCT:
            raise typer.BadParameter("distinct is asked of a set of queries", param_hint="--expect")
        pair = _two(world, first, second, param, queries)
        return Pair(world, *pair, arrays=not no_arrays).show(form, expect.value if expect else None)
    if expect not in {None, Expect.EXCLUDES, Expect.DISTINCT}:
        raise typer.BadParameter("of a set, excludes or distinct can be asked", param_hint="--expect")
    compared = Set(world, query_set(world, first, param), arrays=not no_arrays)
    return compared.show(form, expect.value if expect else None)


def _two(
    world: Environment, first: str, second: str, param: list[str] | None, queries: str | None
) -> tuple[Query, Query]:
    from megaql.cli.queries.typed import source_of  # noqa: PLC0415 - as above

    for given in (first, second):
        if given.endswith(QUERY_FILE) and Path(given).is_file():
            raise typer.BadParameter(f"{given} is a file; @{given}:NAME is a query of it", param_hint="QUERY")
    one, other = compiled([source_of(world, first, queries), source_of(world, second, queries)], param)
    return one, other
