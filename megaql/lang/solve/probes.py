"""One plain test of a query as a function of the values at one place, answered by the evaluator itself.

Every operator holds if it holds for one of the values that its path leads to. So the verdict of a test on a record is that `or` over its
verdicts on single values, and what is known of it for each kind of value is known of it for all records. A maintainer keeps one
rule: `Grade` says how far a test may be trusted to be the same for all values of a region, and the default is not at all.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from megaql.lang import nodes
from megaql.lang.evaluator import Evaluation
from megaql.lang.nodes import (
    Call,
    Clause,
    Count,
    Default,
    ListLiteral,
    Opaque,
    Path,
    PresenceTest,
    Quantified,
    Quantifier,
)
from megaql.lang.paths import BODY, Found
from megaql.lang.reasons import Reason
from megaql.lang.record import Record
from megaql.lang.solve.places import PROBE, VALUE, leads_to_elements, paths_in, replace_value
from megaql.lang.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from megaql.lang.nodes import Value
    from megaql.lang.verdict import Verdict

_EMPTY: Final = Record({})

#: Functions whose result depends on when they are asked.
CLOCK: Final = frozenset({"now", "age", "ago"})

#: Functions that ask about an array itself and not about its elements.
WHOLE: Final = frozenset({"length", "size"})

#: A value that cannot be known: what `**` did not visit, or what a function gives for a value of the wrong kind.
UNKNOWABLE: Final = Reason(("this cannot be known",))


class Grade(Enum):
    """How much of a test is understood."""

    PLAIN = "the place beside constants: the verdict is the same for all values of a region"
    CALL = "a function of the place beside constants: the same for all results of a region"
    OTHER = "one place, and nothing else is known"
    ELEMENTS = "a quantifier over the elements of one place: known only where there are none"
    FIXED = "no place and no clock: the same verdict on every record"
    FREE = "several places, or a function of the user's own: any verdict may come"


#: What an evaluation costs, in looks at a test whose answer is known.
EVALUATION: Final = 10

#: What a search through automata costs, in the same unit.
AUTOMATA: Final = 1_000


class OutOfWork(Exception):  # noqa: N818 - control flow inside the solver, never seen outside
    """The work is used up; the solver turns this into `Undecided`."""


@dataclass(slots=True)
class Work:
    """What is left of a search's work; `spend` is the only way to use it."""

    left: int

    def spend(self, looks: int = 1) -> None:
        """Take looks off; `OutOfWork` where there are not as many left."""
        self.left -= looks
        if self.left < 0:
            raise OutOfWork


@dataclass(slots=True, eq=False)
class Test:
    """A plain test. `place` is where its values are; `of_result` asks about the function's result instead, where the grade is CALL."""

    clause: Clause
    grade: Grade
    place: Path = PROBE
    probe: Clause | None = None
    function: str = ""
    of_result: Clause | None = None
    clock: bool = False
    spread: bool = False
    fallback: bool = False
    answers: dict[object, Verdict] = field(default_factory=dict)

    @property
    def of_whole(self) -> bool:
        """Whether the test is about a value itself and never about what is in an array."""
        if self.grade is Grade.CALL:
            return self.function in WHOLE
        return isinstance(self.clause, nodes.IsKind | PresenceTest | nodes.Truth)

    def on(self, values: Sequence[object], now: datetime) -> Verdict:
        """Return the verdict for a record in which the place leads to exactly these values."""
        if isinstance(self.probe, Quantified) and self.probe.path == VALUE and values:
            return ask(self.probe or self.clause, values[0], now)
        return ask(self.probe or self.clause, list(values), now)

    def on_result(self, values: Sequence[object], now: datetime) -> Verdict:
        """Return the verdict for a record in which the function gives exactly these values."""
        return ask(self.of_result or self.clause, list(values), now)


def ask(clause: Clause, values: object, now: datetime) -> Verdict:
    """Evaluate a clause on `VALUE`, or on `PROBE` with these values in its place."""
    evaluation = Evaluation(_EMPTY, now)
    evaluation.variables = {"value": Found(values, BODY)}
    return evaluation.decide(clause).verdict


def constant(value: Value, now: datetime) -> object:
    """Return the value of an operand without paths; `UNKNOWABLE` for what has none."""
    found = Evaluation(_EMPTY, now).values(value)
    return UNKNOWABLE if len(found) != 1 or isinstance(found[0].value, Reason) else found[0].value


def read(clause: Clause) -> Test:
    """Return a plain test in positive form as a function of one place, as far as it is one."""
    parts = list(walk(clause))
    clock = any(isinstance(part, Call) and part.function in CLOCK for part in parts)
    if isinstance(clause, Quantified) and clause.quantifier is Quantifier.ANY:
        already = leads_to_elements(clause.path)
        over = dataclasses.replace(clause, path=PROBE if already else VALUE)
        return Test(clause, Grade.ELEMENTS, clause.path, over, clock=clock, spread=clause.spread or already)
    places = set(paths_in(clause))
    if not places and not clock:
        return Test(clause, Grade.FIXED)
    if len(places) != 1 or any(isinstance(part, Count | Quantified | Opaque) for part in parts):
        return Test(clause, Grade.FREE, clock=clock)
    (place,) = places
    probe = replace_value(clause, place, PROBE)
    fallback = any(isinstance(part, Default) for part in parts)
    test = Test(clause, Grade.OTHER, place, probe, clock=clock, fallback=fallback)
    subjects = [part for part in children(clause) if any(True for _ in paths_in(part))]
    if len(subjects) != 1 or not _stands_well(clause, subjects[0]):
        return test
    match subjects[0]:
        case Path() | Default():
            test.grade = Grade.OTHER if clock else Grade.PLAIN
        case Call(function, (Path(),)) as call:
            test.of_result = replace_value(clause, call, PROBE)
            beside = [part for part in parts if isinstance(part, Call) and part != call]
            if not any(part.function in CLOCK for part in beside):
                test.grade, test.function = Grade.CALL, function
    return test


def _stands_well(clause: Clause, subject: object) -> bool:
    """Say whether a test with its place only in this operand is a matter of equality, order, text or kind of each value."""
    match clause:
        case nodes.Compare() | nodes.IsKind() | PresenceTest() | nodes.Truth():
            return True
        case nodes.In(item=item, options=options):
            return isinstance(options, ListLiteral) if item is subject else isinstance(subject, Path)
        case (
            nodes.Matches(value=value)
            | nodes.TextTest(value=value)
            | nodes.Between(value=value)
            | nodes.InCidr(value=value)
        ):
            return value is subject
        case _:
            return False
