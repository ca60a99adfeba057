"""The funnel is that of the near misses."""

from datetime import UTC, datetime

import pytest

import megaql
from megaql.lang.nearmiss import Tally
from megaql.lang.record import Record
from megaql.scan.survey.funnel import Funnel

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODIES = [
    {"a": 1, "b": 2},
    {"a": 1, "b": "2"},
    {"a": 2},
    {},
    {"b": 2, "t": "2026-11-24T11:59:00Z"},
    {"a": [1, 2], "b": 2},
]


@pytest.mark.parametrize(
    "query",
    [
        "a == 1",
        "a == 1 and b == 2",
        "a == 1 or b == 2 or missing a",
        "(a == 1 or b == 2) and exists b and not (a == 2)",
        "not (a == 1)",
        "age(t) < 5m and b == 2",
    ],
)
def test_the_steps_are_those_of_near_misses(query):
    clause = megaql.compile(query).node
    funnel, tally = Funnel(clause), Tally(clause, now=NOW)
    for body in BODIES:
        funnel.add(Record(body), NOW)
        tally.add(Record(body))
    result = tally.result()
    assert funnel.steps() == list(result.funnel)
    assert funnel.connective == result.connective
    assert any(step.count for step in funnel.steps())
