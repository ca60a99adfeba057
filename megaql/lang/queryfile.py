"""Query files (`.mql`): many queries in one text, each under a name.

A line that starts in the first column with `NAME:` begins a query; its text follows there and on indented lines. A
maintainer keeps two rules. A file is cut by its lines alone, never by what a query says, so that one broken query
cannot hide the others. And a query's source knows its place in the file, so that every diagnostic points there.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from megaql.errors import Diagnostic, QueryError, QueryLimitError, QuerySyntaxError
from megaql.lang import parser
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.lang.nodes import Clause

#: The text of a file, in bytes of UTF-8.
FILE_BYTES: Final = 1024 * 1024

#: Queries of one file.
QUERIES: Final = 1_000

#: What begins a query.
_BEGINNING: Final = re.compile(r"([\w-]+):")

#: After so many mistakes a file is not read on: it is something else. Diagnostics.
MISTAKES: Final = 20

#: What was meant to begin a query, and cannot: a name in quotes or with a dot, a space before its colon.
_MEANT: Final = re.compile(r"""([\w.,"'/-]*)\s*:(?!\S)""")


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query of a file: its name, the comment right above it without `#`, its text, and its place.

    `span` goes from the name to the end of the query's last line, in the text of the file; the text of `source` begins
    there after the colon, and `source` reports the lines and columns of the file.
    """

    name: str
    comment: str
    source: Source
    span: Span


@dataclass(frozen=True, slots=True)
class QueryFile:
    """The queries of a file, in its order, each name once."""

    source: Source
    queries: tuple[NamedQuery, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the file."""
        return tuple(query.name for query in self.queries)

    def find(self, name: str) -> NamedQuery | None:
        """Return the query of a name, or None where there is none."""
        return next((query for query in self.queries if query.name == name), None)


def read(text: str, name: str = "") -> QueryFile:
    """Cut the text of a file into its queries, which are not parsed: `parser.parse(query.source)` does that.

    `name` says in errors where the text came from. Raises QuerySyntaxError with everything that is wrong with the file
    as such, or QueryLimitError.
    """
    source = Source(text, name)
    _check_size(source)
    reader = _Reader(source)
    for span in _lines(text):
        reader.take(span)
    return QueryFile(source, reader.end())


def parse_all(file: QueryFile) -> tuple[Clause, ...]:
    """Parse the queries of a file, in its order.

    Raises one QueryError with everything that is wrong with any of them, of the first one's class and placed in the file.
    """
    clauses: list[Clause] = []
    errors: list[QueryError] = []
    mistakes: list[Diagnostic] = []
    for query in file.queries:
        try:
            clauses.append(parser.parse(query.source))
        except QueryError as error:
            errors.append(error)
            mistakes += [_moved(one, query.span.start + len(query.source.margin)) for one in error.diagnostics]
    if errors:
        raise type(errors[0])(file.source, mistakes)
    return tuple(clauses)


def _moved(one: Diagnostic, by: int) -> Diagnostic:
    return dataclasses.replace(
        one,
        span=one.span.moved(by),
        fix_span=one.fix_span.moved(by) if one.fix_span else None,
        related=tuple((span.moved(by), label) for span, label in one.related),
    )


def _check_size(source: Source) -> None:
    length = len(source.text.encode("utf-8", "surrogatepass"))
    if length > FILE_BYTES:
        message = f"the file is {length:,} bytes long; at most {FILE_BYTES:,} are allowed"
        raise QueryLimitError(source, [Diagnostic(message, Span(0, 0), hint="split it", code="file-length")])


def _lines(text: str) -> Iterator[Span]:
    r"""Yield the lines of a text without their line ends, which are `\n` and `\r\n`."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield Span(start, end - 1 if text[start:end].endswith("\r") else end)
        start = end + 1


@dataclass(slots=True)
class _Begun:
    """A query whose lines are being read: `span` is its name's, `end` the end of its last line so far."""

    name: str
    comment: str
    span: Span
    end: int
    empty: bool = True

    def go_on(self, line: str, end: int) -> None:
        """Take a further line, or the rest of the first one."""
        self.end = end
        self.empty &= not line.strip() or line.lstrip().startswith("#")


@dataclass(slots=True)
class _Reader:
    """Takes the lines of a file one by one and notes where queries begin and end, and what is wrong.

    `lost` is set between a beginning that was not understood and the next one that is.
    """

    source: Source
    begun: dict[str, _Begun] = field(default_factory=dict)
    current: _Begun | None = None
    lost: bool = False
    comment: list[str] = field(default_factory=list)
    mistakes: list[Diagnostic] = field(default_factory=list)

    def take(self, span: Span) -> None:
        """Take the next line."""
        line = self.source.text[span.start : span.end]
        if line.startswith("#"):
            self.comment.append(line[1:].strip())
            return
        if found := _BEGINNING.match(line):
            begun = self._begin(found[1], Span(span.start, span.start + len(found[1])))
            begun.go_on(line[found.end() :], span.end)
        elif line[:1].isspace() and line.strip():
            self._go_on(line, span)
        elif line.strip():
            self._refuse(line, span)
        self.comment.clear()

    def end(self) -> tuple[NamedQuery, ...]:
        """Return the queries, or raise everything that is wrong with the file."""
        for begun in self.begun.values():
            if begun.empty:
                message = f"the query {begun.name} has no text"
                self._wrong("empty-query", message, begun.span, "write it after the colon, or on indented lines")
        self._raise_mistakes()
        return tuple(self._queries())

    def _queries(self) -> Iterator[NamedQuery]:
        line, place = 1, 0
        for begun in self.begun.values():
            line += self.source.text.count("\n", place, begun.span.start)
            place = begun.span.start
            text = self.source.text[begun.span.end + 1 : begun.end]
            source = Source(text, self.source.name, line, margin=f"{begun.name}:")
            yield NamedQuery(begun.name, begun.comment, source, Span(begun.span.start, begun.end))

    def _begin(self, name: str, span: Span) -> _Begun:
        if len(self.begun) == QUERIES:
            message = f"the file has more than {QUERIES:,} queries"
            raise QueryLimitError(self.source, [Diagnostic(message, span, hint="split it", code="file-queries")])
        self.current = begun = _Begun(name, "\n".join(self.comment), span, span.end)
        self.lost = False
        first = self.begun.setdefault(name, begun)
        if first is not begun:
            message = f"there is another query of the name {name}"
            self._wrong("duplicate-name", message, span, "choose another name", other=first.span)
        return begun

    def _go_on(self, line: str, span: Span) -> None:
        """Take an indented line."""
        if self.current is not None:
            self.current.go_on(line, span.end)
        elif not self.lost and not line.lstrip().startswith("#"):
            self.lost = True
            self._wrong("nameless", "no query begins above this line", span, "write NAME: before a query")

    def _refuse(self, line: str, span: Span) -> None:
        """Take a line in the first column that begins nothing."""
        meant = _MEANT.match(line)
        if meant is None:
            label = "indent it, to go on with a query, or write NAME: before it"
            self._wrong("unindented", "a line in the first column begins with a name and a colon", span, label)
            return
        self.current, self.lost = None, True
        name = re.sub(r"[^\w-]+", "-", meant[1]).strip("-") or "name"
        place = Span(span.start, span.start + meant.end())
        message = "the name of a query has letters, digits, _ and -, and its colon right behind it"
        self._wrong("query-name", message, place, f"write {name}:", fix=f"{name}:")

    def _wrong(
        self, code: str, message: str, span: Span, label: str, *, fix: str | None = None, other: Span | None = None
    ) -> None:
        related = ((other, "begins here"),) if other else ()
        self.mistakes.append(Diagnostic(message, span, label, code=code, fix=fix, related=related))
        if len(self.mistakes) >= MISTAKES:
            self._raise_mistakes()

    def _raise_mistakes(self) -> None:
        if self.mistakes:
            raise QuerySyntaxError(self.source, sorted(self.mistakes, key=lambda one: one.span.start))
