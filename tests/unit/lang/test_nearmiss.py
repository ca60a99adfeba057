"""Near misses over many messages: who kept how many out, by which values, how far they got, and in bounded memory."""

import json
from datetime import UTC, datetime
from textwrap import dedent

import pytest

import megaql
from megaql.lang import nearmiss, neartext, nearvalues
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict
from megaql.source import width as cells

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)

QUERY = 'name == "item.added" and quantity > 5 and any i in items: (i.sku == "A-1" and i.n >= 2)'

GOOD = [{"sku": "A-1", "n": 3}, {"sku": "B"}]

BODIES = [
    {"name": "item.added", "quantity": 6, "items": [{"sku": "B"}, {"sku": "A-1", "n": 1}]},
    {"name": "Item.Added", "quantity": 6, "items": GOOD},
    {"name": "item.removed", "quantity": 4, "items": GOOD},
    {"name": "item.added", "quantity": 4, "items": GOOD},
    {"name": "item.added", "quantity": "7", "items": GOOD},
    {"name": "item.added", "quantiy": 7, "items": GOOD},
    {"name": "item.added", "quantity": 7, "items": GOOD},
    {"name": "item.added", "items": []},
]


def tally(query, bodies=BODIES, *, ids=()):
    run = nearmiss.Tally(megaql.compile(query).node, now=NOW)
    for position, body in enumerate(bodies):
        run.add(Record(body, {"id": ids[position]} if ids else {}))
    return run.result()


def clauses(query, bodies=BODIES):
    return {(one.negated, one.clause): (one.alone, one.together) for one in tally(query, bodies).clauses}


def values(query, bodies):
    (one,) = tally(query, bodies).clauses
    return [(near.shown, near.nearness.remark, near.count) for near in one.values.nearest()]


def test_text():
    assert str(tally(QUERY)) == dedent(
        """
        8 messages: 1 match, 5 no match, 2 unknown

          8  100%  ████████████████████  all messages
          6   75%  ███████████████       name == "item.added"
          2   25%  █████                 and quantity > 5
          1   12%  ██▌                   and any i in items: (i.sku == "A-1" and i.n >=…

        near misses: 5 of the 7 that did not match were kept out by one clause alone
          3  quantity > 5  (2 more with others)
               1  "7", a string, not a number  e.g. message 5
               2  4, off by 1  e.g. message 3
               2  because quantity is missing  e.g. message 6
               1  because quantity is a string, not a number  e.g. message 5
                  hint: number(quantity) would compare it
               1  $.quantiy is there, not $.quantity  e.g. message 6
          1  name == "item.added"  (1 more with others)
               1  "Item.Added", but for case  e.g. message 2
               1  "item.removed", a string  e.g. message 3
          1  any i in items: (i.sku == "A-1" and i.n >= 2)  (1 more with others)
               1  in the nearest element: i.n >= 2
                    1  1, off by 1  e.g. message 1
        """
    ).strip("\n")


def test_text_where_no_clause_did_it_alone():
    assert str(tally("a == 1 and b == 1", [{"a": 2, "b": 2}], ids=["8f3a2b1c-0000"])) == dedent(
        """
        1 message: 0 match, 1 no match, 0 unknown

          1  100%  ████████████████████  all messages
          0    0%                        a == 1
          0    0%                        and b == 1

        no message was kept out by one clause alone, but together by:
          1  a == 1
               1  2, off by 1  e.g. 8f3a2b1c
          1  b == 1
               1  2, off by 1  e.g. 8f3a2b1c
        """
    ).strip("\n")


def test_text_of_nothing_and_of_matches_only():
    assert str(tally("a == 1", [])) == "0 messages: 0 match, 0 no match, 0 unknown"
    assert str(tally("a == 1", [{"a": 1}])).splitlines()[-1] == "  1  100%  ████████████████████  a == 1"


@pytest.mark.parametrize("width", [30, 80, 120])
def test_no_line_is_wider_than_asked(width):
    query = f'{QUERY} or note == "{"long " * 60}" or note == "{"語" * 60}"'
    bodies = [*BODIES, {"note": "long " * 100, "name": "x" * 500}, {"name": "日本語" * 30}]
    lines = list(map(neartext.plain, neartext.lines(tally(query, bodies), width)))
    assert max(map(cells, lines)) <= max(width, 48)
    assert any(line.endswith("…") for line in lines)


def test_dict():
    result = tally(QUERY, ids=[f"m-{number}" for number in range(len(BODIES))]).to_dict()
    json.dumps(result, allow_nan=False)
    assert {name: result[name] for name in ("query", "seen", "verdicts", "alone")} == {
        "query": QUERY,
        "seen": 8,
        "verdicts": {"match": 1, "no match": 5, "unknown": 2},
        "alone": 5,
    }
    assert [step["count"] for step in result["funnel"]] == [6, 2, 1]
    quantity, name, items = result["near_misses"]
    assert quantity == {
        "clause": "quantity > 5",
        "alone": 3,
        "together": 2,
        "example": {"position": 4, "id": "m-3"},
        "unknown": [
            {"reason": "quantity is missing", "count": 2, "example": {"position": 6, "id": "m-5"}},
            {
                "reason": "quantity is a string, not a number",
                "hint": "number(quantity) would compare it",
                "count": 1,
                "example": {"position": 5, "id": "m-4"},
            },
        ],
        "instead": [
            {
                "missing": "$.quantity",
                "there": "$.quantiy",
                "count": 1,
                "example": {"position": 6, "id": "m-5"},
            }
        ],
        "nearest": [
            {
                "value": "7",
                "kind": "a string",
                "remark": "a string, not a number",
                "count": 1,
                "alone": 1,
                "example": {"position": 5, "id": "m-4"},
            },
            {
                "value": 4,
                "kind": "a number",
                "remark": "off by 1",
                "count": 2,
                "alone": 1,
                "example": {"position": 3, "id": "m-2"},
            },
        ],
    }
    assert name["nearest"][0]["value"] == "Item.Added"
    assert [(one["clause"], one["alone"]) for one in items["inside"]] == [("i.n >= 2", 1)]


def test_an_or_counts_whom_one_of_its_clauses_took_and_blames_each_of_them():
    result = tally("a == 1 or b == 1", [{"a": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 2}])
    assert [step.count for step in result.funnel] == [1, 2]
    assert (result.alone, [one.alone for one in result.clauses]) == (1, [1, 1])


def test_an_or_inside_an_and_is_one_step():
    result = tally("a == 1 and (b == 1 or c == 1)", [{"a": 1}])
    assert [step.clause for step in result.funnel] == ["a == 1", "(b == 1 or c == 1)"]


def test_a_clause_under_not_keeps_out_by_holding():
    assert clauses("not (a == 1 or exists b)", [{"a": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}]) == {
        (True, "a == 1"): (1, 1),
        (True, "exists b"): (1, 1),
    }
    assert "not exists b" in str(tally("not (a == 1 or exists b)", [{"a": 2, "b": 2}]))


def test_the_same_clause_twice_is_one_and_counts_a_message_once():
    assert clauses("a == 1 and b == 1 or a == 1 and c == 1", [{"a": 2, "b": 1, "c": 1}]) == {(False, "a == 1"): (1, 0)}
    assert set(clauses("(a == 1 or b == 1) and not a == 1", [{"a": 1}, {"a": 2}])) == {
        (False, "a == 1"),
        (True, "a == 1"),
        (False, "b == 1"),
    }


@pytest.mark.parametrize(
    ("query", "bodies", "nearest"),
    [
        ("5 < a", [{"a": 4}, {"a": 1}, {"a": 4}], [("4", "off by 1", 2), ("1", "off by 4", 1)]),
        ("a between 5 and 9", [{"a": 1}, {"a": 11}], [("11", "off by 2", 1), ("1", "off by 4", 1)]),
        ("a in [5, 9]", [{"a": 8}, {"a": "5"}], [('"5"', "a string, not a number", 1), ("8", "off by 1", 1)]),
        ("a in b", [{"a": "x", "b": ["X", "y"]}], [('"x"', "but for case", 1)]),
        ("a ~ /^user/", [{"a": "User"}, {"a": "x"}], [('"User"', "but for case", 1), ('"x"', "", 1)]),
        ('a contains "err"', [{"a": "an ERROR"}], [('"an ERROR"', "but for case", 1)]),
        ("a == b", [{"a": 5, "b": 7}], [("5", "off by 2", 1)]),
        ("a != 5", [{"a": 5}], [("5", "", 1)]),
        ("not a == 5", [{"a": 5}], [("5", "", 1)]),
        ("a !~ /x/", [{"a": "xy"}], [('"xy"', "", 1)]),
        ("not a > 5", [{"a": 6}], [("6", "off by 1", 1)]),
        ("a == 5", [{"a": [1, [4, 9]]}], [("4", "off by 1", 1)]),
        ("length(a) > 5", [{"a": "abcd"}], [("4", "off by 1", 1)]),
        ("a ?? 3 > 5", [{}], [("3", "off by 2", 1)]),
        ("count(i in a: (i > 1)) >= 3", [{"a": [1, 2, 3]}], [("2", "off by 1", 1)]),
        ("age(a) < 15m", [{"a": "2026-02-01T11:44:00Z"}], [("16m", "off by 1m", 1)]),
        ('a < d"2026-01-01"', [{"a": "2026-01-03T00:00:00Z"}], [('"2026-01-03T00:00:00Z"', "off by 1d", 1)]),
        ("a is string", [{"a": 5}], [("5", "", 1)]),
        ("missing a", [{"a": 5}], [("5", "", 1)]),
        ("a", [{"a": False}], [("false", "", 1)]),
        ('a in cidr "10.0.0.0/8"', [{"a": "11.0.0.1"}], [('"11.0.0.1"', "", 1)]),
        ("exists a", [{}], []),
    ],
)  # fmt: skip
def test_nearest_values(query, bodies, nearest):
    assert values(query, bodies) == nearest


def test_where_both_sides_are_in_the_message_both_are_shown():
    assert "5 against 7, off by 2" in str(tally("a == b", [{"a": 5, "b": 7}]))


def test_the_element_that_came_nearest_is_blamed():
    bodies = [{"a": [{"x": 2, "y": 2}, {"x": 1, "y": 2}]}]
    (any_,) = tally("any i in a: (i.x == 1 and i.y == 1)", bodies).clauses
    assert [(one.clause, one.alone, one.together) for one in any_.inside] == [("i.x == 1", 0, 0), ("i.y == 1", 1, 0)]
    (all_,) = tally("all i in a: (i.y == 2 and i.x == 1)", bodies).clauses
    assert [(one.clause, one.alone) for one in all_.inside] == [("i.y == 2", 0), ("i.x == 1", 1)]
    (too_many,) = tally("one i in a: (i.y == 2)", bodies).clauses
    assert [one.alone for one in too_many.inside] == [0]
    (none,) = tally("none i in a: (i.y == 2)", bodies).clauses
    assert none.inside == []


def test_counts_of_the_nearest_values_are_exact_however_many_there_are():
    numbers = [(7 * number) % 1_000 for number in range(3_000)]
    (one,) = tally("a > 5000", [{"a": number} for number in numbers]).clauses
    nearest = one.values.nearest()
    assert [near.plain for near in nearest] == list(range(999, 999 - nearvalues.KEPT, -1))
    assert {near.count for near in nearest} == {3}
    assert one.values.others == 3_000 - 3 * nearvalues.KEPT


def test_memory_is_bounded():
    run = nearmiss.Tally(megaql.compile("a == 'x' and b > 1 and c.d == 1").node, now=NOW)
    for number in range(2_000):
        run.add(
            Record(
                {"a": f"{number:x}" * 30, "b": [number] * 200, "c": {f"k{number}": 1, "D": 2}, str(number): {"d": 1}}
            )
        )
    for one in run.result().clauses:
        assert len(one.values.nearest()) <= nearvalues.KEPT
        assert len(one.reasons) <= nearmiss.KEPT
        assert len(one.places) <= nearmiss.KEPT
        assert all(len(near.shown) < 200 for near in one.values.nearest())


def test_what_is_counted_is_what_explain_says():
    query = megaql.compile(QUERY)
    result = tally(QUERY)
    blockers = [query.explain(Record(body), now=NOW).blockers() for body in BODIES]
    assert result.alone == sum(map(bool, blockers))
    for one in result.clauses:
        assert one.alone == sum(one.clause in {blocker.clause for blocker in each} for each in blockers)
    assert result.verdicts[Verdict.MATCH] == sum(query.matches(Record(body), now=NOW) for body in BODIES)
