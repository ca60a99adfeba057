from datetime import UTC, datetime

import pytest

import megaql
from megaql.lang import nodes
from megaql.lang.record import MISSING
from megaql.lang.solve import Demand, Impossible, Limit, Undecided, Want, Witness, solve
from megaql.lang.solve.demands import DEFAULT_LIMIT

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def demand(text, want=Want.MATCH):
    return Demand(megaql.compile(text).node, want)


def body(text, want=Want.MATCH, **options):
    outcome = solve([demand(text, want)], now=NOW, **options)
    assert isinstance(outcome, Witness)
    return outcome.record.body


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("a == 1", {"a": 1}),
        ("a > 5", {"a": 6}),
        ("a > 1 and a < 2", {"a": 1.5}),
        ('a startswith "ab"', {"a": "ab"}),
        ("a.b.c", {"a": {"b": {"c": True}}}),
        ("missing a", {}),
        ("a == [1, 2]", {"a": [1, 2]}),
        ("a[1] == 1", {"a": ["x", 1]}),
        ("any x in a: (x.b == 1 and x.c == 2)", {"a": [{"b": 1, "c": 2}]}),
        ("all x in a: (x > 1)", {"a": []}),
        ("count(x in a: (x == 1)) == 3", {"a": [1, 1, 1]}),
        ("number(a) > 5", {"a": 6}),
        ("length(a) == 3 and a is string", {"a": "xxx"}),
        ('a == d"2026-01-02"', {"a": "2026-01-02T00:00:00Z"}),
        ('a in cidr "10.0.0.0/8"', {"a": "10.0.0.0"}),
        ("**.id == 7", {"id": 7}),
        ("a == b", {"a": "x", "b": "x"}),
        ('a["weird key"] == 1', {"a": {"weird key": 1}}),
    ],
)
def test_a_witness_is_what_people_would_write(text, document):
    assert body(text) == document


def test_two_values_at_one_place_take_an_array():
    asked = [demand("a.b == 1"), demand("a.b == 2")]
    outcome = solve(asked)
    assert isinstance(outcome, Witness)
    assert outcome.record.body == {"a": {"b": [1, 2]}}
    assert isinstance(solve(asked, arrays=False), Impossible)


def test_arrays_that_the_query_asks_for_are_no_surprise():
    assert body("any x in a: (x == 1)", arrays=False) == {"a": [1]}
    assert body('"x" in a', arrays=False) == {"a": ["x"]}


@pytest.mark.parametrize(
    ("want", "document"),
    [(Want.MATCH, {"a": 1}), (Want.NO_MATCH, {"a": 2}), (Want.NOT_MATCH, {}), (Want.NOT_NO_MATCH, {})],
)
def test_every_want(want, document):
    assert body("a == 1", want) == document


def test_unknown_is_what_is_neither():
    outcome = solve([demand("a > 5", Want.NOT_MATCH), demand("a > 5", Want.NOT_NO_MATCH), demand("exists a")])
    assert isinstance(outcome, Witness)
    assert outcome.record.body == {"a": "other"}


def test_a_mega_witness_is_an_event():
    outcome = solve([demand('@kind == "mega" and event.quantity > 3')])
    assert isinstance(outcome, Witness)
    assert outcome.record.mega
    assert megaql.compile("event.attributes.quantity == 4").matches(outcome.record.body)


def test_attributes_of_an_event_have_two_names_in_mega_only():
    apart = solve([demand("event.x == 1"), demand("event.attributes.x == 2")], arrays=False)
    assert isinstance(apart, Witness)
    assert not apart.record.mega
    in_event = [demand('@kind == "mega"'), demand("event.x == 1"), demand("event.attributes.x == 2")]
    assert not isinstance(solve(in_event, arrays=False), Witness)


def test_a_text_message():
    outcome = solve([demand('@body contains "disk full"')])
    assert isinstance(outcome, Witness)
    assert outcome.record.body is MISSING
    assert outcome.record.envelope == {"kind": "text", "body": "disk full"}


def test_a_witness_of_the_clock_says_when():
    outcome = solve([demand("age(@sent_at) < 15m")], now=NOW)
    assert isinstance(outcome, Witness)
    assert outcome.now == NOW
    without = solve([demand("a == 1")], now=NOW)
    assert isinstance(without, Witness)
    assert without.now is None


@pytest.mark.parametrize(
    "text",
    [
        "a == 1 and a != 1",
        "a > 5 and missing a",
        "a between 5 and 1",
        "length(a) < 0",
        "missing a and a.b == 1",
        "any x in a: (x > 5 and x < 3 and x is number)",
        '@kind == "other"',
        "(a == 1 or a == 2) and a not in [1, 2]",
        'a startswith "a" and a !~ /a/',
        "all x in a: (x > 3) and any x in a: (x < 3 and x is not array)",
    ],
)
def test_impossible(text):
    assert solve([demand(text)]) == Impossible()


def test_a_function_of_the_user_is_never_asked_for_a_proof():
    def function(value):
        raise AssertionError(value)

    clause = nodes.Opaque("function", function, nodes.Path((nodes.Key("a"),)))
    assert solve([Demand(clause, Want.MATCH), Demand(clause, Want.NO_MATCH)]) == Impossible()


def test_long_lists_and_much_work_are_undecided():
    many = megaql.compile("a in $ids", ids=[f"id-{number}" for number in range(DEFAULT_LIMIT.items + 1)]).node
    assert solve([Demand(many, Want.MATCH)]) == Undecided("the lists are too long to compare")
    assert solve([demand("a == 1")], limit=Limit(looks=1)) == Undecided("the clauses take too long to compare")


def test_without_demands_any_record_will_do():
    assert isinstance(solve([]), Witness)


def test_an_array_of_more_elements_than_memory_holds_is_not_made():
    assert isinstance(solve([demand(f"count(x in a: (true)) == {2**53}")]), Undecided)
