"""The laws of LANGUAGE: negation is one thing however it is written, and Kleene's logic holds, on any document."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from megaql.lang import evaluator
from megaql.lang import nodes as n
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict
from tests.property import clauses as q
from tests.property.documents import records, values

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def verdict(clause, record):
    return evaluator.evaluate(clause, record, now=NOW)


def same(record, left, right):
    assert verdict(left, record) is verdict(right, record)


NEGATIONS = {
    "!=": (
        lambda a, b: n.Compare(n.Comparison.NE, a, b),
        lambda a, b: n.Compare(n.Comparison.EQ, a, b),
    ),
    "not in": (lambda a, b: n.In(a, b, negated=True), n.In),
    "not between": (lambda a, b: n.Between(a, b, b, negated=True), lambda a, b: n.Between(a, b, b)),
    **{
        f"not {operator.value}": (
            lambda a, b, operator=operator: n.TextTest(operator, a, b, negated=True),
            lambda a, b, operator=operator: n.TextTest(operator, a, b),
        )
        for operator in n.TextOperator
    },
    **{
        f"is not {kind.value}": (
            lambda a, _, kind=kind: n.IsKind(a, kind, negated=True),
            lambda a, _, kind=kind: n.IsKind(a, kind),
        )
        for kind in n.KindName
    },
    "!~": (lambda a, _: n.Matches(a, n.Regex("x"), negated=True), lambda a, _: n.Matches(a, n.Regex("x"))),
    "not in cidr": (
        lambda a, _: n.InCidr(a, n.String("10.0.0.0/8"), negated=True),
        lambda a, _: n.InCidr(a, n.String("10.0.0.0/8")),
    ),
}


@pytest.mark.parametrize("operator", NEGATIONS)
@given(data=st.data(), record=records)
def test_a_negated_operator_is_the_negation_of_the_clause(operator, data, record):
    negated, positive = NEGATIONS[operator]
    left, right = data.draw(q.plain_values), data.draw(q.plain_values)
    same(record, negated(left, right), n.Not(positive(left, right)))


@given(q.clauses, records)
def test_double_negation(clause, record):
    same(record, n.Not(n.Not(clause)), clause)


@given(q.clauses, q.clauses, records)
def test_de_morgan(a, b, record):
    same(record, n.Not(n.And((a, b))), n.Or((n.Not(a), n.Not(b))))
    same(record, n.Not(n.Or((a, b))), n.And((n.Not(a), n.Not(b))))


@given(q.clauses, q.clauses, records)
def test_and_and_or_commute(a, b, record):
    same(record, n.And((a, b)), n.And((b, a)))
    same(record, n.Or((a, b)), n.Or((b, a)))


@given(q.clauses, records)
def test_a_clause_and_its_negation_are_never_both_delivered(clause, record):
    assert [verdict(clause, record), verdict(n.Not(clause), record)].count(Verdict.MATCH) <= 1


@given(q.plain_values, q.plain_values, records)
def test_equality_is_symmetric(left, right, record):
    same(record, n.Compare(n.Comparison.EQ, left, right), n.Compare(n.Comparison.EQ, right, left))


@given(q.plain_values, q.plain_values, records)
def test_order_is_mirrored(left, right, record):
    same(record, n.Compare(n.Comparison.LT, left, right), n.Compare(n.Comparison.GT, right, left))
    same(record, n.Compare(n.Comparison.LE, left, right), n.Compare(n.Comparison.GE, right, left))


@given(values.filter(lambda value: not isinstance(value, list | tuple)), q.literals)
def test_less_equal_and_greater_exclude_each_other_and_leave_nothing_out(value, literal):
    record, path = Record({"a": value}), n.Path((n.Key("a"),))
    less, equal, greater = (
        verdict(n.Compare(operator, path, literal), record)
        for operator in (n.Comparison.LT, n.Comparison.EQ, n.Comparison.GT)
    )
    if less is not Verdict.UNKNOWN:
        assert [less, equal, greater].count(Verdict.MATCH) == 1


@given(values, q.literals, st.sampled_from(n.Comparison))
def test_a_name_on_an_array_is_any_over_its_elements(value, literal, operator):
    record = Record({"a": value})
    if not isinstance(value, list) or any(isinstance(element, list | tuple) for element in value):
        record = Record({"a": [{"b": value}, {"b": 1}]})
    positive = n.Comparison.EQ if operator is n.Comparison.NE else operator
    mapped = n.Compare(positive, n.Path((n.Key("a"), n.Key("b"))), literal)
    element = n.Path((n.Key("x"), n.Key("b")), n.Root.VARIABLE)
    quantified = n.Quantified(n.Quantifier.ANY, "x", n.Path((n.Key("a"),)), n.Compare(positive, element, literal))
    same(record, mapped, quantified)


@given(q.paths, records)
def test_exists_and_missing_are_each_others_negation(path, record):
    same(record, n.PresenceTest(n.Presence.MISSING, path), n.Not(n.PresenceTest(n.Presence.EXISTS, path)))


@given(q.plain_values, q.plain_values, q.plain_values, records)
def test_between_is_two_comparisons_on_one_value(value, low, high, record):
    both = n.And((n.Compare(n.Comparison.GE, value, low), n.Compare(n.Comparison.LE, value, high)))
    between = n.Between(value, low, high)
    # Several values may meet the ends one each, which is not between; otherwise the two are the same.
    if verdict(between, record) is Verdict.MATCH:
        assert verdict(both, record) is Verdict.MATCH


@given(st.dictionaries(st.sampled_from(["x", "y"]), values, max_size=2), q.clauses)
def test_both_forms_of_a_mega_attribute_are_the_same(attributes, clause):
    record = Record({"event": {"attributes": attributes}}, mega=True)
    short, long = (
        n.Compare(n.Comparison.EQ, n.Path(tuple(map(n.Key, names))), n.Number(1))
        for names in (("event", "x"), ("event", "attributes", "x"))
    )
    same(record, n.Or((short, clause)), n.Or((long, clause)))
