"""Where the evaluator runs out of steps, generated functions do: also in what an unknown clause leaves without effect."""

import pytest

import megaql
from megaql.lang import evaluator
from megaql.lang.budget import STEPS
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict

LONG = {"many": [2] * STEPS, "text": "x" * 1024 * (STEPS + 1), "c": 1, "items": [{}, {"x": 1, "many": 1}]}
LONG["items"][0]["many"] = LONG["many"]

LOOKED_AT = (
    "(gone.x == 1 and many == 1) or c == 1",
    "(gone.x == 1 and (gone.y == 1 or many < 1)) or c == 1",
    "(gone.x > 1 and any i in many: (i == 1)) or c == 1",
    '(c in ["x"] and c == 1) or (gone.x in ["x"] and text contains "y") or c == 1',
    "any i in items: (i.x == 1 and i.many == 1)",
    "(all i in items: (i.x == 1 and i.many == 1)) or c == 1",
    'text startswith "x"',
    'text == "y"i or c == 1',
    "text ~ /^x/",
)
PASSED_OVER = (
    "c == 1 or many == 1",
    "(c == 2 and many == 1) or c == 1",
    "not (c == 2 and many == 1)",
)


@pytest.mark.parametrize("text", LOOKED_AT)
def test_what_the_evaluator_looks_at_counts(text):
    query = megaql.compile(text)
    assert evaluator.decide(query.node, Record(LONG)).reason.startswith("budget")
    assert not query.matches(LONG)
    assert query.evaluate(LONG) is Verdict.UNKNOWN


@pytest.mark.parametrize("text", PASSED_OVER)
def test_what_it_passes_over_does_not(text):
    query = megaql.compile(text)
    assert evaluator.evaluate(query.node, Record(LONG)) is Verdict.MATCH
    assert query.matches(LONG)
    assert query.evaluate(LONG) is Verdict.MATCH


@pytest.mark.parametrize("value", ["3", "x", 3, 3.0, float("nan"), {}, ["3"], None])
def test_long_lists(value):
    items = [str(number) for number in range(5_000)]
    query = megaql.compile(" and ".join(["a in $items"] * 15), items=items)
    expected = evaluator.evaluate(query.node, Record({"a": value}))
    assert query.matches({"a": value}) is (expected is Verdict.MATCH)
    assert query.evaluate({"a": value}) is expected
