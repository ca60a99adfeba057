"""Evaluation is total: any clause on any document has one of three verdicts, and explaining agrees."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from megaql.lang import evaluator, explain
from megaql.lang.verdict import Verdict
from tests.property import clauses, queries
from tests.property.documents import records

NOW = datetime(2026, 2, 1, tzinfo=UTC)

#: Clauses that a parser could make, and clauses that only code can.
ANY_CLAUSE = st.one_of(queries.clauses(), clauses.clauses)


@settings(max_examples=500)
@given(ANY_CLAUSE, records)
def test_any_clause_on_any_document_has_a_verdict_and_a_reason_when_unknown(clause, record):
    finding = evaluator.decide(clause, record, now=NOW)
    assert finding.verdict in Verdict
    assert bool(finding.reason) == (finding.verdict is Verdict.UNKNOWN)


@settings(max_examples=500)
@given(ANY_CLAUSE, records)
def test_explaining_agrees_with_evaluating_and_can_be_written_down(clause, record):
    explanation = explain.explain(clause, record, now=NOW)
    assert explanation.verdict is evaluator.evaluate(clause, record, now=NOW)
    json.dumps(explanation.to_dict(), ensure_ascii=False, allow_nan=False).encode()
    str(explanation).encode()
    assert all(len(line) <= explain.WIDTH for line in str(explanation).splitlines())
    for blocker in explanation.blockers():
        assert blocker.verdict in Verdict


@settings(max_examples=100)
@given(ANY_CLAUSE, records)
def test_evaluation_is_repeatable(clause, record):
    assert evaluator.evaluate(clause, record, now=NOW) is evaluator.evaluate(clause, record, now=NOW)
