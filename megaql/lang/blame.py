"""Which clause keeps a query from being decided.

A maintainer keeps one rule: blaming changes no verdict and no reason; it is the evaluator's own run, in which somebody remembers where each
reason was first given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from megaql.lang.evaluator import Evaluation
from megaql.lang.reasons import STEP_BUDGET
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from megaql.lang.findings import Finding
    from megaql.lang.nodes import Clause
    from megaql.lang.reasons import Reason
    from megaql.lang.record import Record


class Blame(NamedTuple):
    """The innermost clause that cannot be decided, and why; the whole query where it is the message that takes too long."""

    clause: Clause
    reason: Reason


def blame(clause: Clause, record: Record, *, now: datetime | None = None) -> Blame | None:
    """Return what makes a query UNKNOWN for a record, of several clauses the first; `None` where it is decided. Never raises for any data."""
    run = _Run(record, now)
    finding = run.decide(clause)
    if finding.verdict is not Verdict.UNKNOWN:
        return None
    reason = finding.cause or STEP_BUDGET
    return Blame(run.given.get(id(reason), clause), reason)


class _Run(Evaluation):
    """An evaluation that keeps, for each reason by identity, the innermost clause that gave it."""

    def __init__(self, record: Record, now: datetime | None) -> None:
        super().__init__(record, now)
        self.given: dict[int, Clause] = {}
        self._alive: list[Reason] = []  # an id is another object's once its own is gone

    def clause(self, node: Clause) -> Finding:
        finding = super().clause(node)
        cause = finding.cause
        if cause is not None and id(cause) not in self.given:
            self.given[id(cause)] = node
            self._alive.append(cause)
        return finding
