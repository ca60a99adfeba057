"""Assertions whose failure is the query's explanation.

A maintainer keeps one rule: a verdict is one of three, and each has its assertion. UNKNOWN is no "no match" here, because a test of what a query leaves
out would then pass for a misspelt path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql import query as queries
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from megaql.query import Query, Subject


def assert_matches(query: str | Query, payload: Subject, **params: object) -> None:
    """Fail with the explanation unless the query matches; `params` are the values of a text's `$names`."""
    __tracebackhide__ = True
    _assert(Verdict.MATCH, query, payload, params)


def assert_no_match(query: str | Query, payload: Subject, **params: object) -> None:
    """Fail with the explanation unless the query decides that it does not match. See `assert_unknown`."""
    __tracebackhide__ = True
    _assert(Verdict.NO_MATCH, query, payload, params)


def assert_unknown(query: str | Query, payload: Subject, **params: object) -> None:
    """Fail with the explanation unless the query cannot decide: a path is missing, or a value of another kind."""
    __tracebackhide__ = True
    _assert(Verdict.UNKNOWN, query, payload, params)


def _assert(wanted: Verdict, query: str | Query, payload: Subject, params: dict[str, object]) -> None:
    __tracebackhide__ = True
    compiled = queries.compile(query, **params) if isinstance(query, str) else query
    explanation = compiled.explain(payload)
    if explanation.verdict is not wanted:
        raise AssertionError(f"wanted {wanted.name}, the verdict is {explanation.verdict.name}\n{explanation}")
