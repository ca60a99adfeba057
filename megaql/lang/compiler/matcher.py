"""A clause as functions: does a record match, and which of the three verdicts does it have.

A maintainer keeps one rule: a function is made when it is first needed, because most programs ask most queries only one thing. Threads
that race make the same function twice, which costs time and changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.lang import evaluator, nodes, tree
from megaql.lang.compiler import operators, values
from megaql.lang.compiler.aliases import Aliases
from megaql.lang.compiler.places import Head
from megaql.lang.compiler.reference import Slow, opened
from megaql.lang.compiler.shares import Share
from megaql.lang.compiler.unit import Unit
from megaql.lang.compiler.writer import Writer
from megaql.lang.nodes import Root
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.lang.nodes import Clause

    #: `(record, now)`; it may raise `Slow`.
    Function = Callable[[Record, datetime | None], bool]

_NAMES: Final = {**operators.NAMES, **values.NAMES, "opened": opened}

#: What reads the clock, so that all of a query must be told the same time.
_CLOCK: Final = frozenset({"now", "age", "ago"})

#: What compiling generated source may raise: Python has limits for nested parentheses, for blocks and for its own stack.
_TOO_MUCH: Final = (SyntaxError, RecursionError, MemoryError)


class Matcher:
    """Answers for one clause. `matches` and `evaluate` say what the evaluator says, sooner. Any number of threads may ask at once."""

    __slots__ = ("_calls_out", "_functions", "clause", "of_body", "reads_clock")

    def __init__(self, clause: Clause) -> None:
        self.clause = clause
        parts = list(tree.walk(clause))
        self.reads_clock = any(isinstance(node, nodes.Call) and node.function in _CLOCK for node in parts)
        self._calls_out = any(isinstance(node, nodes.Opaque) for node in parts)
        #: For MATCH and for NO_MATCH, each for plain bodies and for those of MEGA events.
        self._functions: list[Function | None] = [None] * 4
        #: `(body, now)` is `matches` for the record of a plain `dict` without an envelope.
        self.of_body: Callable[[dict[str, Any], datetime | None], bool] = self._first_body

    def matches(self, record: Record, now: datetime | None = None) -> bool:
        """Say whether the verdict is MATCH."""
        if now is None and self.reads_clock:
            now = datetime.now(UTC)
        try:
            return (self._functions[record.mega] or self._made(Verdict.MATCH, mega=record.mega))(record, now)
        except Slow:
            return evaluator.evaluate(self.clause, record, now=now) is Verdict.MATCH

    def _first_body(self, body: dict[str, Any], now: datetime | None) -> bool:
        """Make the function that `of_body` is from now on."""

        def of_record(body: dict[str, Any], now: datetime | None) -> bool:
            return self.matches(Record(body), now)

        self.of_body = of_record if self.reads_clock or self._reads_envelope() else self._written_for_body(of_record)
        return self.of_body(body, now)

    def evaluate(self, record: Record, now: datetime | None = None) -> Verdict:
        """Return the verdict. A user's function is asked once for each value, as by the evaluator."""
        if now is None and self.reads_clock:
            now = datetime.now(UTC)
        if not self._calls_out:
            try:
                if (self._functions[record.mega] or self._made(Verdict.MATCH, mega=record.mega))(record, now):
                    return Verdict.MATCH
                if (self._functions[2 + record.mega] or self._made(Verdict.NO_MATCH, mega=record.mega))(record, now):
                    return Verdict.NO_MATCH
                return Verdict.UNKNOWN  # noqa: TRY300 - the three answers stand together
            except Slow:
                pass
        return evaluator.evaluate(self.clause, record, now=now)

    def _made(self, want: Verdict, *, mega: bool) -> Function:
        """Make the function for a wanted verdict and keep it."""
        try:
            function = generate(self.clause, want, mega=mega)
        except _TOO_MUCH:
            function = _evaluating(self.clause, want)
        self._functions[mega + 2 * (want is Verdict.NO_MATCH)] = function
        return function

    def entry(self, other: Callable[..., bool]) -> Callable[..., bool]:
        """Return the function `(subject, *, now=None)` that says whether anything matches: a plain `dict` at once, the rest by `other`.

        A `dict` goes there as well where the answer rests on more than the body as it is: the envelope, the clock, what MEGA makes of it.
        """
        if self.reads_clock or self._reads_envelope():
            return other
        aliases = Aliases(self.clause)
        unit = Unit({**_NAMES, "other": other, "settled": aliases.settled})
        plain = f" and {aliases.source('subject')}" if aliases else ""
        try:
            expression = _expression(unit, self.clause, Verdict.MATCH, Head("None", "subject", "None"), mega=False)
            unit.add(
                "def matches(subject, *, now=None):\n"
                f"    if type(subject) is dict{plain}:\n"
                f"        try:\n            return {expression}\n"
                "        except Slow:\n            pass\n"
                "    return other(subject, now=now)\n"
            )
            return unit.compile("matches")
        except _TOO_MUCH:
            return other

    def _written_for_body(self, other: Callable[..., bool]) -> Callable[..., bool]:
        unit = Unit({**_NAMES, "other": other})
        try:
            expression = _expression(unit, self.clause, Verdict.MATCH, Head("None", "body", "None"), mega=False)
            unit.add(
                "def matches(body, now):\n"
                f"    try:\n        return {expression}\n"
                "    except Slow:\n        return other(body, now)\n"
            )
            return unit.compile("matches")
        except _TOO_MUCH:
            return other

    def _reads_envelope(self) -> bool:
        return any(isinstance(node, nodes.Path) and node.root is Root.ENVELOPE for node in tree.walk(self.clause))


def generate(clause: Clause, want: Verdict, *, mega: bool) -> Function:
    """Return a function that is true where the verdict is the wanted one."""
    unit = Unit(_NAMES)
    expression = _expression(unit, clause, want, Head(), mega=mega)
    unit.add(
        "def matches(record, now):\n"
        "    body = record.body\n"
        "    if type(body) is not dict:\n        body = opened(body)\n"
        f"    return {expression}\n"
    )
    return unit.compile("matches")


def _expression(unit: Unit, clause: Clause, want: Verdict, head: Head, *, mega: bool) -> str:
    share = Share.whole(clause)
    if share.rate < 1:
        return "slow()"
    return Writer(unit, share, {}, mega=mega, head=head).clause(clause, want)


def _evaluating(clause: Clause, want: Verdict) -> Function:
    def matches(record: Record, now: Any) -> bool:
        return evaluator.evaluate(clause, record, now=now) is want

    return matches
