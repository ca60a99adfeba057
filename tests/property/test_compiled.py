"""Generated functions say what the evaluator says: for any clause, any document, and each verdict that can be wanted."""

from datetime import UTC, datetime
from random import Random
from unittest import mock

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import megaql
from megaql.lang import evaluator
from megaql.lang.budget import Budget
from megaql.lang.compiler import matcher
from megaql.lang.compiler.reference import Slow
from megaql.lang.compiler.shares import Share
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict
from megaql.query import record_of
from tests.property import aimed, clauses, queries
from tests.property.documents import records

NOW = datetime(2026, 2, 1, tzinfo=UTC)
ANY_CLAUSE = st.one_of(queries.clauses(), clauses.clauses)


def agrees(clause, record, now):
    expected = evaluator.evaluate(clause, record, now=now)
    for want in (Verdict.MATCH, Verdict.NO_MATCH):
        try:
            found = matcher.generate(clause, want, mega=record.mega)(record, now)
        except Slow:
            continue
        assert found is (expected is want), (want, expected)
    assert matcher.Matcher(clause).evaluate(record, now) is expected
    if type(record.body) is dict:
        matches = evaluator.evaluate(clause, Record(record.body), now=now) is Verdict.MATCH
        asked = matcher.Matcher(clause)
        assert [asked.of_body(record.body, now) for _ in range(2)] == [matches] * 2


@settings(max_examples=400, deadline=None)
@given(ANY_CLAUSE, records)
def test_agrees_on_any_record(clause, record):
    agrees(clause, record, NOW)


@settings(max_examples=400, deadline=None)
@given(aimed.queries(), st.integers(0, 2**32))
def test_agrees_on_records_made_of_what_the_query_asks_for(text, number):
    try:
        query = megaql.compile(text)
    except megaql.QueryError:
        assume(False)
    agrees(query.node, aimed.record(number), aimed.NOW)


@settings(max_examples=400, deadline=None)
@given(aimed.queries(), st.integers(0, 2**32), st.booleans())
def test_a_dict_is_taken_as_what_it_says_it_is(text, number, says_mega):
    body = aimed.record(number).body
    try:
        query = megaql.compile(text)
    except megaql.QueryError:
        assume(False)
    assume(isinstance(body, dict))
    if says_mega:
        body = {"protocol": "mega", "version": 1, **body}
        if isinstance(body.get("event"), dict):
            body["event"] = {"timestamp": "2026-01-02", **body["event"]}
    expected = evaluator.evaluate(query.node, record_of(body), now=aimed.NOW)
    assert query.matches(body, now=aimed.NOW) is (expected is Verdict.MATCH)
    assert query.evaluate(body, now=aimed.NOW) is expected


def grown(value, random):
    """Make arrays and texts longer, some of them much."""
    if isinstance(value, dict):
        return {name: grown(member, random) for name, member in value.items()}
    if isinstance(value, list):
        return [grown(element, random) for element in value] * random.choice((1, 1, 3, 30, 200))
    return value * random.choice((1, 1, 20_000, 200_000)) if isinstance(value, str) else value


@settings(max_examples=300, deadline=None)
@given(aimed.queries(), st.integers(0, 2**32), st.sampled_from((600, 2_000, 10_000)))
def test_the_steps_of_an_evaluation_end_where_the_evaluator_ends_them(text, number, steps):
    try:
        query = megaql.compile(text)
    except megaql.QueryError:
        assume(False)
    record = aimed.record(number)
    record = Record(grown(record.body, Random(number)), record.envelope, record.mega)
    few = mock.patch.object(evaluator, "Budget", side_effect=lambda: Budget(steps))
    with few, mock.patch.object(Share.__init__, "__defaults__", (steps / 2,)):
        agrees(query.node, record, aimed.NOW)
