"""A clause as functions: does a record match, and which of the three verdicts does it have.

A maintainer keeps one rule: a function is made when it is first needed, because most programs ask most queries only one thing. Threads
that race make the same function twice, which costs time and changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from megaql.lang import evaluator, nodes, tree
from megaql.lang.budget import STEPS
from megaql.lang.compiler.expressions import NAMES, Writer
from megaql.lang.compiler.places import Head
from megaql.lang.compiler.reference import Slow
from megaql.lang.compiler.unit import Unit
from megaql.lang.nodes import Key, Root
from megaql.lang.record import MEGA_EVENT_FIELDS
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record

    #: `(subject, body, envelope, now)`: the subject is the record, or the body of one that has no envelope.
    Function = Callable[[Any, Any, Any, datetime | None], bool]

#: What reads the clock, so that all of a query must be told the same time.
_CLOCK: Final = frozenset({"now", "age", "ago"})


class Matcher:
    """Answers for one clause. `matches` and `evaluate` say what the evaluator says, sooner."""

    __slots__ = ("_functions", "clause", "reads_clock")

    def __init__(self, clause: Clause) -> None:
        self.clause = clause
        self.reads_clock = any(isinstance(node, nodes.Call) and node.function in _CLOCK for node in tree.walk(clause))
        self._functions: dict[tuple[Verdict, bool, bool], Function] = {}

    def matches(self, record: Record, now: datetime | None = None) -> bool:
        """Say whether the verdict is MATCH."""
        return self._has(Verdict.MATCH, record, now)

    def evaluate(self, record: Record, now: datetime | None = None) -> Verdict:
        """Return the verdict."""
        if self.reads_clock and now is None:
            now = datetime.now(UTC)
        if self._has(Verdict.MATCH, record, now):
            return Verdict.MATCH
        return Verdict.NO_MATCH if self._has(Verdict.NO_MATCH, record, now) else Verdict.UNKNOWN

    def _has(self, want: Verdict, record: Record, now: datetime | None) -> bool:
        if self.reads_clock and now is None:
            now = datetime.now(UTC)
        body = record.body
        try:
            if type(body) is dict:
                try:
                    return self.function(want, swift=True, mega=record.mega)(record, body, record.envelope, now)
                except AttributeError:
                    # Something with a name in the path is no dict.
                    pass
            return self.function(want, swift=False, mega=record.mega)(record, body, record.envelope, now)
        except Slow:
            return evaluator.evaluate(self.clause, record, now=now) is want

    def function(self, want: Verdict, *, swift: bool, mega: bool) -> Function:
        """Return the function for a wanted verdict; a swift one may raise `AttributeError`, both may raise `Slow`."""
        key = (want, swift, mega)
        if key not in self._functions:
            self._functions[key] = generate(self.clause, want, swift=swift, mega=mega)
        return self._functions[key]

    def entry(self, other: Callable[..., bool]) -> Callable[..., bool]:
        """Return the function `(subject, *, now=None)` that says whether anything matches: a plain `dict` at once, the rest by `other`.

        A `dict` goes there as well where the answer rests on more than a body: the envelope, the clock, what MEGA calls an attribute.
        """
        paths = [node for node in tree.walk(self.clause) if isinstance(node, nodes.Path)]
        if self.reads_clock or any(path.root is Root.ENVELOPE for path in paths):
            return other
        plain = " and subject.get('protocol') != 'mega'" if any(map(_is_of_mega, paths)) else ""
        unit = Unit({**NAMES, "other": other})
        careful = _written(unit, self.clause, Verdict.MATCH, _BODY, swift=False)
        unit.add(f"def careful(subject):\n{careful}")
        swift = _written(unit, self.clause, Verdict.MATCH, _BODY, swift=True, indent=12)
        unit.add(
            "def matches(subject, *, now=None):\n"
            f"    if type(subject) is dict{plain}:\n"
            "        try:\n"
            f"{swift}"
            "        except AttributeError:\n"
            "            try:\n"
            "                return careful(subject)\n"
            "            except Slow:\n"
            "                pass\n"
            "        except Slow:\n"
            "            pass\n"
            "    return other(subject, now=now)\n"
        )
        return unit.compile("matches")


def _is_of_mega(path: nodes.Path) -> bool:
    """Say whether it matters to a path if the body is a MEGA payload: it may lead to attributes of an event or to a version."""
    if path.root is not Root.BODY:
        return False
    first, second = (*path.segments, None, None)[:2]
    if not isinstance(first, Key):
        return True
    if first.name not in ("event", "object"):
        return False
    if not isinstance(second, Key) or second.name == "version":
        return True
    return first.name == "event" and second.name not in MEGA_EVENT_FIELDS - {"attributes"}


#: A function of a body alone.
_BODY: Final = Head("subject", "subject", "None", "None")


def generate(clause: Clause, want: Verdict, *, swift: bool, mega: bool) -> Function:
    """Return a function that is true where the verdict is the wanted one."""
    unit = Unit(NAMES)
    written = _written(unit, clause, want, Head(), swift=swift, mega=mega)
    unit.add(f"def matches(subject, body, envelope, now):\n{written}")
    return unit.compile("matches")


def _written(
    unit: Unit, clause: Clause, want: Verdict, head: Head, *, swift: bool, mega: bool = False, indent: int = 4
) -> str:
    """Return the statements of a function that answers for a clause."""
    asked = sum(1 for _ in tree.walk(clause))
    writer = Writer(unit, clause, head, {}, STEPS // (2 * asked), swift=swift, mega=mega)
    expression = writer.clause(clause, want)
    return "".join(f"{' ' * indent}{line}\n" for line in [*writer.places.kept, f"return {expression}"])
