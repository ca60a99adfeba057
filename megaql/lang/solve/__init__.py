"""Decides whether a record exists on which clauses have the verdicts that are demanded: the engine behind `check` and `relate`.

A maintainer keeps one rule: `Impossible` is a proof, a `Witness` was confirmed by the evaluator, and everything else is `Undecided`.
"""

from megaql.lang.solve.demands import DEFAULT_LIMIT, Demand, Impossible, Limit, Outcome, Undecided, Want, Witness
from megaql.lang.solve.search import solve

__all__ = ["DEFAULT_LIMIT", "Demand", "Impossible", "Limit", "Outcome", "Undecided", "Want", "Witness", "solve"]
