"""Patterns in Python become the tree of the same query in text, and what has no meaning is refused with all four parts."""

import functools
import pickle
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

import megaql
from megaql.patterns import (
    MEGA_PATHS,
    all_,
    and_,
    any_,
    between,
    contains,
    empty,
    endswith,
    eq,
    gt,
    gte,
    in_,
    is_,
    like,
    lt,
    lte,
    match,
    mega,
    missing,
    neq,
    none_,
    not_,
    one_of,
    or_,
    pattern,
    startswith,
)


def is_even(value):
    return value % 2 == 0


class Unheard:
    pass


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"a": 1}, "a == 1"),
        ({"a": 0.1}, "a == 0.1"),
        ({"a": Decimal("1.50")}, "a == 1.50"),
        ({"a": "x"}, 'a == "x"'),
        ({"a": True}, "a == true"),
        ({"a": None}, "a == null"),
        ({"a": [1, "x"]}, 'a == [1, "x"]'),
        ({"a": []}, "a == []"),
        ({"a": date(2026, 1, 2)}, 'a == d"2026-01-02"'),
        ({"a": datetime(2026, 1, 2, 3, tzinfo=UTC)}, 'a == d"2026-01-02T03:00:00Z"'),
        ({"a": timedelta(minutes=5)}, "a == 5m"),
        ({"a": re.compile("^x")}, "a ~ /^x/"),
        ({"a": re.compile("x", re.IGNORECASE | re.MULTILINE | re.DOTALL)}, "a ~ /x/ims"),
        ({"a": {}}, "a is object"),
        ({"a": {"b": {"c": 1}}}, "a.b.c == 1"),
        ({"a": 1, "b": {"c": 2, "d": 3}}, "a == 1 and b.c == 2 and b.d == 3"),
        ({"x.y": 1, "weird key": 2}, '."x.y" == 1 and ."weird key" == 2'),
        ({"a": eq(1)}, "a == 1"),
        ({"a": neq(1)}, "a != 1"),
        ({"a": gt(1)}, "a > 1"),
        ({"a": gte(1)}, "a >= 1"),
        ({"a": lt(1)}, "a < 1"),
        ({"a": lte(1)}, "a <= 1"),
        ({"a": in_([1, 2])}, "a in [1, 2]"),
        ({"a": in_(range(3))}, "a in [0, 1, 2]"),
        ({"a": one_of("x", "y")}, 'a in ["x", "y"]'),
        ({"a": match(r"^user\.")}, r"a ~ /^user\./"),
        ({"a": match("x", "si")}, "a ~ /x/is"),
        ({"a": match(re.compile("x", re.IGNORECASE))}, "a ~ /x/i"),
        ({"a": not_(1)}, "not a == 1"),
        ({"a": not_({"b": 1, "c": 2})}, "not (a.b == 1 and a.c == 2)"),
        ({"a": and_(gt(1), lt(9))}, "a > 1 and a < 9"),
        ({"a": or_(1, "x")}, 'a == 1 or a == "x"'),
        ({"a": or_(1, 2), "b": 3}, "(a == 1 or a == 2) and b == 3"),
        ({"a": or_(and_(gt(1), lt(3)), 7)}, "a > 1 and a < 3 or a == 7"),
        ({"a": any_()}, "exists a"),
        ({"a": any_}, "exists a"),
        ({"a": empty()}, "empty a"),
        ({"a": empty}, "empty a"),
        ({"a": any_(gt(1))}, "any item in a: (item > 1)"),
        ({"a": any_({"b": 1, "c": gt(2)})}, "any item in a: (item.b == 1 and item.c > 2)"),
        ({"a": any_({"b": any_({"c": 1})})}, "any item in a: (any item2 in item.b: (item2.c == 1))"),
        ({"a": all_(gt(1))}, "all item in a: (item > 1)"),
        ({"a": none_({"b": all_(1)})}, "none item in a: (all item2 in item.b: (item2 == 1))"),
        ({"a": missing()}, "missing a"),
        ({"a": missing}, "missing a"),
        ({"a": between(date(2026, 1, 1), date(2026, 1, 31))}, 'a between d"2026-01-01" and d"2026-01-31"'),
        ({"a": startswith("x")}, 'a startswith "x"'),
        ({"a": endswith("x")}, 'a endswith "x"'),
        ({"a": contains("x")}, 'a contains "x"'),
        ({"a": not_(like("x*"))}, 'not a like "x*"'),
        ({"a": is_("array")}, "a is array"),
        ({"a": {"x", "w"}}, 'a in ["w", "x"]'),
        ({"a": not_({1, None})}, "not a in [1, null]"),
        ({"a": not_(in_({"x"}))}, 'not a in ["x"]'),
        ({"a": in_([])}, "a in []"),
        ({"a": one_of("x", match("^y"), {"b": 1}, "z")}, 'a in ["x", "z"] or a ~ /^y/ or a.b == 1'),
        ({"a": one_of(gt(9), lt(1)), "b": 2}, "(a > 9 or a < 1) and b == 2"),
        ({"a": in_([re.compile("x")])}, "a ~ /x/"),
        ({"a": [gt(1), "x"]}, 'a is array and length(a) == 2 and a[0] > 1 and a[1] == "x"'),
        ({"a": ({"b": 1}, [2])}, "a is array and length(a) == 2 and a[0].b == 1 and a[1] == [2]"),
        ({"a": [[any_]]}, "a is array and length(a) == 1 and a[0] is array and length(a[0]) == 1 and exists a[0][0]"),
        ({"a": and_(gt(5), not_(gt(10)))}, "a > 5 and not a > 10"),
        ({"a": {"b": or_(None, empty)}}, "a.b == null or empty a.b"),
        ({"a": any_(one_of("x", gt(1)))}, 'any item in a: (item in ["x"] or item > 1)'),
        ({"type": one_of("a", "b"), "user": {"id": gt(0)}}, 'type in ["a", "b"] and user.id > 0'),
    ],
)
def test_a_pattern_is_the_query_in_text(values, text):
    query = pattern(values)
    assert str(query) == text
    assert query == megaql.compile(text)


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"domain": "user", "name": match(r"^user\.")}, r'event.domain == "user" and event.name ~ /^user\./'),
        ({"attributes": {"quantity": gte(1)}}, "event.attributes.quantity >= 1"),
        ({"timestamp": gt(date(2026, 1, 2))}, 'event.timestamp > d"2026-01-02"'),
        ({"version": 1, "subject": "s", "publisher": "p"}, 'event.version == 1 and event.subject == "s" and event.publisher == "p"'),
        ({"object_type": "user", "object_id": in_(["1", "2"]), "object_version": 1}, 'object.type == "user" and object.id in ["1", "2"] and object.version == 1'),
        ({"object_current": {"a": 1}, "object_previous": {"a": neq(1)}}, "object.current.a == 1 and object.previous.a != 1"),
    ],
)  # fmt: skip
def test_mega_keywords_are_paths_of_the_event(keywords, text):
    assert mega(**keywords) == megaql.compile(f'@kind == "mega" and {text}')


def test_data_that_looks_like_an_event_is_none():
    event = {"protocol": "mega", "version": 1, "event": {"name": "a", "timestamp": "2026-01-01T00:00:00Z"}}
    assert mega(name="a").matches(event)
    assert mega(name="a").evaluate({"event": {"name": "a"}}) is megaql.Verdict.NO_MATCH
    assert pattern({"event": {"name": "a"}}).matches({"event": {"name": "a"}})


def test_every_mega_keyword_has_a_path():
    assert {path[0] for path in MEGA_PATHS.values()} == {"event", "object"}
    for keyword in MEGA_PATHS:
        assert str(mega(**{keyword: 1})).endswith("== 1")


def test_a_pattern_is_partial():
    query = pattern({"user": {"id": 1}})
    assert query.matches({"user": {"id": 1, "more": True}, "other": 2})
    assert not query.matches({"user": {}})


def test_a_callable_is_asked_about_the_value():
    query = pattern({"a": is_even})
    assert query.evaluate({"a": 4}) is megaql.Verdict.MATCH
    assert query.evaluate({"a": 5}) is megaql.Verdict.NO_MATCH
    assert query.evaluate({}) is megaql.Verdict.UNKNOWN
    assert str(query) == "<python is_even>(a)"
    assert pickle.loads(pickle.dumps(query)) == query


LAMBDA = lambda value: value  # noqa: E731 - a lambda is what the test is about


class Even:
    def __call__(self, value):
        return is_even(value)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (str.isdigit, "str.isdigit"),
        (len, "len"),
        (functools.partial(is_even), "is_even"),
        (Even(), "Even"),
        (LAMBDA, f"lambda at test_patterns.py:{LAMBDA.__code__.co_firstlineno}"),
    ],
)
def test_a_callable_is_explained_by_its_name(function, name):
    query = pattern({"a": function})
    assert str(query) == f"<python {name}>(a)"
    assert query.explain({"a": ""}).clause == str(query)


def test_a_callable_cannot_be_stored():
    with pytest.raises(megaql.QueryCheckError, match="is_even"):
        pattern({"a": is_even}).to_json()


def test_a_callable_that_raises_is_unknown_with_a_reason():
    explanation = pattern({"a": is_even}).explain({"a": "x"})
    assert explanation.verdict is megaql.Verdict.UNKNOWN
    assert explanation.reason == "is_even raised TypeError on a"


async def later(value):
    return value


class Later:
    async def __call__(self, value):
        return value


LOOP = []
LOOP.append(LOOP)
DEEP = {}
level = DEEP
for _ in range(5_000):
    level["a"] = level = {}
ITSELF = {}
ITSELF["a"] = ITSELF


@pytest.mark.parametrize(
    ("build", "what", "where"),
    [
        (lambda: pattern({}), "a pattern needs at least one key", "pattern"),
        (lambda: pattern([1]), "a pattern is a dict, not list", "pattern"),
        (lambda: pattern({1: 2}), "a key of a pattern is a string, not int", "pattern"),
        (lambda: pattern({"a": {"b": Unheard()}}), "a value of the class Unheard cannot stand in a pattern", "pattern['a']['b']"),
        (lambda: pattern({"a": gt(float("nan"))}), "a value of the class float cannot stand in a pattern", "pattern['a']"),
        (lambda: pattern({"a": b"x"}), "a value of the class bytes cannot stand in a pattern", "pattern['a']"),
        (lambda: pattern({"a": re.compile("x", re.VERBOSE)}), "a value of the class Pattern cannot stand in a pattern", "pattern['a']"),
        (lambda: pattern({"a": mega(name="x")}), "a query is no value of a pattern", "pattern['a']"),
        (lambda: pattern(DEEP), "the pattern is nested too deep, or contains itself", "pattern"),
        (lambda: pattern(ITSELF), "the pattern is nested too deep, or contains itself", "pattern"),
        (mega, "no keyword is given", "mega()"),
        (lambda: mega(nmae="x"), "nmae= is no field of a MEGA event", "mega(nmae=…)"),
        (lambda: in_("abc"), "in_() takes a list of values, not str", "in_()"),
        (lambda: in_(5), "in_() takes a list of values, not int", "in_()"),
        (lambda: match(5), "match() takes a regex as a string or compiled, and flags of i, m and s", "match()"),
        (lambda: match("x", "x"), "match() takes a regex as a string or compiled, and flags of i, m and s", "match()"),
        (or_, "or_() needs at least one condition", "or_()"),
        (and_, "and_() needs at least one condition", "and_()"),
        (lambda: is_("sting"), "'sting' is no kind", "is_()"),
        (lambda: is_(str), "<class 'str'> is no kind", "is_()"),
        (lambda: pattern({"a": str}), "the class str is no condition", "pattern['a']"),
        (lambda: pattern({"a": all_}), "all_ is not called", "pattern['a']"),
        (lambda: pattern({"a": [gt]}), "gt is not called", "pattern['a'][0]"),
        (lambda: pattern({"a": {"b": later}}), "an async function is no condition", "pattern['a']['b']"),
        (lambda: pattern({"a": Later()}), "an async function is no condition", "pattern['a']"),
        (lambda: pattern({"a": {gt(1)}}), "a set holds plain values only", "pattern['a']"),
        (lambda: pattern({"a": LOOP}), "the pattern is nested too deep, or contains itself", "pattern"),
        (lambda: any_(1, 2), "any_() takes one condition", "any_()"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(build, what, where):
    with pytest.raises(megaql.MegaQLError) as caught:
        build()
    assert (caught.value.what, caught.value.where) == (what, where)
    assert caught.value.why
    assert caught.value.hint


def test_a_keyword_written_wrong_has_a_suggestion():
    with pytest.raises(megaql.MegaQLError) as caught:
        mega(objekt_type="x")
    assert caught.value.hint == "did you mean object_type=?"


def test_the_language_refuses_here_what_it_refuses_in_text():
    with pytest.raises(megaql.QueryCheckError, match="lookahead"):
        pattern({"a": match("(?=x)")})
    with pytest.raises(megaql.QueryLimitError):
        pattern({str(number): 1 for number in range(2_000)})
