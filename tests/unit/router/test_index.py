"""What the index finds: enough for every message, and little enough to be worth it."""

import math
from decimal import Decimal
from uuid import UUID

import pytest
from bson import Decimal128, ObjectId

import megaql
from megaql.lang.record import Record
from megaql.query import record_of
from megaql.router import Router
from megaql.router.index import entries

OBJECT_ID = "507f1f77bcf86cd799439011"

#: More queries about other values of the same places, so that the index is deep.
OTHERS = tuple(
    text.format(n)
    for n in range(100, 120)
    for text in (
        "a == {0} and b == {0}",
        "a >= {0} and a < {0}.5",
        "a between {0} and {0}.5",
        'a startswith "{0}" and b == 1',
        'a endswith "-{0}"',
        'a ~ /{0}[a-z]/ and b == "x"',
        "event.x == {0}",
    )
)


def candidates(router, record):
    hits = []
    router._index.collect(record, hits)
    return [entry.name for entry in entries(hits, record)]


@pytest.fixture
def router():
    router = Router()
    for text in OTHERS:
        router.add(text, megaql.compile(text))
    return router


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("a == 1", {"a": 1.0}),
        ("a == 1", {"a": Decimal("1.00")}),
        ("a == 1", {"a": Decimal128("1")}),
        ("a == 0.1", {"a": 0.1}),
        ("a == true", {"a": True}),
        ("a", {"a": True}),
        ("a == null", {"a": None}),
        ("a == 1", {"a": [0, [2, [1]]]}),
        (f'a == "{OBJECT_ID}"', {"a": ObjectId(OBJECT_ID)}),
        ('a startswith "00000000-"', {"a": UUID(int=5)}),
        ('a == "STRASSE"i', {"a": "straße"}),
        ('lower(a) == "ab"', {"a": "AB"}),
        ('a in ["x"i, "y"i]', {"a": "Y"}),
        ('"x" in a', {"a": ["x"]}),
        ("a > 1", {"a": math.inf}),
        ("a < 1", {"a": Decimal("-Infinity")}),
        ("a >= 5 and a < 1", {"a": [0, 10]}),
        ("a > 3 and a < 5", {"a": [1, 9]}),
        ("b.a > 3 and b.a < 5", {"b": [{"a": 1}, {"a": 9}]}),
        ("a between 1 and 2", {"a": [0, 3, 2]}),
        ('a >= "m"', {"a": "m"}),
        ('a >= d"2026-01-02"', {"a": "2026-01-02T00:00:00Z"}),
        ('a == d"2026-01-02"', {"a": "2026-01-02T23:59:59Z"}),
        ('a <= d"9999-12-31"', {"a": "9999-12-31T10:00:00Z"}),
        ("not (a != 1)", {"a": 1}),
        ("a != 1", {"a": []}),
        ("missing a", {"b": 1}),
        ("empty a", {"a": ""}),
        ("(a ?? 1) == 1", {"b": 1}),
        ("(a ?? 2) == 1", {"a": 1}),
        ("(a ?? 1) == b", {"b": 1}),
        ("any x in a: (x.b == 1 and x.c > 1)", {"a": [{"b": 2}, {"b": 1, "c": 2}]}),
        ("any x of a: (x.b == 1)", {"a": {"b": 1}}),
        ("not (all x in a: (x.b == 1))", {"a": [{"b": 2}]}),
        ("a[0].b == 1", {"a": [{"b": 1}]}),
        ("a[*][0] == 1", {"a": [[1]]}),
        ("**.b == 1", {"a": {"b": 1}}),
        ("a is string", {"a": "x"}),
        ("length(a) == 0", {"a": []}),
        ('a contains "b"', {"a": "abc"}),
        ('a like "a*c"', {"a": "abc"}),
        ('a in cidr "10.0.0.0/8"', {"a": "10.1.2.3"}),
        ("event.x == 1", {"event": {"x": 1}}),
    ],
)
def test_a_query_that_matches_is_found(router, text, body):
    query = megaql.compile(text)
    assert query.matches(body)
    router.add("it", query)
    assert router.route(body) == ["it"]
    router.remove("it")
    assert router.route(body) == []


@pytest.mark.parametrize("text", ["event.x == 1", "event.attributes.x == 1", "any e of event: (e.x == 1)"])
@pytest.mark.parametrize("event", [{"x": 1}, {"attributes": {"x": 1}}])
def test_an_attribute_of_an_event_is_found_by_both_its_names(router, text, event):
    router.add("it", megaql.compile(text))
    whole = {"protocol": "mega", "version": 1, "event": {"name": "n", "timestamp": "2026-01-02", **event}}
    assert router.route(whole) == ["it"]
    assert router.route({"event": event}) == (["it"] if ("attributes" in text) == ("attributes" in event) else [])


#: Queries, and the numbers of those of two hundred that are asked about `BODY`.
WORKLOADS = {
    "a name each": (lambda n: f'event.name == "n{n}" and event.quantity > {n % 40}', [5]),
    "ten names": (lambda n: f'event.name == "n{n % 10}" and id == "c-{n}"', [5]),
    "ten names and ranges": (lambda n: f'event.name == "n{n % 10}" and size >= {n} and size < {n + 5}', [5]),
    "intervals": (lambda n: f"size between {2 * n} and {2 * n + 1}", [2]),
    "half open ranges": (lambda n: f"size >= {2 * n} and size < {2 * n + 2}", [2]),
    "beginnings": (lambda n: f'id startswith "c-{n}" and size == 5', [5]),
    "ends": (lambda n: f'id endswith "-{n}"', [5]),
    "regexes": (lambda n: f"id ~ /^c-{n}[a-z]?$/", [5]),
    "dates": (lambda n: f'at >= d"20{n % 100:02}-01-01" and at < d"20{n % 100:02}-12-31" and size == {n}', [5]),
    "lists": (lambda n: f'event.name in ["n{n}", "m{n}"]', [5]),
    "alternatives": (lambda n: f'event.name == "n{n}" or id == "d-{n}"', [5]),
    "places": (lambda n: f"places.p{n} == 1", [5]),
    "presence": (lambda n: f"exists places.p{n} and size > {n}", [0, 1, 2, 3, 4, 5]),
    "elements": (lambda n: f'any i in items: (i.sku == "s{n}")', [5, 7]),
}
BODY = {
    "event": {"name": "n5", "quantity": 50},
    "id": "c-5",
    "size": 5,
    "at": "2005-06-01",
    "places": {"p5": 1, "other": 2},
    "items": [{"sku": "s5"}, {"sku": "s7"}],
}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_few_of_many_are_asked(workload):
    text, asked = WORKLOADS[workload]
    router = Router()
    queries = [megaql.compile(text(number)) for number in range(200)]
    for number, query in enumerate(queries):
        router.add(str(number), query)
    assert candidates(router, record_of(BODY)) == [str(number) for number in asked]
    assert router.route(BODY) == [str(number) for number, query in enumerate(queries) if query.matches(BODY)]


def test_an_envelope_is_no_body(router):
    router.add("envelope", megaql.compile('@kind == "mega"'))
    router.add("body", megaql.compile('."@kind" == "mega"'))
    assert router.route(Record({"a": 1}, {"kind": "mega"})) == ["envelope"]
    assert router.route(Record({"@kind": "mega"}, {"kind": "data"})) == ["body"]


def test_what_is_removed_leaves_nothing_behind(router):
    for text in OTHERS:
        router.remove(text)
    index = router._index
    assert not index
    assert (index._fields, index.always) == ({}, ())
    assert [tree.children for tree in (index._plain, index._events, index.envelope)] == [{}, {}, {}]
