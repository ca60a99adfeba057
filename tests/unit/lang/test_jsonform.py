import json
from decimal import Decimal

import pytest

from megaql.errors import QueryCheckError, QueryError, QueryLimitError
from megaql.lang.jsonform import from_json, to_json
from megaql.lang.nodes import Compare, Comparison, Key, Number, Opaque, Path
from megaql.lang.parser import parse


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (
            'event.name == "x" and not exists a["b c"][0][*].**',
            {
                "and": [
                    {"compare": "==", "left": {"path": ["event", "name"]}, "right": "x"},
                    {
                        "not": {
                            "presence": "exists",
                            "path": {"path": ["a", "b c", 0, {"wildcard": "each"}, {"wildcard": "deep"}]},
                        }
                    },
                ]
            },
        ),
        ("a or b", {"or": [{"truth": {"path": ["a"]}}, {"truth": {"path": ["b"]}}]}),
        (
            "a not in [1, null, true, 'x'i, 1.5]",
            {
                "in": {"path": ["a"]},
                "options": [1, None, True, {"string": "x", "fold": True}, {"number": "1.5"}],
                "negated": True,
            },
        ),
        (
            "any x in a: (x.b > 5m)",
            {
                "quantifier": "any",
                "variable": "x",
                "in": {"path": ["a"]},
                "where": {"compare": ">", "left": {"element": ["x", "b"]}, "right": {"duration": "5m"}},
            },
        ),
        (
            "count(x in a: (x)) > 9007199254740993",
            {
                "compare": ">",
                "left": {"count": "x", "in": {"path": ["a"]}, "where": {"truth": {"element": ["x"]}}},
                "right": {"number": "9007199254740993"},
            },
        ),
        ("a !~ /x/i", {"matches": {"path": ["a"]}, "regex": {"regex": "x", "flags": "i"}, "negated": True}),
        ("@id in cidr '10.0.0.0/8'", {"cidr": "10.0.0.0/8", "value": {"envelope": ["id"]}}),
        ("a like '*'", {"text": "like", "value": {"path": ["a"]}, "operand": "*"}),
        ("a is nan", {"is": "nan", "value": {"path": ["a"]}}),
        (
            "a ?? $x between d'2026-01-02' and now()",
            {
                "between": {"default": {"param": "x"}, "path": {"path": ["a"]}},
                "low": {"date": "2026-01-02"},
                "high": {"call": "now", "arguments": []},
            },
        ),
        (
            "size(a) < 64KiB",
            {"compare": "<", "left": {"call": "size", "arguments": [{"path": ["a"]}]}, "right": {"size": "64KiB"}},
        ),
    ],
)
def test_the_form_is_readable_and_reads_back(text, form):
    clause = parse(text)
    assert to_json(clause) == {"megaql": 1, "query": form}
    assert from_json({"megaql": 1, "query": form}) == clause
    assert from_json(json.dumps({"megaql": 1, "query": form})) == clause


def test_numbers_are_exact():
    text = '{"megaql": 1, "query": {"compare": "==", "left": {"path": ["a"]}, "right": 0.1}}'
    assert from_json(text).right == Number(Decimal("0.1"))
    assert from_json(json.loads(text)).right == Number(Decimal("0.1"))


def test_a_callable_cannot_be_stored():
    with pytest.raises(QueryCheckError, match="the Python callable is_even cannot be stored"):
        to_json(Opaque("is_even", bool, Path((Key("a"),))))


COMPARE = {"compare": "==", "left": {"path": ["a"]}, "right": 1}


@pytest.mark.parametrize(
    ("query", "rendered"),
    [
        ({}, "error: an object without keys is not a condition\n  1 | $.query\n    | ^^^^^^^ write one of: or, and, "),
        ([], "error: a condition belongs here, not an array\n  1 | $.query\n    | ^^^^^^^ an object with one of: or, "),
        (
            {"compar": "=="},
            "error: an object with the keys compar is not a condition\n  1 | $.query\n    | ^^^^^^^ did you mean compare?",
        ),
        (
            {"not": {"truth": {"pth": []}}},
            "error: an object with the keys pth is not a value\n  1 | $.query.not.truth\n",
        ),
        (
            {**COMPARE, "lft": 1},
            "error: this key is not known here\n  1 | $.query.lft\n    | ^^^^^^^^^^^ did you mean left?",
        ),
        ({"compare": "=="}, "error: the key 'left' is missing\n  1 | $.query\n"),
        (
            {"and": [COMPARE, {**COMPARE, "compare": "="}]},
            "error: '=' is none of: ==, !=, <, <=, >, >=\n  1 | $.query.and[1].compare\n",
        ),
        ({"and": COMPARE}, "error: an array belongs here, not an object\n  1 | $.query.and\n"),
        ({"truth": {"path": ["a", 1.5]}}, "error: 1.5 is no segment of a path\n  1 | $.query.truth.path[1]\n"),
        ({"truth": {"path": [True]}}, "error: true is no segment of a path\n  1 | $.query.truth.path[0]\n"),
        ({"truth": {"param": "a b"}}, "error: 'a b' is no name of a parameter\n  1 | $.query.truth.param\n"),
        (
            {"truth": {"date": "2026-13-01"}},
            'error: d"2026-13-01" is not a date that exists\n  1 | $.query.truth.date\n',
        ),
        ({"truth": {"duration": "5x"}}, "error: '5x' is no duration\n  1 | $.query.truth.duration\n"),
        ({"presence": "exists", "path": "a"}, "error: a path belongs here\n  1 | $.query.path\n"),
        (
            {"in": {"path": ["a"]}, "options": [{"path": ["b"]}]},
            "error: a literal belongs here\n  1 | $.query.options[0]\n",
        ),
        (
            {"in": {"path": ["a"]}, "options": [], "negated": 1},
            "error: true or false belongs here, not 1\n  1 | $.query.negated\n",
        ),
        ({"matches": {"path": ["a"]}, "regex": "x"}, "error: a regex belongs here\n  1 | $.query.regex\n"),
        ({"truth": {1, 2}}, "error: {1, 2} is no JSON value\n  1 | $.query.truth\n"),
        ({"compare": 5, "left": 1, "right": 1}, "error: a string belongs here, not 5\n  1 | $.query.compare\n"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value)[:40],
)
def test_errors_name_the_data_path(query, rendered):
    with pytest.raises(QueryCheckError) as caught:
        from_json({"megaql": 1, "query": query})
    assert str(caught.value).startswith(rendered)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"megaql": 2, "query": {}}, "version 2 of the JSON form is not known"),
        ({"megaql": True, "query": {}}, "version true of the JSON form is not known"),
        ({"megaql": "1", "query": {}}, "version 1 of the JSON form is not known"),
        ({"query": {}}, "this is not the JSON form of a query"),
        ({"megaql": 1}, "the key 'query' is missing"),
        ({"megaql": 1, "query": {"truth": True}, "extra": 1}, "this key is not known here"),
        (None, "this is not the JSON form of a query"),
        ("[]", "this is not the JSON form of a query"),
        ('{"megaql": 1,', "this is not JSON: expecting property name"),
        ('{"megaql": 1, "megaql": 1}', 'the key "megaql" stands twice'),
        ('{"megaql": 1, "query": {"truth": NaN}}', "NaN is no JSON value"),
    ],
    ids=str,
)
def test_what_is_no_form_of_a_query(form, message):
    with pytest.raises(QueryCheckError) as caught:
        from_json(form)
    assert caught.value.diagnostics[0].message.startswith(message)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"truth": {"element": ["x"]}}, "variable"),
        ({"truth": {"path": []}}, "path"),
        ({"and": [COMPARE]}, "joined"),
        ({"or": [{"or": [COMPARE, COMPARE]}, COMPARE]}, "joined"),
        ({"truth": {"envelope": ["nothing"]}}, "unknown-field"),
        ({"truth": {"envelope": [0]}}, "path"),
        ({"truth": {"call": "foo", "arguments": []}}, "unknown-function"),
        ({**COMPARE, "right": {"regex": "x"}}, "regex"),
        ({**COMPARE, "right": [{"regex": "x"}]}, "list-item"),
        ({"matches": {"path": ["a"]}, "regex": {"regex": "("}}, "regex"),
        ({"matches": {"regex": "x"}, "regex": {"regex": "x"}}, "regex"),
        ({**COMPARE, "left": {"call": "lower", "arguments": [{"regex": "x"}]}}, "regex"),
        ({"matches": {"path": ["a"]}, "regex": {"regex": "x", "flags": "mi"}}, "literal"),
        ({**COMPARE, "right": float("inf")}, "literal"),
        ({"quantifier": "any", "variable": "in", "in": {"path": ["a"]}, "where": COMPARE}, "variable"),
        ({"quantifier": "any", "variable": "a b", "in": {"path": ["a"]}, "where": COMPARE}, "variable"),
        ({"text": "like", "value": {"path": ["a"]}, "operand": {"path": ["b"]}}, "glob-operand"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value)[:50],
)
def test_loaded_trees_are_checked_like_any_other(query, code):
    with pytest.raises(QueryCheckError) as caught:
        from_json({"megaql": 1, "query": query})
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]


def nested(levels):
    form = {"truth": True}
    for _ in range(levels):
        form = {"not": form}
    return {"megaql": 1, "query": form}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (nested(65), "nesting"),
        (nested(200_000), "nesting"),
        ('{"megaql": 1, "query": ' + '{"not": ' * 100_000 + "true" + "}" * 100_001, "nesting"),
        ("[" * 100_000, "nesting"),
        ({"megaql": 1, "query": {"truth": [[1] * 9_000] * 9_000}}, "list-length"),
        ('{"megaql": 1, "query": {"truth": "' + "x" * 5_000_000 + '"}}', "length"),
        ('{"megaql": 1, "query": {"truth": ' + "9" * 5_000 + "}}", "number-length"),
        ('{"megaql": 1, "query": {"truth": 1e999999999999}}', "number-size"),
        ({"megaql": 1, "query": {**COMPARE, "right": {"number": "1e9999999"}}}, "number-size"),
        ({"megaql": 1, "query": {**COMPARE, "right": 10**5_000}}, "number-length"),
        ({"megaql": 1, "query": {**COMPARE, "right": [1] * 10_001}}, "list-length"),
        ({"megaql": 1, "query": {"or": [COMPARE] * 600}}, "nodes"),
        ({"megaql": 1, "query": {"truth": {"path": ["a"] * 65}}}, "path-length"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_hostile_forms_are_refused_before_anything_recurses(form, code):
    with pytest.raises(QueryLimitError) as caught:
        from_json(form)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]


def test_a_form_is_refused_with_a_query_error_whatever_it_is():
    with pytest.raises(QueryError):
        from_json({1: 2, "megaql": 1})
    with pytest.raises(QueryError):
        from_json(object())


def test_equal_queries_have_equal_forms():
    assert to_json(parse("a=='x'&&(b)")) == to_json(parse('a == "x" and b'))
    assert from_json(to_json(parse("a == 1"))) == Compare(Comparison.EQ, Path((Key("a"),)), Number(1))
