"""Generated functions say what the evaluator says: for any clause, any document, and each verdict that can be wanted."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from megaql.lang import evaluator
from megaql.lang.compiler import matcher
from megaql.lang.compiler.reference import Slow
from megaql.lang.verdict import Verdict
from tests.property import clauses, queries
from tests.property.documents import records

NOW = datetime(2026, 2, 1, tzinfo=UTC)
ANY_CLAUSE = st.one_of(queries.clauses(), clauses.clauses)


@settings(max_examples=1500, deadline=None)
@given(ANY_CLAUSE, records, st.booleans())
def test_agrees(clause, record, swift):
    expected = evaluator.evaluate(clause, record, now=NOW)
    for want in (Verdict.MATCH, Verdict.NO_MATCH):
        f = matcher.generate(clause, want, swift=swift and type(record.body) is dict, mega=record.mega)
        try:
            got = f(record, record.body, record.envelope, NOW)
        except (Slow, AttributeError):
            if not swift:
                raise
            continue
        assert type(got) is bool
        assert got is (expected is want), (want, expected)
