"""What was typed as a query: its text, or the name of one in a query file.

A maintainer keeps one rule: every command that takes a query takes it through here, so that `@NAME` means the same everywhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from megaql.cli import options
from megaql.errors import MegaQLError
from megaql.source import Source

if TYPE_CHECKING:
    from megaql.cli.environment import Environment
    from megaql.lang.queryfile import QueryFile
    from megaql.query import Query

#: The file that `@NAME` is looked up in, in the current directory, where neither `--queries` nor `MEGAQL_QUERIES` says another.
DEFAULT_FILE: Final = "megaql.mql"

#: A query's name instead of its text. A lone field of the envelope has the same form and is never a useful query: none is a boolean.
_NAMED: Final = re.compile(r"\s*@(?:(?P<file>.+\.mql):)?(?P<name>[\w-]+)\s*")

#: A file without a name in it.
_FILE_ALONE: Final = re.compile(r"\s*@(?P<file>.+\.mql):?\s*")

QueriesOption = Annotated[
    str | None,
    typer.Option(
        "--queries",
        metavar="FILE",
        help="The query file of @NAME.",
        show_default="MEGAQL_QUERIES, else megaql.mql",
    ),
]


def compile_given(world: Environment, given: str, param: list[str] | None, queries: str | None) -> Query:
    """Compile what was given as a query, with the values of `-p`.

    Raises QueryError, with the lines of the query file where the query is from one, or what `source_of` raises.
    """
    from megaql.query import compile as compile_query  # noqa: PLC0415 - the rooms below are entered when the command runs

    return compile_query(source_of(world, given, queries), **options.parameters(param or []))


def compile_where(world: Environment, where: str | None, param: list[str] | None, queries: str | None) -> Query | None:
    """Compile the query of `--where`, as `compile_given` does; `None` where there is none, and then no values for it either."""
    if where is None and param:
        raise typer.BadParameter("without a query there is nothing to bind; add -w QUERY", param_hint="--param")
    return None if where is None else compile_given(world, where, param, queries)


def source_of(world: Environment, given: str, queries: str | None) -> Source:
    """Return the text that was meant by a query, `@NAME` or `@FILE.mql:NAME`; `queries` is the value of `--queries`.

    Raises MegaQLError where there is no such file or name, and QueryError where the file is none of queries.
    """
    found = _NAMED.fullmatch(given)
    if found is None:
        if alone := _FILE_ALONE.fullmatch(given):
            raise _unnamed(read_file(alone["file"]))
        return Source(given)
    name = found["name"]
    path = found["file"] or file_of(world, queries)
    if path == DEFAULT_FILE and not Path(path).exists():
        raise MegaQLError(
            f"There is no query file to look for @{name} in",
            where=f"{DEFAULT_FILE}, in the current directory",
            why="@NAME is a query of a file, and --queries and MEGAQL_QUERIES name no other one",
            hint=_envelope_hint(name) or f"name the file: --queries FILE, or @FILE.mql:{name}",
        )
    file = read_file(path)
    query = file.find(name)
    if query is None:
        raise _unknown(name, file)
    return query.source


def files_of(world: Environment, given: str | None, queries: str | None) -> list[str]:
    """Return the query file that a query is read from, none where it stands on the command line."""
    found = _NAMED.fullmatch(given) if given is not None else None
    return [] if found is None else [found["file"] or file_of(world, queries)]


def file_of(world: Environment, queries: str | None) -> str:
    """Return the path of the file that `@NAME` is looked up in; `queries` is the value of `--queries`."""
    return queries or world.environ.get("MEGAQL_QUERIES") or DEFAULT_FILE


def read_file(path: str) -> QueryFile:
    """Read a query file. Raises MegaQLError where it cannot be read, and QueryError where it is none."""
    from megaql.lang import queryfile  # noqa: PLC0415 - as above

    return queryfile.read(read_text(path), path)


def read_text(path: str) -> str:
    """Return the text of a file of queries, its line ends as they are and a byte order mark left out."""
    try:
        return text_of(Path(path).read_bytes(), path)
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from None


def text_of(data: bytes, path: str) -> str:
    """Return what a query file or standard input holds as text; `path` names it in an error."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"it is not UTF-8 text: byte {error.start:,} is {data[error.start]:#04x}") from None


def _unreadable(path: str, why: str) -> MegaQLError:
    return MegaQLError(
        "The query file cannot be read", where=path, why=why, hint="name a text file of queries, as in shop.mql"
    )


def _unknown(name: str, file: QueryFile) -> MegaQLError:
    from megaql.lang.vocabulary import nearest  # noqa: PLC0415 - as above

    near = nearest(name, file.names)
    hint = f"did you mean @{near}?" if near else _envelope_hint(name) or "add it to the file, or name another one"
    return MegaQLError(f"There is no query {name} in {file.source.name}", where=f"@{name}", why=_names(file), hint=hint)


def _unnamed(file: QueryFile) -> MegaQLError:
    path = file.source.name
    return MegaQLError(
        "A query file is no query",
        where=f"@{path}",
        why=_names(file),
        hint=f"name one of its queries: @{path}:{file.names[0] if file.names else 'NAME'}",
    )


def _names(file: QueryFile) -> str:
    return f"its queries are {', '.join(file.names)}" if file.names else "it holds no query"


def _envelope_hint(name: str) -> str:
    """Return what to write for a field of the envelope, which is no query by itself; nothing for any other name."""
    from megaql.lang.record import ENVELOPE_FIELDS  # noqa: PLC0415 - as above

    return (
        f'to ask about the field of the envelope, compare it: @{name} == "…", exists @{name}'
        if name in ENVELOPE_FIELDS
        else ""
    )
