"""Sets of queries: those of a query file, or of an application's subscriptions, by name.

A maintainer keeps one rule: a word that names a set names the same one for every command that takes sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from megaql.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.cli.environment import Environment
    from megaql.query import Query
    from megaql.source import Source

#: What a query file's name ends in.
QUERY_FILE: Final = ".mql"


def names_set(given: str) -> bool:
    """Say whether a word names a set of queries: a query file, or MODULE:APP. No query has either form."""
    from megaql.cli.queries.loading import names_app  # noqa: PLC0415 - only commands that take sets

    return (given.endswith(QUERY_FILE) and not given.startswith("@")) or names_app(given)


def query_set(world: Environment, given: str, param: list[str] | None) -> Mapping[str, Query]:
    """Return the queries of a set by name, with those values of `-p` that they ask for; raises QueryError with all mistakes of a file."""
    if given.endswith(QUERY_FILE):
        from megaql.cli.queries.typed import read_file  # noqa: PLC0415 - as above
        from megaql.lang.queryfile import parse_all  # noqa: PLC0415 - as above

        file = read_file(given)
        parse_all(file)  # tells the mistakes of all queries at once
        return dict(zip(file.names, compiled([query.source for query in file.queries], param), strict=True))
    from megaql.cli.queries.loading import names_app  # noqa: PLC0415 - as above

    if not names_app(given):
        raise typer.BadParameter(
            "a second query is missing; alone stands a file (.mql) or MODULE:APP", param_hint="QUERY"
        )
    if param:
        raise typer.BadParameter("the queries of an application have their values already", param_hint="-p")
    return _subscriptions(world, given)


def _subscriptions(world: Environment, given: str) -> Mapping[str, Query]:
    from megaql.cli.queries.loading import load_app  # noqa: PLC0415 - as above

    subscriptions = load_app(given).subscriptions
    decoded = [one.name for one in subscriptions if one.decoder is not None]
    if decoded:
        world.say(f"left out, for their queries look at what a decoder makes: {', '.join(decoded)}")
    return {one.name: one.query for one in subscriptions if one.decoder is None}


def compiled(sources: list[Source], param: list[str] | None) -> list[Query]:
    """Compile queries, each with those values of `-p` that it asks for."""
    from megaql.lang import nodes, parser, tree  # noqa: PLC0415 - as above
    from megaql.query import compile as compile_query  # noqa: PLC0415 - as above

    values = options.parameters(param or [])
    made, unused = [], set(values)
    for source in sources:
        names = {node.name for node in tree.walk(parser.parse(source)) if isinstance(node, nodes.Param)}
        made.append(compile_query(source, **{name: value for name, value in values.items() if name in names}))
        unused -= names
    if unused:
        raise typer.BadParameter(f"no query has a parameter ${min(unused)}", param_hint="-p")
    return made
