"""The solver and what stands on it never make a wrong claim, on queries and records that meet often and on any others."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import megaql
from megaql.errors import QueryError
from megaql.lang.evaluator import evaluate
from megaql.lang.relate import relate
from megaql.lang.solve import Demand, Impossible, Want, Witness, solve
from megaql.lang.verdict import Verdict
from tests.property import documents, queries
from tests.property.aimed import NOW, POOL, holds_array
from tests.property.aimed import queries as aimed

slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much])


@st.composite
def demands(draw):
    """One to three demands on queries that compile."""
    texts = draw(st.lists(aimed(), min_size=1, max_size=3))
    try:
        clauses = [megaql.compile(text).node for text in texts]
    except QueryError:
        assume(False)
    return [Demand(clause, draw(st.sampled_from(Want))) for clause in clauses]


def satisfied(asked, record):
    return all(evaluate(clause, record, now=NOW) in want.value for clause, want in asked)


@pytest.mark.parametrize("arrays", [True, False])
@slow
@given(asked=demands())
def test_what_is_impossible_never_happens(arrays, asked):
    outcome = solve(asked, arrays=arrays, now=NOW)
    if isinstance(outcome, Impossible):
        for record in POOL:
            assert not satisfied(asked, record) or (not arrays and holds_array(record.body))


@pytest.mark.parametrize("arrays", [True, False])
@slow
@given(asked=demands())
def test_a_witness_satisfies_the_demands(arrays, asked):
    outcome = solve(asked, arrays=arrays, now=NOW)
    if isinstance(outcome, Witness):
        assert satisfied(asked, outcome.record)


@slow
@given(asked=demands(), other=demands())
def test_more_demands_are_never_easier(asked, other):
    """What is impossible stays so with more demands, unless nobody can say."""
    if isinstance(solve(asked, now=NOW), Impossible):
        assert not isinstance(solve([*asked, *other], now=NOW), Witness)


@slow
@given(asked=demands())
def test_no_verdict_is_two(asked):
    clause = asked[0].clause
    assert isinstance(solve([Demand(clause, Want.MATCH), Demand(clause, Want.NOT_MATCH)], now=NOW), Impossible)


@slow
@given(texts=st.tuples(aimed(), aimed()))
def test_relations_hold_on_every_record(texts):
    try:
        first, second = (megaql.compile(text).node for text in texts)
    except QueryError:
        assume(False)
    relation = relate(first, second, now=NOW)
    for record in POOL:
        one, other = (evaluate(clause, record, now=NOW) is Verdict.MATCH for clause in (first, second))
        assert not (relation.implies and one and not other)
        assert not (relation.implied and other and not one)
        assert not (relation.excludes and one and other)


@slow
@given(
    st.lists(st.tuples(queries.clauses(depth=2), st.sampled_from(Want)), min_size=1, max_size=2),
    st.lists(documents.records, min_size=5, max_size=5),
    st.booleans(),
)
def test_any_query_and_any_record(pairs, records, arrays):
    asked = [Demand(clause, want) for clause, want in pairs]
    outcome = solve(asked, arrays=arrays, now=NOW)
    if isinstance(outcome, Witness):
        assert satisfied(asked, outcome.record)
    if isinstance(outcome, Impossible) and arrays:
        assert not any(satisfied(asked, record) for record in records)
