"""A set of queries against messages: what matches what, whether that is as expected, and why not.

A maintainer keeps one rule: a run in which something was not as expected never ends with 0, whatever the form of the output.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from megaql.cli.messages.output import Output
from megaql.cli.messages.showing import begin, private_file
from megaql.cli.reading import badlines
from megaql.cli.status import Status
from megaql.cli.survey.surveying import print_document
from megaql.cli.terminal.style import Style, harmless
from megaql.cli.testing import junit
from megaql.cli.testing.cases import EXPECTATIONS, Case, read_cases
from megaql.errors import MegaQLError
from megaql.lang.verdict import Verdict
from megaql.plural import counted
from megaql.scan.documents import BadLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from megaql.cli.environment import Environment
    from megaql.query import Query

#: How an expectation is said.
_SAID: Final = {True: "match", False: "not match"}


@dataclass(slots=True)
class _Count:
    """What a query did: messages it matched or could not judge, expectations of it, and those that were met."""

    matched: int = 0
    unknown: int = 0
    expected: int = 0
    met: int = 0


@dataclass(slots=True)
class Tested:
    """Runs the queries of a set on the cases of files."""

    world: Environment
    queries: Mapping[str, Query]
    form: Output
    quiet: bool = False
    messages: int = 0
    unreadable: int = 0
    failed: int = 0
    results: dict[str, list[junit.Result]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, _Count] = field(default_factory=dict)

    def run(self, files: Sequence[str], report: str | None) -> Status:
        """Test the messages of files, show what came of it, and write it as JUnit's XML to `report` if there is one.

        A file that cannot be read, or a case that is wrong, ends the run as an error, which the report says too.
        """
        self.counts = {name: _Count() for name in self.queries}
        with private_file(report) if report is not None else nullcontext() as file:
            try:
                for path in files:
                    self._file(path)
            except MegaQLError as error:
                self._results(path).append(junit.Result("reading", error=error.what))
                raise
            finally:
                if file is not None:  # also after an error, since the last run's report would say that all is well
                    begin(file)
                    file.write(junit.document(self.results))
        self._end()
        if report is not None and not any(count.expected for count in self.counts.values()):
            raise MegaQLError(
                "Nothing is expected of any message",
                where=", ".join(map(harmless, files)),
                why="none of them has `expect`, so that the report has no test and could never fail",
                hint='{"name": "…", "expect": ["QUERY"], "message": {…}}; docs/test.md has all of it',
            )
        if self.failed:
            return Status.NO_MATCH
        return Status.PARTIAL if self.unreadable else Status.DONE

    def _file(self, path: str) -> None:
        tell = badlines.printer(self.world, path)
        results = self._results(path)
        for case in read_cases(path, list(self.queries)):
            if isinstance(case, BadLine):
                tell(case)
                self.unreadable += 1
                results.append(junit.Result(f"line {case.line}", error=f"unreadable: {case.why}"))
            else:
                self._case(case, results)

    def _results(self, path: str) -> list[junit.Result]:
        return self.results.setdefault("standard input" if path == "-" else path, [])

    def _case(self, case: Case, results: list[junit.Result]) -> None:
        self.messages += 1
        now = case.now or self.world.now()
        for name, query in self.queries.items():
            verdict = query.evaluate(case.message, now=now)
            count = self.counts[name]
            count.matched += verdict is Verdict.MATCH
            count.unknown += verdict is Verdict.UNKNOWN
            expected = case.expected.get(name)
            met = None if expected is None else verdict in EXPECTATIONS[expected]
            if self.form is not Output.TABLE:
                self._row(case, name, expected, verdict, met=met)
            if met is None:
                continue
            count.expected += 1
            count.met += met
            said = f"expected: {_said(expected)}; it is: {verdict.value}"
            detail = "" if met else str(query.explain(case.message, now=now))
            results.append(junit.Result(f"{case.title}: {name}", "" if met else said, detail))
            if not met:
                self.failed += 1
                self._fail(case, name, said, detail)

    def _fail(self, case: Case, name: str, said: str, detail: str) -> None:
        if self.form is not Output.TABLE:
            return
        style = Style(on=self.world.colors())
        place = f"{case.file}, message {case.number}"
        title = f"{case.name}  ({place})" if case.name else place
        self.world.out(style(harmless(title), bold=True))
        self.world.out(f"  {style('✗', 'red')} {harmless(name)}: {said}")
        for line in detail.splitlines():
            self.world.out(f"    {harmless(line)}")
        self.world.out()

    def _row(self, case: Case, name: str, expected: bool | str | None, verdict: Verdict, *, met: bool | None) -> None:
        """Print or keep what came of one query and one message."""
        row: dict[str, Any] = {"file": case.file, "message": case.number, "id": case.message.id, "name": case.name}
        row |= {"query": name, "expected": None if expected is None else _said(expected), "verdict": verdict.value}
        row |= {"met": met}
        if self.form is Output.NDJSON:
            print_document(self.world, row, self.form)
        else:
            self.rows.append(row)

    def _end(self) -> None:
        expected = sum(count.expected for count in self.counts.values())
        if self.form is Output.JSON:
            self._json()
        elif self.form is Output.TABLE:
            self._table()
        if self.quiet:
            return
        words = [counted(len(self.queries), "query", "queries")]
        words.append(counted(self.messages, "message"))
        words.append(f"as expected {expected - self.failed:,} of {expected:,}" if expected else "nothing expected")
        words += [f"unreadable lines {self.unreadable:,}"] if self.unreadable else []
        self.world.say(", ".join(words))
        never = [name for name, count in self.counts.items() if not count.matched]
        if expected and never:
            self.world.say(f"no message matches {harmless(', '.join(never))}")

    def _json(self) -> None:
        document = {
            "queries": {
                name: {"matched": count.matched, "unknown": count.unknown, "expected": count.expected, "met": count.met}
                for name, count in self.counts.items()
            },
            "messages": self.messages,
            "failed": self.failed,
            "unreadable": self.unreadable,
            "results": self.rows,
        }
        print_document(self.world, document, self.form)

    def _table(self) -> None:
        style = Style(on=self.world.colors())
        names = [harmless(name) for name in self.counts]
        wide = max((len(name) for name in ["query", *names]), default=0)
        self.world.out(style(f"{'query':<{wide}}  matched  unknown  as expected", bold=True))
        for name, count in zip(names, self.counts.values(), strict=True):
            if not count.expected:
                sign, words = " ", "-"
            elif count.met == count.expected:
                sign, words = style("✓", "green"), f"{count.met:,} of {count.expected:,}"
            else:
                sign, words = style("✗", "red"), f"{count.met:,} of {count.expected:,}"
            self.world.out(f"{name:<{wide}}  {count.matched:>7,}  {count.unknown:>7,}  {sign} {words}".rstrip())


def _said(expected: bool | str | None) -> str:
    return _SAID[expected] if isinstance(expected, bool) else str(expected)
