"""Queries whose parameters have no values yet: what is found is so for all values, and no more is said."""

import pytest

from megaql.lang import parser
from megaql.lang.check import check
from megaql.query import record_of
from megaql.source import Source

SAMPLES = [{"status": "paid", "total": 3}] * 30


def codes(text, samples=()):
    source = Source(text)
    return [one.code for one in check(parser.parse(source), source, [record_of(one) for one in samples])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a == $x and b == 1 and b == 2", ["array-only"]),
        ("a == $x and not (a == $x)", ["always-false"]),
        ("a == $x or a == $x", ["duplicate-clause"]),
        ("a == 1 and (a == 1 or b == $x)", ["redundant-clause"]),
        ("a == $x or true", ["always-true"]),
        ("a or b and c == $x", ["mixed-and-or"]),
        ("a in [$x, 1, 1]", ["duplicate-item"]),
        ("any i in a: (i.b == $x and i.c between 3 and 1)", ["dead-clause"]),
        ("any i in a: (any j in i.b: (j.x == $x and i.y == 1 and i.y == 2))", ["array-only"]),
        ("not (a == $x)", ["unguarded-negation"]),
    ],
)
def test_what_is_so_for_all_values_is_found(text, expected):
    assert codes(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a == $x and b == $y",
        "a == $x and a == $y",
        "a == $x and a == 1",
        "total between $low and $high",
        "$flag and a",
        "a ~ $pattern and b in $ids and c in cidr $net",
        "a in [$x, $y]",
        "any i in a: (i.b == $x and i.c == 1) and any i in a: (i.b == $x and i.c == 2)",
        "any i in a: (i == $x and i.b == 1) and any j in a: (j == $x)",
        "count(i in a: (i.b == $x)) >= 2",
    ],
)
def test_what_hangs_on_the_values_is_not(text):
    assert codes(text) == []


def test_samples_tell_the_paths_beside_parameters():
    assert codes("statu == $s", SAMPLES) == ["unknown-path"]
    assert codes("total startswith $s", SAMPLES) == ["kind-in-samples"]
    assert codes("status == $s and total > $least", SAMPLES) == []
