import pytest

import megaql
from megaql.lang.blame import blame
from megaql.lang.budget import STEPS
from megaql.lang.printer import to_text
from megaql.query import record_of


@pytest.mark.parametrize(
    ("query", "document", "clause", "reason"),
    [
        ("a > 1", {"a": "x"}, "a > 1", "a is a string, not a number"),
        ("b == 2 and (c == 1 or not a > 1)", {"a": None, "b": 2, "c": 3}, "a > 1", "a is null, which has no order"),
        ("a > 1 and b > 1", {"a": "x"}, "a > 1", "a is a string, not a number"),
        ("any x of items: (x.n > 3)", {"items": [{"n": 1}, {}]}, "x.n > 3", "x.n is missing"),
        ("any x in items: (x.n > 3)", {"items": {}}, "any x in items: (x.n > 3)", "items is an object, not an array"),
    ],
)
def test_the_innermost_clause_is_blamed(query, document, clause, reason):
    found = blame(megaql.compile(query).node, record_of(document))
    assert (to_text(found.clause), str(found.reason)) == (clause, reason)


@pytest.mark.parametrize("document", [{"a": 1}, {"a": 2}])
def test_what_is_decided_blames_nobody(document):
    assert blame(megaql.compile("a == 1").node, record_of(document)) is None


def test_a_message_that_takes_too_long_blames_the_whole_query():
    query = megaql.compile("all x in a: (all y in a: (x == y))")
    found = blame(query.node, record_of({"a": [1] * (STEPS // 100)}))
    assert found.clause is query.node
    assert str(found.reason).startswith("budget: ")
