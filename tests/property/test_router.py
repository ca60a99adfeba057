"""The index of a router loses no query: what is routed is what the evaluator says of each query by itself, whatever came and went before."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import megaql
from megaql.broker.message import Message
from megaql.codec.decode import decode
from megaql.lang import evaluator, nodes
from megaql.lang.verdict import Verdict
from megaql.query import Query, record_of
from megaql.router import Router, walks
from tests.property import aimed, clauses, queries
from tests.property.bodies import ATTRIBUTES, NAMES, Bodies
from tests.property.documents import records


@pytest.fixture(params=[1, 10**9], ids=["generated", "not generated"], autouse=True, scope="module")
def _tried(request):
    """Set how soon the functions for a state of the router are generated."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walks, "TRIED", request.param)
        yield


def compiled(text):
    try:
        return megaql.compile(text)
    except megaql.QueryError:
        return None


AIMED = aimed.queries().map(compiled).filter(bool)
ANY = st.one_of(queries.clauses(), clauses.clauses).map(Query)

#: Conditions on few places with few constants: sets of them go several levels deep in the index.
NARROW = (
    *(
        f"{path} {operator} {value}"
        for path in ("a", "b", "a.b")
        for operator in ("==", ">=", "<")
        for value in (1, 2, '"x"')
    ),
    *(
        "a between 1 and 2",
        "a between 0 and 1",
        'b in ["x", 1]',
        'a startswith "x"',
        'a endswith "y"',
        'a == "X"i',
        "exists b",
    ),
    *('a >= d"2026-01-02"', 'a < d"2026-01-02"', "any x in a: (x.b == 1)", "a.b ?? 1 == 1", "a != 1", "a", "a ~ /^x/"),
    *('@attributes.t == "x"', "event.x == 1", "event.attributes.x == 1", '@kind == "mega"', "event.x > 1"),
)
CONDITIONS = [condition for condition in map(compiled, NARROW) if condition]


@st.composite
def narrow(draw):
    number = draw(st.integers(0, 2**32))
    random = Random(number)
    query = random.choice(CONDITIONS)
    for _ in range(random.choice((0, 1, 2, 2, 3, 4))):
        other = random.choice(CONDITIONS)
        query = query | other if random.random() < 0.15 else query & other
    return ~query if random.random() < 0.05 else query


def expected(table, record):
    return [
        name for name, query in table.items() if evaluator.evaluate(query.node, record, now=aimed.NOW) is Verdict.MATCH
    ]


def agree(router, table, seen):
    for record in seen:
        assert router.route(record, now=aimed.NOW) == expected(table, record)
        if type(record.body) is dict:
            assert router.route(record.body, now=aimed.NOW) == expected(table, record_of(record.body))
    assert router.names == tuple(table)


def router_of(table):
    router = Router()
    for name, query in table.items():
        router.add(name, query)
    return router


def named(found):
    return {f"q{number}": query for number, query in enumerate(found)}


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=12), records)
def test_any_queries_on_any_record(found, record):
    table = named(found)
    agree(router_of(table), table, [record])


@settings(max_examples=150, deadline=None)
@given(st.lists(AIMED, min_size=1, max_size=12), st.lists(st.integers(0, 2**32), min_size=1, max_size=8))
def test_queries_and_records_made_of_the_same(found, numbers):
    table = named(found)
    agree(router_of(table), table, map(aimed.record, numbers))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(narrow(), min_size=20, max_size=80), st.lists(st.integers(0, 2**32), min_size=4, max_size=12), st.randoms()
)
def test_many_alike_that_come_and_go(found, numbers, random):
    table = named(found)
    router = router_of(table)
    seen = [aimed.record(number) for number in numbers]
    agree(router, table, seen)
    for name in random.sample(list(table), len(table) // 2):
        router.remove(name)
        gone = table.pop(name)
        if random.random() < 0.4:
            router.add(name, gone)
            table[name] = gone
    agree(router, table, seen)
    for name in list(table):
        router.remove(name)
    assert [router.route(record) for record in seen] == [[]] * len(seen)
    assert not router._index
    assert not router._index._fields


BODIES = [
    json.dumps({"a": 1, "b": "x"}),
    '{"a": 1, "a": [{"b": 1}, 2]}',
    '{"protocol": "mega", "version": 1, "event": {"name": "x", "timestamp": "2026-01-02", "x": 1, "attributes": {"a": "xy"}}}',
    '{"protocol": "mega", "version": 1, "event": {"name": "x", "timestamp": "2026-01-02", "attributes": {"x": 1}}, "a": true}',
    '{"protocol": "mega", "version": 1, "event": {"name": "", "x": 1}}',
    '{"a": 1, "b": NaN}',
    '{"a": 1} x',
    '["x", {"a": 1}]',
    "x",
    "eA==",
    '{"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Message": "{\\"a\\": 1}", "Timestamp": "2026-01-02T00:00:00Z"}',
    '{"a": 1.50, "b": 1e400, "event": {"x": 1}}',
]


def bodies():
    made = st.builds(lambda number: aimed.record(number).body, st.integers(0, 2**32))
    written = made.filter(lambda body: isinstance(body, dict | list)).map(lambda body: json.dumps(body, default=str))
    return st.one_of(st.sampled_from(BODIES), written)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(AIMED, narrow()), min_size=1, max_size=8), st.lists(bodies(), min_size=1, max_size=6))
def test_bodies_are_routed_as_what_they_hold(found, texts):
    table = named(found)
    router = router_of(table)
    for text in texts:
        names = expected(table, record_of(decode(text).payload))
        assert [router.route_body(text, now=aimed.NOW) for _ in range(3)] == [names] * 3, text
        attributes = {"t": {"DataType": "String", "StringValue": "x"}}
        message = Message("m1", text, attributes=attributes, queue="orders")
        whole = Message("m1", text, attributes=attributes, queue="orders")
        assert router.route(message, now=aimed.NOW) == expected(table, whole.record()), text


@st.composite
def conditions_on_odd_names(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))
    path = nodes.Path(tuple(map(nodes.Key, names)))
    literal = draw(st.sampled_from((nodes.Number(1), nodes.String("a"), nodes.String("mega"), nodes.Null())))
    operator = draw(st.sampled_from((nodes.Comparison.EQ, nodes.Comparison.NE)))
    clauses = (nodes.Compare(operator, path, literal), nodes.PresenceTest(draw(st.sampled_from(nodes.Presence)), path))
    return Query(draw(st.sampled_from(clauses)))


#: Why `decode` takes a whole body as text, by something that is not seen in parts that nobody reads.
UNSEEN = ("exponent is out of all bounds", "nested deeper than 200 levels")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(conditions_on_odd_names(), min_size=1, max_size=6),
    st.integers(0, 2**32),
    st.sampled_from((0, 0, 0.1)),
    st.sampled_from((None, None, *ATTRIBUTES)),
)
def test_odd_bodies_are_routed_as_what_they_hold(found, number, broken, attributes):
    table = named(found)
    router, random = router_of(table), Random(number)
    for _ in range(3):
        body = Bodies(random, broken).body()
        whole = decode(body, attributes)
        if not any(why in whole.reason for why in UNSEEN):
            names = expected(table, record_of(whole.payload))
            assert [router.route_body(body, attributes) for _ in range(3)] == [names] * 3, body
