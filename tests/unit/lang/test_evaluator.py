"""The evaluator's edges that no JSON case can hold; the language itself is in tests/conformance."""

import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

import megaql
from megaql.lang import evaluator
from megaql.lang import nodes as n
from megaql.lang.operands import options
from megaql.lang.reasons import STEP_BUDGET
from megaql.lang.record import MISSING, Record
from megaql.lang.verdict import Verdict

A = n.Path((n.Key("a"),))


def decide(query, document, **settings):
    clause = megaql.compile(query).node if isinstance(query, str) else query
    return evaluator.decide(clause, Record(document), **settings)


class Hostile:
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError

    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    "query", ["a == 1", "a == b", "a in [1, 2]", "a > 1", "a ~ /x/", "a", "empty a", "a is string", "length(a) > 1"]
)
def test_a_foreign_class_that_raises_is_compared_without_harm(query):
    assert decide(query, {"a": Hostile(), "b": Hostile()}).verdict in Verdict


def test_a_document_that_contains_itself_ends_in_the_budget():
    array = []
    array.append(array)
    assert decide("a == 1", {"a": array}).cause is STEP_BUDGET
    assert decide("a == b", {"a": array, "b": [array]}).cause is STEP_BUDGET
    assert decide("a.** == 1", {"a": array}).verdict is Verdict.UNKNOWN


def test_reading_long_texts_again_and_again_ends_in_the_budget():
    document = {"long": "ab" * 250_000, "short": [f"x{n}" for n in range(20_000)]}
    assert decide("long contains short", document).cause is STEP_BUDGET
    assert decide(" or ".join(['long == "x"i'] * 330), {"long": "x" * 1_000_000}).cause is STEP_BUDGET


def test_a_long_list_is_looked_up_whatever_its_strings():
    listed = ", ".join(f'"K{n}"i' for n in range(1_500))
    document = {"a": [f"{n}" for n in range(1_000)], "b": "k7"}
    assert decide(f"a in [{listed}]", document).verdict is Verdict.NO_MATCH
    assert decide(f"b in [{listed}]", document).verdict is Verdict.MATCH


def test_nesting_deeper_than_the_stack_raises_nothing():
    levels = sys.getrecursionlimit() * 10
    value, other = {}, {}
    for _ in range(levels):
        value, other = {"a": [value]}, {"a": [other]}
    assert decide("a == b", {"a": value, "b": other}).verdict is Verdict.MATCH
    assert decide("a.**.z == 1", {"a": value}).verdict is Verdict.UNKNOWN
    assert decide("a.a.a.a == 1", {"a": value}).verdict is Verdict.NO_MATCH


def test_now_is_one_time_within_an_evaluation():
    clause = megaql.compile(" and ".join(["now() == now()", "age(a) == age(a)"] * 20)).node
    assert evaluator.evaluate(clause, Record({"a": "2026-01-01"})) is Verdict.MATCH


def test_now_without_a_zone_is_utc():
    now = datetime(2026, 1, 2, 3)  # noqa: DTZ001 - what the test is about
    assert decide('now() == d"2026-01-02T03:00:00Z"', {}, now=now).verdict is Verdict.MATCH


def test_now_is_the_clock_when_nobody_says():
    before = datetime.now(UTC)
    assert decide(n.Compare(n.Comparison.GE, n.Call("now", ()), n.Date(before)), {}).verdict is Verdict.MATCH
    later = n.Date(before + timedelta(days=1))
    assert decide(n.Compare(n.Comparison.LT, n.Call("now", ()), later), {}).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("clause", "reason"),
    [
        (n.Compare(n.Comparison.EQ, A, n.Param("x")), "the parameter $x has no value"),
        (n.Matches(A, n.Param("x")), "$x has no value"),
        (n.Matches(A, n.Regex("(?=x)")), "/(?=x)/ is no regex of this dialect"),
        (n.InCidr(A, n.String("x")), '"x" is no network'),
        (n.Compare(n.Comparison.EQ, n.Call("nope", (A,)), n.Number(1)), "nope() is no function with 1 arguments"),
        (n.Compare(n.Comparison.EQ, n.Call("lower", ()), n.Number(1)), "lower() is no function with 0 arguments"),
        (n.Compare(n.Comparison.EQ, A, n.Regex("x")), "a regex is no value; it stands on the right of ~"),
        (n.In(A, n.Number(1)), "1 is a number, not an array"),
    ],
)
def test_a_tree_that_no_parser_would_make_is_unknown(clause, reason):
    finding = decide(clause, {"a": "1"})
    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, reason)


def test_a_class_that_is_no_clause_is_a_mistake_of_the_caller():
    with pytest.raises(AssertionError):
        evaluator.evaluate(A, Record({}))


def test_the_variables_of_a_quantifier_end_with_it():
    inner = n.Quantified(
        n.Quantifier.ANY, "x", A, n.Compare(n.Comparison.EQ, n.Path((n.Key("x"),), n.Root.VARIABLE), n.Number(2))
    )
    outside = n.Compare(n.Comparison.EQ, n.Path((n.Key("x"),), n.Root.VARIABLE), n.Number(2))
    assert decide(n.And((inner, outside)), {"a": [1, 2]}).reason == "x is missing"


def test_a_long_list_is_looked_up_and_not_searched():
    many = n.ListLiteral(tuple(n.Number(number) for number in range(10_000)))
    clause = n.In(A, many)
    assert decide(clause, {"a": [9_999.0]}).verdict is Verdict.MATCH
    # Comparing one by one would cost 20,000 * 10,000 steps.
    assert decide(clause, {"a": [-1] * 20_000}).verdict is Verdict.NO_MATCH
    assert options(many) is options(many)


def test_lists_are_not_mixed_up_when_many_are_in_use():
    queries = [megaql.compile("a in $ids", ids=[number, "x"]) for number in range(600)]
    assert all(query.matches({"a": number}) for number, query in enumerate(queries))
    assert not any(query.matches({"a": number + 1}) for number, query in enumerate(queries))


def test_one_clause_serves_many_threads():
    clause = megaql.compile('any i in items: (i.q > 1 and i.s ~ /^b+$/ and i.s in ["b", "bb"])').node
    verdicts = []

    def ask(quantity):
        record = Record({"items": [{"q": quantity, "s": "bb"}]})
        verdicts.append({evaluator.evaluate(clause, record) for _ in range(200)})

    threads = [threading.Thread(target=ask, args=(quantity,)) for quantity in (1, 2, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts, key=str) == [{Verdict.MATCH}] * 2 + [{Verdict.NO_MATCH}] * 2


def test_a_reason_costs_no_text_until_it_is_read(monkeypatch):
    printed = []
    monkeypatch.setattr("megaql.lang.reasons.to_text", lambda node: printed.append(node) or "a")
    finding = decide("a == 1", {})
    assert not printed
    assert finding.reason == "a is missing"


@pytest.mark.parametrize("body", [MISSING, None, 5, "text", [], [{"a": 1}], b"x"])
def test_a_body_may_be_anything(body):
    assert decide("a == 1", body).verdict in Verdict


def test_a_whole_array_as_body_is_mapped_over():
    assert decide("a == 1", [{"a": 2}, {"a": 1}]).verdict is Verdict.MATCH


def test_a_python_predicate_sees_the_value_as_it_is():
    clause = n.Opaque("is_list", lambda value: isinstance(value, list), A)
    assert decide(clause, {"a": [1]}).verdict is Verdict.MATCH
    assert decide(clause, {"a": 1}).verdict is Verdict.NO_MATCH
    assert decide(clause, {}).reason == "a is missing"
