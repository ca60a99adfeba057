"""`megaql fmt`: queries and query files in their one layout."""

from __future__ import annotations

from typing import Annotated

import typer

from megaql.cli import options
from megaql.cli.environment import Color
from megaql.cli.options import ColorOption
from megaql.cli.queries.typed import QueriesOption


def command(
    context: typer.Context,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY|FILE",
            help="Queries, query files (.mql), folders of them, or - for standard input; without any, the query file of @NAME.",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; list what is not laid out, and exit with 1 if anything is not."),
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
    queries: QueriesOption = None,
    color: ColorOption = Color.AUTO,
) -> int:
    """Lay queries and query files out: one form for one meaning, comments kept, lines of at most 100 columns.

    Examples:
      megaql fmt 'a==1 && (b or c)'
      megaql fmt shop.mql
      megaql fmt . --check
      megaql fmt shop.mql --diff
      megaql fmt - < shop.mql

    Effect: writes files. A query file that is not laid out yet is replaced, whole or not at all; a query is printed. What has an error is
    told and stays as it is, the rest is laid out all the same, and the exit status is 2.
    """
    from megaql.cli.queries.formatting import Formatting  # noqa: PLC0415 - the rooms below are entered when the command runs
    from megaql.cli.queries.typed import file_of  # noqa: PLC0415 - as above

    world = options.world_of(context, color)
    formatting = Formatting(world, queries, check=check, diff=diff)
    for given in texts or [file_of(world, queries)]:
        formatting.take(given)
    return formatting.end()
