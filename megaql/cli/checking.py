"""What `check` does with each thing it is given: a query, a query file or an application, and the mending of the first two.

A maintainer keeps one rule: a file is written only if it still holds the queries of the same names.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from megaql.cli.findings import Finding
from megaql.cli.loading import load_app
from megaql.cli.queries import read_text, source_of
from megaql.cli.rewriting import rewrite
from megaql.errors import ConsumerError, QueryError
from megaql.lang import binding, nodes, parser, queryfile
from megaql.lang.check import check, printed
from megaql.lang.fixes import fix
from megaql.lang.tree import walk
from megaql.source import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from megaql.cli.environment import Environment
    from megaql.errors import Diagnostic
    from megaql.lang.record import Record

_APP: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")

#: What begins a query file on standard input; a query begins with no name and colon.
_FILE: Final = re.compile(r"(?:\s*(?:#[^\n]*)?\n)*[\w-]+:")


class Checking:
    """Takes what the command line names, one by one; `findings` are in that order, `queries` and `fixed` count."""

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
        self.queries = self.fixed = self.unbound = 0
        self.asked_for: set[str] = set()

    def take(self, given: str) -> None:
        """Check a query, a query file, an application, or standard input. Raises MegaQLError for what cannot be read."""
        if given == "-":
            text = self._world.stdin.read().removeprefix("\ufeff")
            if _FILE.match(text):
                self._print(self._file_text(text, "standard input", ""))
            else:
                self._single(Source(text, "standard input"))
        elif given.endswith(".mql") and not given.startswith("@"):
            before = read_text(given)
            after = self._file_text(before, given, given)
            if after != before:
                rewrite(given, after)
        elif _APP.fullmatch(given) and not os.path.exists(given):  # noqa: PTH110 - Path.exists raises for long names
            self._application(given)
        else:
            self._single(source_of(self._world, given, self._file))

    def _single(self, source: Source) -> None:
        self._print(self._query(source, "", source.name if source.margin else "").text)

    def _print(self, text: str) -> None:
        if self._fixing:
            self._world.out(text.removesuffix("\n"))

    def _query(self, source: Source, name: str, path: str) -> Source:
        """Check one query, mend it where that was asked for, and return its text."""
        self.queries += 1
        if self._fixing:
            fixed = fix(source, self.found)
            self.fixed += len(fixed.applied)
            source, left = fixed.source, fixed.left
        else:
            left = tuple(self.found(source))
        self.findings += [Finding(one, source, name, path) for one in left]
        return source

    def _file_text(self, text: str, name: str, path: str) -> str:
        """Check the queries of a file and return its text, mended where that was asked for."""
        try:
            file = queryfile.read(text, name)
        except QueryError as error:
            self.findings += [Finding(one, error.source, "", path) for one in error.diagnostics]
            return text
        parts, end = [], 0
        before = len(self.findings)
        for query in file.queries:
            start = query.span.start + len(query.source.margin)
            parts += [text[end:start], self._query(query.source, query.name, path).text]
            end = query.span.end
        mended = "".join([*parts, text[end:]])
        if mended == text or queryfile.read(mended, name).names != file.names:
            return text
        # A fix may have moved the lines of what comes after it.
        del self.findings[before:]
        for query in queryfile.read(mended, name).queries:
            self.findings += [Finding(one, query.source, query.name, path) for one in self.found(query.source)]
        return mended

    def _application(self, given: str) -> None:
        """Check the queries of an application, which are Python and stay as they are."""
        try:
            subscriptions = load_app(given).subscriptions
        except ConsumerError as error:
            cause = error.__context__
            if not isinstance(cause, QueryError):
                raise
            self.findings += [Finding(one, cause.source, given) for one in cause.diagnostics]
            return
        for one in subscriptions:
            source = printed(one.query.node, f"{given} {one.name}")
            self.queries += 1
            self.findings += [Finding(found, source, one.name) for found in self.found(source)]

    def found(self, source: Source) -> list[Diagnostic]:
        """Return what is wrong with a query. One whose parameters have no values is only read: nobody knows what they will be."""
        try:
            clause = parser.parse(source)
            used = {node.name for node in walk(clause) if isinstance(node, nodes.Param)}
            self.asked_for |= used
            if used - set(self._params):
                self.unbound += 1
                return []
            clause = binding.bind(clause, {name: self._params[name] for name in used}, source)
        except QueryError as error:
            return list(error.diagnostics)
        return [one for one in check(clause, source, self._samples) if one.code not in self._ignored]
