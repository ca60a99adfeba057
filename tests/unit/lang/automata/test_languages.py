"""String languages say of one text what the evaluator says."""

import pytest

from megaql.lang import evaluator, nodes
from megaql.lang.automata.languages import OneOf, Order, Part, Search, holds
from megaql.lang.nodes import Comparison, Regex, TextOperator
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict

PATH = nodes.Path((nodes.Key("a"),))
TEXTS = ["", "a", "A", "ab", "aB", "b", "ss", "\u00df", "a*", "\ud800"]

ORDERS = [one for one in Comparison if one not in {Comparison.EQ, Comparison.NE}]


def clauses():
    for fold in (False, True):
        literal = nodes.String("a", fold)
        for operator in ORDERS:
            yield Order(operator, "a", fold), nodes.Compare(operator, PATH, literal)
        for text in TextOperator:
            yield Part(text, "a", fold), nodes.TextTest(text, PATH, literal)
        items = nodes.ListLiteral((literal, nodes.String("SS", fold)))
        yield OneOf(frozenset({"a", "SS"}), fold), nodes.In(PATH, items)
    yield Search(Regex("^a", "i")), nodes.Matches(PATH, Regex("^a", "i"))


@pytest.mark.parametrize(("language", "clause"), list(clauses()))
def test_a_language_has_the_texts_that_the_clause_matches(language, clause):
    matched = [text for text in TEXTS if evaluator.evaluate(clause, Record({"a": text})) is Verdict.MATCH]
    assert [text for text in TEXTS if holds(language, text)] == matched


@pytest.mark.parametrize(
    "language", [Search(Regex("(")), Part(TextOperator.LIKE, "?" * 200_000)], ids=["regex", "glob"]
)
def test_nobody_can_say_what_the_evaluator_cannot(language):
    assert holds(language, "a") is None


@pytest.mark.parametrize("operator", [Comparison.EQ, Comparison.NE])
def test_equality_is_no_order(operator):
    with pytest.raises(ValueError, match="is no order"):
        Order(operator, "a")
