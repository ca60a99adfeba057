"""What is generated for a state of a router says what the router says without it."""

import json

import pytest

import megaql
from megaql.codec.formats import MAX_NESTING
from megaql.lang import nodes
from megaql.query import Query
from megaql.router import Router, plain, walks
from tests.unit.lang.compiler.test_hostile import TEXTS

QUERIES = (
    'a == "x"',
    "a == 1",
    'a == "x" and b.c == 1',
    "b.c == 1",
    "any i in items: (i.price > 1)",
    "items.sku == 's'",
    "exists d",
    "missing b.c",
    'e startswith "x"',
    "b.c.deeper.still == 1",
    "Type == 'Notification'",
)
DEEP = "[" * (MAX_NESTING - 2) + "]" * (MAX_NESTING - 2)
BODIES = (
    "{}",
    '{"a": "x"}',
    '{"a": "x", "a": 1}',
    '{"a": 1.0, "b": {"c": 1}}',
    '{"a": ["x", 1], "b": [{"c": [1]}, {"c": 2}]}',
    '{"a": null, "b": "c", "d": null}',
    '{"items": [{"price": 2, "sku": "s"}, 1, [{"sku": "s"}]], "e": "xy"}',
    '{"b": {"c": {"deeper": {"still": 1}}}}',
    '{"Type": "Notification", "a": "x"}',
    '{"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Message": "{\\"a\\": \\"x\\"}", "Timestamp": "2026-01-02T00:00:00Z"}',
    '{"protocol": "mega", "version": 1, "event": {"name": "n", "timestamp": "2026-01-02"}, "a": "x"}',
    '{"a": "x"',
    '{"a": "x"} y',
    '["x"]',
    "text",
    "",
    *(f'{{"a": "x", "d": {deep}}}' for deep in (DEEP, f"[{DEEP}]", f"[[{DEEP}]]")),
    *(f'{{"a": "x", "b": {deep}}}' for deep in (DEEP, f"[{DEEP}]", f"[[{DEEP}]]")),
    *(f'{{"a": "x", "b": {{"c": {deep}}}}}' for deep in (DEEP[1:-1], DEEP, f"[{DEEP}]")),
)


def router_of(*texts):
    router = Router()
    for text in texts:
        router.add(text, megaql.compile(text))
    return router


@pytest.fixture(params=[1, 2], ids=["generated for the first", "generated for the second"])
def _generating(request, monkeypatch):
    monkeypatch.setattr(walks, "TRIED", request.param)


@pytest.mark.usefixtures("_generating")
@pytest.mark.parametrize("queries", [QUERIES, QUERIES[:2], QUERIES[2:3], QUERIES[4:6], QUERIES[6:]], ids=len)
def test_each_body_after_each_other(queries, monkeypatch):
    router = router_of(*queries)
    answers = {body: router.route_body(body) for body in BODIES for _ in range(4)}
    monkeypatch.setattr(walks, "TRIED", 10**9)
    plainly = router_of(*queries)
    assert answers == {body: plainly.route_body(body) for body in BODIES}
    assert any(answers.values())


def test_what_is_generated_is_used_and_put_off_by_a_body_that_is_not_for_it(monkeypatch):
    monkeypatch.setattr(walks, "TRIED", 3)
    router = router_of('a == "x"')
    for _ in range(2):
        assert router.route_body('{"a": "x"}') == ['a == "x"']
        assert router._texts.function is None
    assert router.route_body('{"a": "x"}') == ['a == "x"']
    made = router._texts.function
    assert made('{"a": "x"}', None) == ['a == "x"']
    assert made("text", None) is None
    assert router.route_body("text") == []
    assert router._texts.function is None
    assert [router.route_body('{"a": "x"}') for _ in range(3)] == [['a == "x"']] * 3
    assert router._texts.function is made
    router.add("exists b", megaql.compile("exists b"))
    assert router.route_body('{"a": "x", "b": 1}') == ['a == "x"', "exists b"]


def test_a_body_that_has_attributes_is_read_as_they_say():
    router = router_of('a == "x"')
    for _ in range(2 * walks.TRIED):
        assert router.route_body('{"a": "x"}') == ['a == "x"']
    assert router._texts.function is not None
    says = {"megaql.format": {"DataType": "String", "StringValue": "text"}}
    assert router.route_body('{"a": "x"}', says) == []
    assert router.route_body('{"a": "x"}', {"other": {"DataType": "String", "StringValue": "y"}}) == ['a == "x"']


@pytest.mark.usefixtures("_generating")
@pytest.mark.parametrize("name", TEXTS, ids=ascii)
def test_any_text_may_be_a_name(name):
    router = Router()
    path = nodes.Path((nodes.Key(name), nodes.Key(name)))
    router.add("it", Query(nodes.Compare(nodes.Comparison.EQ, path, nodes.String(name))))
    router.add("other", megaql.compile("a == 1"))
    body = {name: {name: name}, "a": 2}
    assert [router.route(body) for _ in range(3)] == [["it"]] * 3
    assert [router.route_body(json.dumps(body)) for _ in range(3)] == [["it"]] * 3


@pytest.mark.usefixtures("_generating")
def test_many_places_and_long_paths():
    wide = [f"p{number}.q.r == {number}" for number in range(3 * walks.PLACES)]
    long = ".".join(f"n{number}" for number in range(3 * walks.DEPTH)) + " == 1"
    router = router_of(*wide, long)
    body = {f"p{number}": {"q": {"r": number}} for number in range(0, 3 * walks.PLACES, 7)}
    inner = 1
    for number in reversed(range(3 * walks.DEPTH)):
        inner = {f"n{number}": inner}
    expected = [*wide[::7], long]
    assert [router.route(body | inner) for _ in range(3)] == [expected] * 3
    assert [router.route_body(json.dumps(body | inner)) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize("new", ["a == 1 and missing b", "a == 2 and missing b", "missing b"])
def test_a_function_leaves_alone_what_came_after_it(new):
    router = router_of("a == 1")
    reader = router._reader()
    made = plain.generate(reader.skimmer, router._index, reader.last)
    router.add("new", megaql.compile(new))
    assert made('{"a": 1, "b": 2}', None) == ["a == 1"]
    assert made('{"a": 2, "b": 2}', None) == []
    assert plain.matching(router._index, {"a": 2}, None, reader.last) == []


@pytest.mark.usefixtures("_generating")
def test_queries_at_one_place_come_and_go():
    router, body = router_of('a == "x"'), {"a": "x", "b": 3}

    def names():
        found = [router.route(body), *(router.route_body(json.dumps(body)) for _ in range(3))]
        assert found[1:] == found[:1] * 3
        return found[0]

    assert names() == ['a == "x"']
    router.add("two", megaql.compile('a == "x" and b == 3'))
    assert names() == ['a == "x"', "two"]
    router.remove('a == "x"')
    assert names() == ["two"]
    for number in range(20):
        router.add(str(number), megaql.compile(f'a == "x" and b == {number}'))
    assert names() == ["two", "3"]
    router.remove("two")
    assert names() == ["3"]
    router.add("always", megaql.compile("b != 4"))
    assert names() == ["3", "always"]
    for name in router.names:
        router.remove(name)
    assert names() == []
