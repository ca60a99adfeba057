"""Texts laid out: of a query and of a query file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.errors import QueryLimitError
from megaql.lang import queryfile
from megaql.lang.layout.clauses import document_of
from megaql.lang.layout.comments import Comments
from megaql.lang.layout.document import INDENT, render
from megaql.lang.parser import parse
from megaql.source import Source, width

if TYPE_CHECKING:
    from megaql.lang.nodes import Clause
    from megaql.lang.queryfile import NamedQuery

#: Lines are no longer than this, unless a single word is. Cells.
WIDTH: Final = 100


def format_query(query: str | Source, *, columns: int = WIDTH) -> str:
    """Return a query laid out, without a line end behind it. Raises QueryError for what is no query.

    A query that laid out would be beyond a limit of the language, since line ends and parentheses count, stays as it is.
    """
    source = query if isinstance(query, Source) else Source(query)
    clause = parse(source)
    laid_out = _laid_out(source.text, clause, columns)
    return laid_out if _means(laid_out, clause) else source.text


def format_file(text: str, name: str = "") -> str:
    """Return a query file laid out: one blank line between queries, and a query on its name's line where it fits there.

    Line ends are those of the first line. `name` says in errors where the text came from. Raises QueryError with everything that is
    wrong with the file and its queries. What would be beyond a limit stays as it is, as in `format_query`.
    """
    file = queryfile.read(text, name)
    blocks: list[str] = []
    end = 0
    for query, clause in zip(file.queries, queryfile.parse_all(file), strict=True):
        gap = text[end : query.span.start]
        blocks += _paragraphs(gap)
        above = f"{blocks.pop()}\n" if gap.rpartition("\n")[0].rpartition("\n")[2].startswith("#") else ""
        blocks.append(above + _named(query, clause))
        end = query.span.end
    blocks += _paragraphs(text[end:])
    laid_out = "\n\n".join(blocks) + "\n" * bool(blocks)
    if len(laid_out.encode("utf-8", "surrogatepass")) > queryfile.FILE_BYTES:
        return text
    return laid_out.replace("\n", "\r\n") if text.partition("\n")[0].endswith("\r") else laid_out


def _named(query: NamedQuery, clause: Clause) -> str:
    """Return a query of a file with its name."""
    text = query.source.text
    beside = f" {_laid_out(text, clause, WIDTH - width(query.source.margin) - 1)}"
    if "\n" in beside or beside.startswith(" #") or width(query.source.margin + beside) > WIDTH:
        lines = _laid_out(text, clause, WIDTH - INDENT).split("\n")
        beside = "".join(f"\n{' ' * INDENT}{line}" for line in lines)
    return query.source.margin + (beside if _means(beside, clause) else text.replace("\r\n", "\n"))


def _paragraphs(gap: str) -> list[str]:
    """Return the comments between two queries, those together that no blank line parts."""
    lines = [line.strip() for line in gap.split("\n")]
    return [paragraph.strip("\n") for paragraph in "\n".join(lines).split("\n\n") if paragraph.strip("\n")]


def _laid_out(text: str, clause: Clause, columns: int) -> str:
    comments = Comments(text, clause)
    while True:
        page = render(document_of(text, clause, comments), columns)
        if not page.beyond:
            return "\n".join(page.lines)
        for remark in page.beyond:  # a comment that is too much for the end of its line gets a line of its own
            comments.lift(remark.place)


def _means(text: str, clause: Clause) -> bool:
    """Say whether a text is within the limits; one that says something else is a defect, and no file may be overwritten with it."""
    try:
        again = parse(text)
    except QueryLimitError:
        return False
    if again != clause:
        raise AssertionError("a layout changed what a query means")
    return True
