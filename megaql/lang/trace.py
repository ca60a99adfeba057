"""The evaluator's own run with somebody taking notes: of every clause what it found, in the order of the text.

A maintainer keeps two rules. A note costs next to nothing: it keeps what the evaluator made anyway, and words are made of it by those who
show it. And clauses that the run could pass over are evaluated for the reader as well, on a budget of their own, so that they change no verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.lang.blockers import involved
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.evaluator import Evaluation
from megaql.lang.findings import Finding
from megaql.lang.reasons import STEP_BUDGET
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from megaql.lang.nodes import Clause
    from megaql.lang.paths import Found
    from megaql.lang.record import Record

#: Elements of an array whose notes a quantifier keeps: the first ones, the first unknown one or else the nearest, and the last one looked at.
KEPT_ELEMENTS: Final = 10

#: The same for a quantifier inside another one.
KEPT_INNER_ELEMENTS: Final = 3


class Note(NamedTuple):
    """What one clause found.

    `children` are the notes of the clauses in it. `element` is the array element that a quantifier's condition was asked about, `omitted` the number
    of elements that a quantifier looked at and whose notes were not kept.
    """

    node: Clause
    finding: Finding
    children: tuple[Note, ...] = ()
    element: Found | None = None
    omitted: int = 0

    @property
    def verdict(self) -> Verdict:
        """The clause's verdict."""
        return self.finding.verdict


def trace(clause: Clause, record: Record, *, now: datetime | None = None) -> Note:
    """Evaluate a clause on a record and return the notes of the whole tree. Never raises for any data."""
    run = _Run(record, now)
    run.decide(clause)
    return run.notes[0]


class _Run(Evaluation):
    """An evaluation that takes notes: `notes` are those of the clauses finished at the current level."""

    def __init__(self, record: Record, now: datetime | None) -> None:
        super().__init__(record, now)
        self.notes: list[Note] = []
        self._omitted = 0
        self._spare = Budget()

    def clause(self, node: Clause) -> Finding:
        outer = self.notes, self._omitted
        self.notes, self._omitted = [], 0
        finding = Finding(Verdict.UNKNOWN, STEP_BUDGET)
        try:
            finding = super().clause(node)
        finally:
            note = Note(node, finding, tuple(self.notes), None, self._omitted)
            self.notes, self._omitted = outer
            self.notes.append(note)
        return finding

    def passed_over(self, items: Sequence[Clause]) -> None:
        counted, self.budget = self.budget, self._spare
        for item in items:
            try:
                self.clause(item)
            except OutOfBudget:
                # The note of the clause says so, and the verdict was certain before.
                continue
        self.budget = counted

    def judge(self, condition: Clause, variable: str, element: Found) -> Finding:
        finding = super().judge(condition, variable, element)
        note = self.notes.pop()._replace(element=element)
        if len(self.notes) >= (KEPT_INNER_ELEMENTS if self.variables else KEPT_ELEMENTS):
            last = self.notes.pop()
            if _interest(last) < _interest(self.notes[-1]):
                self.notes[-1] = last
            self._omitted += 1
        self.notes.append(note)
        return finding


def _interest(note: Note) -> tuple[bool, int]:
    """Order elements by how much they tell, the lesser the more: one that is unknown, as it may decide, and then how near it came."""
    return note.verdict is not Verdict.UNKNOWN, sum(1 for _ in involved(note))
