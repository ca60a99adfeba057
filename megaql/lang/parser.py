"""From text to a match tree: caps, then the grammar, then the tree, then the checks, each a step of its own.

A maintainer keeps the order. The caps of the text come before the parser, so that nothing hostile reaches it; and no
`Stop` of the parser leaves this module, whatever the text. What is wrong is told together, as far as it is independent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.errors import QueryError
from megaql.lang import grammar, limits, tokens
from megaql.lang.build import Builder
from megaql.lang.lalr import Stop
from megaql.lang.wellformed import check
from megaql.source import Source

if TYPE_CHECKING:
    from megaql.lang.nodes import Clause


def parse(query: str | Source) -> Clause:
    """Parse a query. Its nodes have spans into its text; its parameters stay in, for `binding.bind`.

    A `Source` says in errors where the text came from. Raises, with all independent mistakes, QuerySyntaxError, QueryCheckError or QueryLimitError.
    """
    source = query if isinstance(query, Source) else Source(query)
    try:
        return _read(source)
    except QueryError as first:
        from megaql.lang.mistakes.recovery import with_further  # noqa: PLC0415 - a query that is right needs no diagnostics

        raise with_further(first, _read) from None


def _read(source: Source) -> Clause:
    """Parse a query, or raise an error about the first thing that is wrong with it."""
    limits.check_length(source)
    scanned = tokens.scan(source.text)
    limits.check_tokens(source, scanned)
    try:
        branch = grammar.parse(source.text)
    except Stop as stop:
        from megaql.lang.mistakes.diagnose import syntax_error  # noqa: PLC0415 - as above

        raise syntax_error(source, scanned, stop.offset) from None
    clause = Builder(source).clause(branch.children[0])
    limits.check_tree(clause, source)
    check(clause, source)
    return clause
