from datetime import timedelta

import pytest

import megaql
from megaql.lang.coverage import coverage, gap
from megaql.lang.relate import relate


def relation(first, second, **options):
    return relate(megaql.compile(first).node, megaql.compile(second).node, **options)


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("a == 1", "a == 1.0", "Both match the same messages."),
        ("a > 5", "a > 3", "The second matches every message that the first matches, and others too."),
        ("a > 3", "a > 5", "The first matches every message that the second matches, and others too."),
        ("a == 1", "a != 1", "No message matches both."),
        ("a == 1", "b == 1", "Some messages match both, and each matches some that the other does not."),
        ("false", "a == 1", "The first can never match, and the second can."),
        ("a == 1", "false", "The second can never match, and the first can."),
        ("false", "1 == 2", "Neither can ever match."),
    ],
)
def test_summary(first, second, sentence):
    assert str(relation(first, second)) == relation(first, second).summary == sentence


def test_summary_says_that_it_takes_an_array():
    assert relation("a == 1", "a == 2").summary == (
        "Some messages match both, and each matches some that the other does not. "
        "They meet only where a path of theirs leads to several values of an array."
    )
    assert relation("a <= 5", "not (a > 5)").summary.endswith(
        "The difference is only in messages in which a path of theirs leads to several values of an array."
    )


def test_summary_says_what_cannot_be_told():
    relates = relation('a == d"2026-01-02"', 'a startswith "2027"', arrays=False)
    assert relates.overlaps is None
    assert relates.excludes is None
    assert relates.summary == (
        "The first matches some that the second does not. The second matches some that the first does not. "
        "It cannot be told whether some message matches both."
    )


def test_as_a_dict():
    assert relation("a > 5", "a > 3").to_dict() == {
        "implies": True,
        "implied": False,
        "overlaps": True,
        "excludes": False,
        "equivalent": False,
        "arrays": True,
        "through_arrays": False,
        "summary": "The second matches every message that the first matches, and others too.",
        "witnesses": {
            "both": {"body": {"a": 6}, "envelope": {"kind": "data"}},
            "second_only": {"body": {"a": 5}, "envelope": {"kind": "data"}},
        },
    }


def clauses(**texts):
    return {name: megaql.compile(text).node for name, text in texts.items()}


def test_coverage():
    found = coverage(
        clauses(
            all_users='event.name startswith "user."',
            updates='event.name == "user.updated"',
            same='event.name in ["user.updated"]',
            orders='event.name == "order.created"',
            large="event.quantity > 100",
            never="a > 5 and missing a",
        ),
        arrays=False,
    )
    assert found.never == ("never",)
    assert found.equivalent == (("updates", "same"),)
    assert found.covered == (("updates", "all_users"), ("same", "all_users"))
    assert {(one.first, one.second) for one in found.overlaps} == {
        ("all_users", "large"),
        ("updates", "large"),
        ("same", "large"),
        ("orders", "large"),
    }
    assert found.undecided == ()
    assert found.skipped == 0
    assert str(found).startswith(
        "6 queries: 1 can never match, 1 pair matches the same messages, "
        "2 pairs have one covered by the other, 4 pairs overlap.\n  never can never match\n"
    )
    assert found.to_dict()["covered"] == [
        {"query": "updates", "by": "all_users"},
        {"query": "same", "by": "all_users"},
    ]


def test_coverage_within_a_budget():
    found = coverage(clauses(one="a == 1", two="b == 2", three="c == 3"), time=timedelta(0))
    assert found.skipped == 3
    assert found.summary == "3 queries: 3 pairs were not looked at."


def test_nothing_in_common():
    found = coverage(clauses(one="a == 1", two="a == 2"), arrays=False)
    assert found.summary == "2 queries, no two of which share a message."


ARRAYS = {
    "paid": 's == "paid"',
    "not_void": 'not s == "void"',
    "void": 's == "void"',
    "both": 'any x in s: (x == "paid") and any x in s: (x == "void")',
}


def test_an_array_that_another_query_asks_for_is_no_record_of_a_pair():
    """Of every pair, a set says what `relate` says of the two."""
    found = coverage(clauses(**ARRAYS), arrays=False)
    assert found.covered == (("paid", "not_void"), ("both", "paid"), ("both", "void"))
    assert found.overlaps == ()


def test_queries_that_meet_only_in_arrays_are_told_apart_from_those_that_never_meet():
    found = coverage(clauses(**ARRAYS))
    assert found.through_arrays == (("paid", "void"),)
    assert [(one.first, one.second) for one in found.overlaps] == [("paid", "not_void")]
    found = coverage(clauses(one="a == 1", two="a == 2"))
    assert found.summary == "2 queries: 1 pair meets only in arrays."
    assert found.to_dict()["through_arrays"] == [["one", "two"]]
    assert str(found).endswith("\n  one and two share only messages with arrays")


def test_gap():
    low, high, rest = clauses(low="a < 5", high="a > 5", rest="a == 5").values()
    (numbers,) = clauses(numbers="a is number and a is not nan").values()
    assert gap(numbers, [low, high], arrays=False).record.body == {"a": 5}
    assert gap(numbers, [low, high, rest], arrays=False).possible is False
