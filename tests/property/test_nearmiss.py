"""Counting near misses is total and adds up: any clause, any documents."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from megaql.lang import evaluator, explain, neartext
from megaql.lang.nearmiss import Tally
from megaql.lang.verdict import Verdict
from tests.property import clauses, queries
from tests.property.documents import records

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@settings(max_examples=300, deadline=None)
@given(st.one_of(queries.clauses(), clauses.clauses), st.lists(records, max_size=6))
def test_any_clause_over_any_documents(clause, documents):
    tally = Tally(clause, now=NOW)
    notes = [tally.add(record) for record in documents]
    result = tally.result()
    verdicts = [evaluator.evaluate(clause, record, now=NOW) for record in documents]
    assert [note.verdict for note in notes] == verdicts
    assert result.verdicts == {verdict: verdicts.count(verdict) for verdict in Verdict}
    assert result.funnel[-1].count <= result.seen
    assert result.alone == sum(
        bool(explain.explained(note, record).blockers()) for note, record in zip(notes, documents, strict=True)
    )
    for one in result.clauses:
        assert 0 < one.alone + one.together <= result.seen - result.verdicts[Verdict.MATCH]
        assert sum(near.count for near in one.values.nearest()) + one.values.others <= one.alone + one.together
    json.dumps(result.to_dict(), allow_nan=False).encode()
    str(result).encode()
    assert all(len(neartext.plain(line)) <= neartext.WIDTH for line in neartext.lines(result))
