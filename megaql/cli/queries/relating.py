"""How queries relate, on a screen: a sentence and messages that show it; for a set, a table of pairs and what was found.

A maintainer keeps two rules: what is said stands in `megaql.lang.relate` and `megaql.lang.coverage`; and a message is shown only as a line that
`megaql test` reads with the same answers.
"""

from __future__ import annotations

import json
import textwrap
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql import analysis
from megaql.cli.messages.output import Output
from megaql.cli.queries.witnesses import line_of
from megaql.cli.status import Status
from megaql.cli.terminal.style import Style, harmless, harmless_json
from megaql.lang.relate import as_dict
from megaql.plural import counted
from megaql.scan.readable import readable
from megaql.scan.records import dump_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from megaql.cli.environment import Environment
    from megaql.lang.coverage import Coverage
    from megaql.lang.record import Record
    from megaql.query import Query


class _Shown:
    """What two queries and a set have in common: sentences, messages, and whether it is what was expected."""

    def __init__(self, world: Environment) -> None:
        self._world = world
        self._now = world.now()
        self._style = Style(on=world.colors())

    def _sentence(self, text: str) -> None:
        for line in textwrap.wrap(text, self._world.width):
            self._world.out(self._style(line, bold=True))

    def _line(self, record: Record, queries: Sequence[Query]) -> str | None:
        """Return a record as a line that is read as a message of which the queries say the same."""
        line = line_of(record, lambda seen: [query.evaluate(seen, now=self._now) for query in queries])
        return None if line is None else harmless_json(line)

    def _message(self, record: Record, queries: Sequence[Query], indent: str) -> None:
        """Draw a record: on one line if it fits there."""
        line = self._line(record, queries)
        if line is None:
            self._world.out(f"{indent}(made in code only; no message is read like this)")
            line = harmless_json(dump_line(readable(as_dict(record))))
        if len(indent) + len(line) > self._world.width:
            line = _indented(line)
        self._world.out(textwrap.indent(line, indent))

    def _judge(self, expected: str | None, *, holds: bool | None) -> Status:
        if expected is None or holds:
            return Status.DONE
        self._world.say(f"expected: {expected}; it {'cannot be told' if holds is None else 'does not hold'}")
        return Status.NO_MATCH

    def _document(self, document: dict[str, Any]) -> None:
        self._world.out(harmless_json(json.dumps(readable(document), ensure_ascii=False, indent=2)))


def _indented(line: str) -> str:
    """Return JSON over several lines; a number that Python's own floats cannot hold keeps it on one."""
    text = json.dumps(json.loads(line), ensure_ascii=False, indent=2)
    exact = json.loads(text, parse_float=Decimal) == json.loads(line, parse_float=Decimal)
    return harmless_json(text) if exact else line


#: What to try where an answer is due to arrays.
_NO_ARRAYS: Final = "with --no-arrays, messages in which a path meets an array do not count"


class Pair(_Shown):
    """Two queries."""

    def __init__(self, world: Environment, first: Query, second: Query, *, arrays: bool) -> None:
        super().__init__(world)
        self._queries = (first, second)
        self._relation = analysis.relate(first, second, arrays=arrays, now=self._now)

    def show(self, form: Output, expected: str | None) -> Status:
        """Write the answer, and return the exit status for what was expected of it."""
        relation = self._relation
        found = (
            ("both match", relation.both.record),
            ("only the first matches", relation.first_only.record),
            ("only the second matches", relation.second_only.record),
        )
        shown = [(name, record) for name, record in found if record is not None]
        if form is Output.JSON:
            self._document(relation.to_dict())
        elif form is Output.NDJSON:
            self._world.say(relation.summary)
            self._lines([record for _, record in shown])
        else:
            self._sentence(relation.summary)
            for name, record in shown:
                self._world.out(f"\n{self._style(name, 'cyan')}")
                self._message(record, self._queries, "  ")
        status = self._judge(expected, holds=getattr(relation, expected) if expected else None)
        if status and any(one.through_array for one in (relation.both, relation.first_only, relation.second_only)):
            self._world.say(_NO_ARRAYS)
        return status

    def _lines(self, records: Sequence[Record]) -> None:
        for record in records:
            line = self._line(record, self._queries)
            if line is not None:
                self._world.out(line)
            else:
                self._world.say("one more that shows it can be made in code only; -o json has it")


#: What stands in the table for two queries, and what it means for the one whose row it is.
_SIGNS: Final = {
    "=": "the same messages",
    "<": "all its messages, and more, go to the column's",
    ">": "takes all of the column's, and more",
    "~": "some in common",
    ".": "none in common",
    "?": "cannot be told",
}

#: Cells between two columns of the table, and the longest name that is shown whole.
_CELL: Final = 3
_NAME: Final = 30

#: Pairs with messages in common that are shown with one; the table and JSON have all.
_SHOWN: Final = 20


class Set(_Shown):
    """The queries of a file or an application, by their names."""

    def __init__(self, world: Environment, queries: Mapping[str, Query], *, arrays: bool) -> None:
        super().__init__(world)
        self._queries = queries
        self._coverage = analysis.coverage(queries, arrays=arrays, now=self._now)

    def show(self, form: Output, expected: str | None) -> Status:
        """Write what was found, and return the exit status for what was expected."""
        coverage = self._coverage
        if form is Output.JSON:
            self._document(coverage.to_dict())
        elif form is Output.NDJSON:
            self._world.say(coverage.summary)
            for finding in _findings(coverage):
                self._world.out(harmless_json(dump_line(readable(finding))))
        else:
            self._sentence(coverage.summary)
            self._table()
            self._list()
        status = self._judge(expected, holds=_holds(coverage, expected) if expected else None)
        if status and coverage.through_arrays and expected == "excludes":
            self._world.say(_NO_ARRAYS)
        return status

    def _table(self) -> None:
        names = self._coverage.names
        width = min(max(map(len, names), default=0), _NAME) + len(f"{len(names)} ")
        if len(names) < 3 or self._coverage.skipped or width + _CELL * len(names) > self._world.width:
            return
        signs = _signs(self._coverage)
        self._world.out(f"\n{'':{width}}" + "".join(f"{number:>{_CELL}}" for number in range(1, len(names) + 1)))
        for number, name in enumerate(names, start=1):
            head = f"{number:>{len(str(len(names)))}} {harmless(name)}"
            head = head if len(head) <= width else f"{head[: width - 1]}…"
            cells = "".join(f"{signs.get((name, other), ''):>{_CELL}}" for other in names)
            self._world.out(f"{head:{width}}{cells}".rstrip())
        self._world.out()
        for sign, meaning in _SIGNS.items():
            if sign in signs.values():
                aside = ", arrays aside" if sign == "." and self._coverage.through_arrays else ""
                self._world.out(self._style(f"{sign} {meaning}{aside}", dim=True))

    def _list(self) -> None:
        coverage = self._coverage
        self._block("can never match", coverage.never)
        self._block("the same messages", [f"{one} and {other}" for one, other in coverage.equivalent])
        wider: dict[str, list[str]] = {}
        for narrow, wide in coverage.covered:
            wider.setdefault(narrow, []).append(wide)
        self._block("covered by another", [f"{narrow}, by {', '.join(names)}" for narrow, names in wider.items()])
        self._block("cannot be told", [f"{one} and {other}" for one, other in coverage.undecided])
        for place, one in enumerate(coverage.overlaps[:_SHOWN]):
            self._block("" if place else "some in common", [f"{one.first} and {one.second}"])
            self._message(one.record, [self._queries[one.first], self._queries[one.second]], "    ")

        if (more := len(coverage.overlaps) - _SHOWN) > 0:
            self._world.out(f"  … and {counted(more, 'more pair')}; -o json has them all")

    def _block(self, title: str, lines: Sequence[str]) -> None:
        if title and lines:
            self._world.out(f"\n{self._style(title, 'cyan')}")
        for line in lines:
            self._world.out(f"  {harmless(line)}")


def _signs(coverage: Coverage) -> Mapping[tuple[str, str], str]:
    """Return the sign for each two queries that can match."""
    live = [name for name in coverage.names if name not in coverage.never]
    signs = {(one, other): "." for one in live for other in live if one != other}
    for one, other in coverage.undecided:
        signs[one, other] = signs[other, one] = "?"
    for overlap in coverage.overlaps:
        signs[overlap.first, overlap.second] = signs[overlap.second, overlap.first] = "~"
    for one, other in coverage.equivalent:
        signs[one, other] = signs[other, one] = "="
    for narrow, wide in coverage.covered:
        signs[narrow, wide], signs[wide, narrow] = "<", ">"
    return signs


def _findings(coverage: Coverage) -> Iterator[Mapping[str, object]]:
    """Yield each finding with its kind and the names it is about."""
    yield from ({"finding": "never", "queries": [name]} for name in coverage.never)
    yield from ({"finding": "equivalent", "queries": list(pair)} for pair in coverage.equivalent)
    yield from ({"finding": "covered", "queries": [narrow], "by": wide} for narrow, wide in coverage.covered)
    yield from ({"finding": "through arrays", "queries": list(pair)} for pair in coverage.through_arrays)
    yield from ({"finding": "undecided", "queries": list(pair)} for pair in coverage.undecided)
    for one in coverage.overlaps:
        yield {"finding": "overlap", "queries": [one.first, one.second], "witness": as_dict(one.record)}


def _holds(coverage: Coverage, expected: str) -> bool | None:
    """Say whether the queries exclude each other, or whether each of them is of use beside the others."""
    shared = coverage.overlaps or coverage.through_arrays
    if coverage.equivalent or coverage.covered or (shared if expected == "excludes" else coverage.never):
        return False
    return None if coverage.undecided or coverage.skipped else True
