"""What `check` does with each thing it is given: a query, a query file or an application, and the mending of the first two.

A maintainer keeps two rules: a file of queries is written only if it still holds those of the same names; and what cannot be read stops nothing
else from being checked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from megaql.cli import complaint
from megaql.cli.queries.findings import Finding
from megaql.cli.queries.loading import load_app, names_app
from megaql.cli.queries.rewriting import rewrite
from megaql.cli.queries.texts import exists, expanded, is_file, text_given
from megaql.errors import ConsumerError, MegaQLError, QueryError
from megaql.lang import binding, nodes, parser, queryfile
from megaql.lang.check import check, printed
from megaql.lang.fixes import apply, fix
from megaql.lang.tree import walk
from megaql.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from megaql.cli.environment import Environment
    from megaql.errors import Diagnostic
    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record


class Checking:
    """Takes what the command line names, one by one; `findings` are in that order, the other attributes count."""

    def __init__(
        self,
        world: Environment,
        *,
        queries: str | None,
        params: Mapping[str, object],
        samples: Sequence[Record],
        ignored: Collection[str],
        fixing: bool,
    ) -> None:
        self._world = world
        self._file = queries
        self._params = params
        self._samples = samples
        self._ignored = ignored
        self._fixing = fixing
        self.findings: list[Finding] = []
        self.queries = self.fixed = self.failed = self.unbound = 0
        self.asked_for: set[str] = set()

    def take(self, given: str) -> None:
        """Check a query, a query file, those in a folder, an application, or standard input; tell what cannot be read."""
        for one in expanded(self._world, given):
            try:
                if _is_application(one):
                    self._application(one)
                else:
                    self._text(one)
            except MegaQLError as error:
                self.failed += 1
                complaint.report(self._world, error)

    def _text(self, given: str) -> None:
        text = text_given(self._world, given, self._file)
        if text.is_file:
            after = self._queries_of(text.source, text.path or "")
        else:
            # Only a query of a file has something before it.
            after = self._query(text.source, "", text.source.name if text.source.margin else "").text
        if not self._fixing:
            return
        if text.path is None:
            self._world.out(after.removesuffix("\n"))
        elif after != text.source.text:
            rewrite(text.path, after)

    def _query(self, source: Source, name: str, path: str) -> Source:
        """Check one query, mend it where that was asked for, and return its text."""
        self.queries += 1
        source, left = self._mended(source, self._found) if self._fixing else (source, self._found(source))
        self._report(left, source, name, path)
        return source

    def _queries_of(self, source: Source, path: str) -> str:
        """Check the queries of a file and return its text, mended where that was asked for."""
        if self._fixing:
            source, _ = self._mended(source, _mistakes)
        if mistakes := _mistakes(source):
            self._report(mistakes, source, "", path)
            return source.text
        file = queryfile.read(source.text, source.name)
        parts, end = [], 0
        before, fixed = len(self.findings), self.fixed
        for query in file.queries:
            start = query.span.start + len(query.source.margin)
            parts += [source.text[end:start], self._query(query.source, query.name, path).text]
            end = query.span.end
        mended = "".join([*parts, source.text[end:]])
        if mended == source.text:
            return mended
        # A fix may have moved the lines of what comes after it.
        del self.findings[before:]
        after = Source(mended, source.name)
        if _mistakes(after) or (moved := queryfile.read(mended, source.name)).names != file.names:
            after, moved, self.fixed = source, file, fixed
        for query in moved.queries:
            self._report(self._found(query.source), query.source, query.name, path)
        return after.text

    def _mended(
        self, source: Source, find: Callable[[Source], list[Diagnostic]]
    ) -> tuple[Source, Sequence[Diagnostic]]:
        fixed = fix(source, find)
        self.fixed += len(fixed.applied)
        return fixed.source, fixed.left

    def _report(self, found: Iterable[Diagnostic], source: Source, name: str, path: str = "") -> None:
        self.findings += [Finding(one, source, name, path) for one in found]

    def _application(self, given: str) -> None:
        """Check the queries of an application, which are Python and stay as they are."""
        try:
            subscriptions = load_app(given).subscriptions
        except ConsumerError as error:
            cause = error.__context__
            if not isinstance(cause, QueryError):
                raise
            self.queries += 1
            self._report(map(_unmended, cause.diagnostics), replace(cause.source, name=given), given)
            return
        for one in subscriptions:
            self.queries += 1
            query, name = one.query, f"{given} {one.name}"
            # A query that was built has no text of its own: `check` looks at the one that is printed of it.
            source = replace(query.source, name=name)
            found = self._lint(query.node, source)
            self._report(map(_unmended, found), source if source.text else printed(query.node, name), one.name)

    def _found(self, source: Source) -> list[Diagnostic]:
        """Return what is wrong with a query, its parameters bound if all of them have values."""
        try:
            clause = parser.parse(source)
            used = _parameters(clause)
            self.asked_for |= used
            if used <= set(self._params):
                clause = binding.bind(clause, {name: self._params[name] for name in used}, source)
            else:
                self.unbound += 1
        except QueryError as error:
            return list(error.diagnostics)
        return [_keeping(used, one, source) for one in self._lint(clause, source)]

    def _lint(self, clause: Clause, source: Source) -> list[Diagnostic]:
        return [one for one in check(clause, source, self._samples) if one.code not in self._ignored]


def _is_application(given: str) -> bool:
    """Say whether a word is MODULE:APP, or a Python file, for which somebody may take that."""
    return given.endswith(".py") if exists(given) else names_app(given) and not is_file(given)


def _mistakes(source: Source) -> list[Diagnostic]:
    """Return what keeps a text from being a query file."""
    try:
        queryfile.read(source.text, source.name)
    except QueryError as error:
        return list(error.diagnostics)
    return []


def _parameters(clause: Clause) -> set[str]:
    return {node.name for node in walk(clause) if isinstance(node, nodes.Param)}


def _keeping(used: Collection[str], found: Diagnostic, source: Source) -> Diagnostic:
    """Return a finding without its fix, if a parameter would go with that: whoever gives its value would get an error."""
    if not used or found.fix is None:
        return found
    try:
        left = _parameters(parser.parse(Source(apply(source.text, found))))
    except QueryError:
        return found
    return found if left == used else replace(found, fix=None, fix_span=None)


def _unmended(found: Diagnostic) -> Diagnostic:
    """Return a finding without its fix: the label says what to write, and Python is not rewritten."""
    return replace(found, fix=None, fix_span=None)
