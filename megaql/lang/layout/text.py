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
    laid_out = "\n".join(_lines(source.text, clause, Comments(source.text, clause), columns))
    return laid_out if _means(laid_out, source.text, clause) else source.text


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
    text, margin = query.source.text, query.source.margin
    comments = Comments(text, clause)
    page = render(document_of(text, clause, comments), WIDTH - width(margin) - 1)
    beside = f" {page.lines[0]}"
    if len(page.lines) > 1 or page.beyond or beside.startswith(" #") or width(margin + beside) > WIDTH:
        lines = _lines(text, clause, comments, WIDTH - INDENT)
        beside = "".join(f"\n{' ' * INDENT}{line}" for line in lines)
    return margin + (beside if _means(beside, text, clause) else text.replace("\r\n", "\n"))


def _paragraphs(gap: str) -> list[str]:
    """Return the comments between two queries, those together that no blank line parts."""
    lines = [line.strip() for line in gap.split("\n")]
    return [paragraph.strip("\n") for paragraph in "\n".join(lines).split("\n\n") if paragraph.strip("\n")]


def _lines(text: str, clause: Clause, comments: Comments, columns: int) -> tuple[str, ...]:
    while True:
        page = render(document_of(text, clause, comments), columns)
        if not page.beyond:
            return page.lines
        for remark in page.beyond:  # a comment that is too much for the end of its line gets a line of its own
            comments.lift(remark.place)


def _means(laid_out: str, text: str, clause: Clause) -> bool:
    """Say whether a text laid out is within the limits; one that says something else is a defect, and no file may be overwritten with it."""
    if laid_out == text:
        return True
    try:
        again = parse(laid_out)
    except QueryLimitError:
        return False
    if again != clause:
        raise AssertionError("a layout changed what a query means")
    return True
