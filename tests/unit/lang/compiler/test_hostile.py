"""Generated source holds nothing that a query or a document says, and generated functions neither change a document nor run its code."""

import builtins
import queue
import sys
from collections import OrderedDict, UserDict, defaultdict
from decimal import Decimal
from enum import IntEnum

import pytest
from bson import Decimal128, ObjectId

import megaql
from megaql.lang import evaluator, nodes
from megaql.lang.compiler.matcher import Matcher
from megaql.lang.nodes import Compare, Comparison, In, Key, ListLiteral, Path, Quantified, Quantifier, String, TextTest
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict
from megaql.query import Query, record_of

TEXTS = [
    *(
        "__import__",
        'x"; import os',
        "'); raise SystemExit #",
        "a\nb",
        "\x00",
        "\ud800",
        "\u2028",
        "{v}",
        "%s",
        "{",
        "\\",
        "\\'",
    ),
    *(
        "lambda",
        "None",
        "M",
        "type",
        "subject",
        "body",
        "record",
        "now",
        "other",
        "Slow",
        "v1",
        "k2",
        "__builtins__",
        "",
        "é" * 999,
    ),
]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_any_text_may_be_a_name_a_string_and_a_variable(text, monkeypatch):
    monkeypatch.setattr(builtins, "__import__", pytest.fail)
    path, literal = Path((Key(text), Key(text))), String(text)
    clauses = [
        Compare(Comparison.EQ, path, literal),
        In(path, ListLiteral((literal, String("other")))),
        *(TextTest(operator, path, literal) for operator in list(nodes.TextOperator)[:3]),
    ]
    element = Path((Key(text), Key(text)), nodes.Root.VARIABLE)
    clauses.append(
        Quantified(Quantifier.ANY, text, Path((Key("all"), Key(text))), Compare(Comparison.EQ, element, literal))
    )
    for clause in clauses:
        query = Query(clause)
        held = {text: {text: text}, "all": {text: [{text: text}]}}
        assert query.matches(held)
        assert query.evaluate(held) is Verdict.MATCH
        assert query.evaluate({text: {text: text + "-"}, "all": {text: []}}) is not Verdict.UNKNOWN


class Name(str):
    """A string whose representation is code."""

    __slots__ = ()

    def __repr__(self):
        return "exit()"


def test_a_string_of_a_class_of_its_own_does_not_reach_the_source():
    query = Query(Compare(Comparison.EQ, Path((Key(Name("a")),)), String(Name("x"))))
    assert query.matches({"a": "x"})
    assert not query.matches({"a": "y"})


class Asking:
    """A value that is no object to the language, and that would answer to `get`, to comparisons and to its truth."""

    def get(self, *_):
        pytest.fail("asked")

    __eq__ = __lt__ = __len__ = __bool__ = __contains__ = __iter__ = get
    __hash__ = None


class Level(IntEnum):
    LOW = 1


ODD = [
    *(
        Name("x"),
        Level.LOW,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("1.0"),
        Decimal128("1"),
        ObjectId("0" * 24),
        float("nan"),
        queue.Queue(),
    ),
    *(
        OrderedDict(b=1),
        UserDict(b=1),
        ("x", 1),
        [("x",)],
        [[1, ["x"]]],
        [],
        {},
        10**400,
        True,
        b"x",
        [{"b": 1}, {"b": ["x"]}],
    ),
    *(defaultdict(lambda: "made", {"b": "x"}), defaultdict(dict)),
]
QUERIES = [
    *(
        'a == "x"',
        "a.b == 1",
        "a < 2",
        'a.b startswith "x"',
        "a in [1, 2]",
        'a in ["x"]',
        "a.b.c == null",
        "a is number",
        "empty a",
    ),
    *(
        "exists a.b",
        "a[0] == 1",
        "any x in a: (x.b == 1)",
        "any x of a: (x == 1)",
        "one x in a: (x == 1)",
        "count(x in a: (x.b == 1)) > 0",
    ),
    *(
        "length(a) > 0",
        "number(a) == 1",
        "a.b ~ /x/ or a == 1",
        "a == a",
        "a.b != a",
        "a",
        "(a ?? 1) == 1",
        'a == "X"i',
    ),
]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("text", QUERIES)
def test_classes_that_are_not_plain_are_what_the_evaluator_says_and_stay_as_they_are(text, value):
    query = megaql.compile(text)
    document, before = {"a": value}, repr(value)
    expected = evaluator.evaluate(query.node, Record(document))
    assert query.matches(document) is (expected is Verdict.MATCH)
    assert query.evaluate(document) is expected
    assert repr(value) == before


@pytest.mark.parametrize("text", ["a.b == 1", 'a.b startswith "x"', "a.b.c < 1", "exists a.b", "any x in a: (x == 1)"])
def test_a_foreign_value_is_not_asked(text):
    query = megaql.compile(text)
    assert not query.matches({"a": Asking()})
    assert query.evaluate({"a": {"b": {"c": {}}}}) in Verdict


def nested(depth):
    text = "a == 1"
    for level in range(depth):
        text = f"({text} {('and', 'or')[level % 2]} b{level} == {level})"
    return text


@pytest.mark.parametrize(
    "text",
    [
        " and ".join(f"a{number}.b == {number}" for number in range(300)),
        " or ".join(f"k == {number}" for number in range(300)),
        nested(60),
        "not (" * 60 + "a == 1" + ")" * 60,
        ".".join("a" * 60) + " == 1",
        " and ".join(f"any x in a{number}: (x.b == {number})" for number in range(150)),
        "any x in a: (any y in x.b: (any z in y.c: (z == 3 and y.d == 2 and x.e == 1)))",
    ],
    ids=["and", "or", "nested", "not", "path", "quantifiers", "inside one another"],
)
def test_queries_near_the_limits(text):
    query = megaql.compile(text)
    full = {f"a{number}": {"b": number} for number in range(300)}
    for document in ({}, full, {"k": 299, "a": 1}, {"a": [{"e": 1, "b": [{"d": 2, "c": [3]}]}], **full}):
        assert query.evaluate(document) is evaluator.evaluate(query.node, record_of(document))
        assert query.matches(document) is (query.evaluate(document) is Verdict.MATCH)


def test_a_stack_too_short_to_compile_leaves_it_to_the_evaluator(monkeypatch):
    def exhausted(*_):
        raise RecursionError

    monkeypatch.setattr("megaql.lang.compiler.unit.Unit.compile", exhausted)
    query = megaql.compile("a == 1")
    assert query.matches({"a": 1})
    assert [query.evaluate(document) for document in ({"a": 1}, {"a": 2}, {})] == list(Verdict)


def test_a_function_that_raises_or_is_of_two_minds():
    answers = iter([False, True, True])
    asked = Matcher(nodes.Opaque("f", lambda _: next(answers), Path((Key("a"),))))
    assert asked.evaluate(Record({"a": 1})) is Verdict.NO_MATCH
    assert asked.matches(Record({"a": 1}))
    raising = Matcher(nodes.Opaque("f", lambda value: value.missing, Path((Key("a"),))))
    assert raising.evaluate(Record({"a": 1})) is Verdict.UNKNOWN
    assert not raising.matches(Record({"a": 1}))


def test_the_recursion_limit_is_left_alone():
    limit = sys.getrecursionlimit()
    megaql.compile(nested(60)).matches({})
    assert sys.getrecursionlimit() == limit
