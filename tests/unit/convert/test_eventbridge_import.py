"""Patterns of EventBridge as queries: what they match, and how they read."""

import json
from pathlib import Path

import pytest

import megaql
from megaql.convert import eventbridge
from megaql.errors import ConvertError
from tests.unit.convert import reference

#: Cases in event-ruler's words and numbers, each answered by event-ruler itself when it was written down.
CASES = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["about"] for case in CASES])
def test_a_query_says_what_event_ruler_says(case):
    assert eventbridge.from_pattern(case["pattern"]).matches(case["event"]) is case["matches"]


@pytest.mark.parametrize("case", CASES, ids=[case["about"] for case in CASES])
def test_the_reference_says_what_event_ruler_says(case):
    assert reference.matches(case["pattern"], case["event"]) is case["matches"]


READABLE = [
    ({"source": ["aws.ec2"], "detail": {"state": ["a", "b"]}}, 'source == "aws.ec2" and detail.state in ["a", "b"]'),
    ({"a": [1, None, True, "x"]}, 'a in [1, null, true, "x"]'),
    ({"detail-type": [{"prefix": "Order"}]}, 'detail-type startswith "Order"'),
    ({"a": [{"suffix": ".png"}, {"wildcard": "dir/*?"}]}, r'a endswith ".png" or a like "dir/*\\?"'),
    ({"a": [{"numeric": [">", 5]}]}, "a > 5"),
    ({"a": [{"numeric": [">=", 1, "<=", 5.5]}]}, "a between 1 and 5.5"),
    ({"count": [{"numeric": [">", 0, "<=", 5]}]}, "any c of count: (c > 0 and c <= 5)"),
    ({"ip": [{"cidr": "10.0.0.7/8"}]}, 'ip in cidr "10.0.0.0/8"'),
    ({"ip": ["10.0.0.1", "2001:DB8::1"]}, 'ip == "10.0.0.1" or ip in cidr "2001:db8::1/128"'),
    ({"state": [{"anything-but": "x"}]}, 'any s of state: (s != "x" and s is not object)'),
    ({"state": [{"anything-but": [1, 2]}]}, "any s of state: (s not in [1, 2] and s is not object)"),
    (
        {"state": [{"anything-but": {"prefix": ["a", "b"]}}]},
        'any s of state: ((s is not string or s not startswith "a" and s not startswith "b") and s is not object)',
    ),
    ({"state": [{"exists": True}]}, "any s of state: (s is not object)"),
    ({"state": [{"exists": False}]}, "missing state or none s of state: (s is not object)"),
    (
        {"detail": {"state": [{"exists": False}]}},
        "missing detail.state or none d of detail: (exists d.state and any s of d.state: (s is not object))",
    ),
    ({"a": [{"equals-ignore-case": "Running"}]}, 'a == "Running"i'),
    ({"a": [{"equals-ignore-case": "Stopped"}]}, 'lower(a) == "stopped"'),
    ({"a": [{"equals-ignore-case": "ok"}]}, "a ~ /^[oO][kK]$/"),
    ({"a": [{"equals-ignore-case": "Straße"}]}, "a ~ /^[sS][tT][rR][aA](?:ß|SS)[eE]$/"),
    ({"a": [{"prefix": {"equals-ignore-case": "Ab"}}]}, 'lower(a) startswith "ab"'),
    ({"detail": {"a": [1], "b": [2]}}, "any d of detail: (d.a == 1 and d.b == 2)"),
    (
        {"detail": {"a": [1], "x": {"y": [2], "z": [3]}}},
        "any d of detail: (d.a == 1 and any x of d.x: (x.y == 2 and x.z == 3))",
    ),
    ({"a": {"b": {"c": [1], "d": [2]}}}, "any x of a.b: (x.c == 1 and x.d == 2)"),
    ({"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}, "(a == 1 or b == 2) and c == 3"),
    (
        {"detail": {"s": ["x"], "$or": [{"a": [1]}, {"b": [2]}]}},
        'any d of detail: (d.s == "x" and (d.a == 1 or d.b == 2))',
    ),
    (
        {"detail": {"s": ["x"], "z": [{"exists": False}]}},
        'any d of detail: (d.s == "x" and (missing d.z or none x of d.z: (x is not object)))',
    ),
    ({"a.b": [1]}, '."a.b" == 1 or a.b == 1'),
    ({"event": {"quantity": [5]}}, "event.quantity == 5"),
    ({"event": {"name": ["user.updated"]}}, 'event.name == "user.updated"'),
]


@pytest.mark.parametrize(("pattern", "query"), READABLE, ids=[query for _, query in READABLE])
def test_a_query_reads_as_a_person_would_write_it(pattern, query):
    found = eventbridge.from_pattern(pattern)
    assert str(found) == query
    assert megaql.compile(query) == found


def test_a_pattern_may_be_json_text():
    assert str(eventbridge.from_pattern('{"a": [0.1, 1e2]}')) == "a in [0.1, 1e2]"


def test_an_attribute_of_a_mega_event_is_asked_for_where_the_pattern_names_it():
    event = {"protocol": "mega", "event": {"name": "a", "timestamp": "2026-01-02", "attributes": {"quantity": 5}}}
    assert eventbridge.from_pattern({"event": {"attributes": {"quantity": [5]}}}).matches(event)
    assert not eventbridge.from_pattern({"event": {"quantity": [5]}}).matches(event)
    assert eventbridge.from_pattern({"event": {"quantity": [{"exists": False}]}}).matches(event)


def test_a_pattern_that_is_too_large_for_a_query_is_refused():
    nested = {"x": [1]}
    for _ in range(5):
        nested = {"a": [1], "b": nested}
    with pytest.raises(ConvertError) as caught:
        eventbridge.from_pattern(nested)
    assert caught.value.what == "The pattern is too large for one query."
    assert "quantifiers are nested more than 3 levels deep" in caught.value.why


OPTIONAL = [1, {"exists": False}]


@pytest.mark.parametrize(
    ("pattern", "counted"),
    [
        (
            {f"n{number}": OPTIONAL for number in range(20)},
            "40 conditions and its alternatives combine to 1,048,576 rules",
        ),
        ({"a.a": {"b.b": {"c.c": {"d.d": {"e.e": {"f.f": {"g.g": [1]}}}}}}}, "1 conditions"),
    ],
    ids=["alternatives", "dots"],
)
def test_a_pattern_with_too_many_readings_is_refused(pattern, counted):
    with pytest.raises(ConvertError, match="too large") as caught:
        eventbridge.from_pattern(pattern)
    assert counted in caught.value.why
