"""What is decoded for the queries of a router."""

import pytest

import megaql
from megaql.lang import nodes
from megaql.router import Router, readers
from megaql.router.needs import needs


@pytest.mark.parametrize(
    ("text", "paths", "mega", "envelope"),
    [
        ("a.b == 1 and c > 2", {("a", "b"), ("c",)}, False, set()),
        ("items[0].price > 1 or items[*].name == 'x'", {("items", "price"), ("items", "name")}, False, set()),
        ("any i in items: (i.price > 1 and other == 2)", {("items",), ("other",)}, False, set()),
        ("a.**.b == 1", {("a",)}, False, set()),
        ("**.b == 1", {()}, True, set()),
        ("event.name == 'x'", {("event", "name")}, False, set()),
        ("event.price == 1", {("event", "price")}, True, set()),
        ("event.attributes.price == 1", {("event", "attributes", "price")}, True, set()),
        ('@kind == "mega" and @attributes.tenant == "x"', set(), True, {"kind", "attributes"}),
        ("lower(a) == 'x' and (b ?? 1) == 1", {("a",), ("b",)}, False, set()),
    ],
)
def test_what_a_query_reads(text, paths, mega, envelope):
    assert needs(megaql.compile(text).node) == (paths, mega, envelope)


def test_a_function_reads_all_that_is_there():
    path = nodes.Path((nodes.Key("a"),))
    assert needs(nodes.Opaque("odd", bool, path)).paths == {("a",)}


def test_what_nobody_reads_any_more_is_not_decoded():
    router = Router()
    router.add("one", megaql.compile("a == 1"))
    router.add("two", megaql.compile("a == 1 and exists b"))
    assert router.route_body('{"a": 1, "b": {"c": 1}}') == ["one", "two"]
    both = router._readers.current
    router.remove("two")
    assert router.route_body('{"a": 1, "b": {"c": 1}}') == ["one"]
    assert router._readers.current is not both
    router.add("three", megaql.compile("a == 2"))
    assert router._readers.current.last == 3


def test_very_many_different_paths_are_read_at_once(monkeypatch):
    monkeypatch.setattr(readers, "MOST_PATHS", 1)
    router = Router()
    router.add("one", megaql.compile("a == 1"))
    router.add("two", megaql.compile("b == 1"))
    assert router.route_body('{"a": 1, "b": 1}') == ["one", "two"]
    assert router._readers.current.skimmer is None


@pytest.mark.parametrize(
    ("body", "attributes", "names"),
    [
        ('{"a": 1}', None, ["one"]),
        ('{"a": 1}', {"megaql.format": {"DataType": "String", "StringValue": "text"}}, ["text"]),
        ("hello", None, ["text"]),
        ("", None, ["text"]),
        ('[{"a": 1}]', None, ["one"]),
    ],
)
def test_a_body_is_what_decode_makes_of_it(body, attributes, names):
    router = Router()
    assert router.route_body(body, attributes) == []
    router.add("one", megaql.compile("a == 1"))
    router.add("text", megaql.compile('@kind == "text" and exists @body'))
    assert router.route_body(body, attributes) == names
