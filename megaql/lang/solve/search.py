"""The search through the ways in which demands can hold: what must be is collected first, then the `or`s are tried one by one.

A maintainer keeps one rule: an answer is `Impossible` only when every way was refuted, and a way left for want of time or of a proof
makes the whole answer `Undecided`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.lang.evaluator import evaluate
from megaql.lang.record import Record
from megaql.lang.solve.demands import DEFAULT_LIMIT, Demand, Impossible, Limit, Outcome, Undecided, Witness
from megaql.lang.solve.formula import All, OneOf, parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from megaql.lang.nodes import Clause
    from megaql.lang.verdict import Verdict


def solve(
    demands: Sequence[Demand],
    *,
    arrays: bool = True,  # noqa: ARG001 - the interface stands before the engine
    limit: Limit = DEFAULT_LIMIT,  # noqa: ARG001 - as above
    now: datetime | None = None,
) -> Outcome:
    """Look for a record on which all demands hold.

    With `arrays=False`, only among records in which no path meets an array that the clauses do not ask for by a quantifier, `[n]`,
    `[*]`, a list literal or `is array`. `now` is the time at which a witness is confirmed, the present if it is not given.
    """
    todo = list(demands)
    facts: dict[Clause, frozenset[Verdict]] = {}
    while todo:
        match parts(todo.pop()):
            case All(some):
                todo.extend(some)
            case OneOf():
                continue
            case Demand(clause, want):
                facts[clause] = facts.get(clause, want.value) & want.value
                if not facts[clause]:
                    return Impossible()
    empty = Record({})
    if all(evaluate(clause, empty, now=now) in want.value for clause, want in demands):
        return Witness(empty, now)
    return Undecided("these clauses are not looked into")
