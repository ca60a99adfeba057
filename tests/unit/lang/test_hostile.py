"""Hostile queries: each ends in an error about a limit, in little memory, however large it is."""

import tracemalloc

import pytest

import megaql
from megaql.errors import QueryError
from megaql.lang import jsonform, parser

MANY = 100_000

#: What refusing may take on top of the text. Bytes.
MEMORY = 100 * 1024 * 1024


def _json(query):
    return f'{{"megaql": 1, "query": {query}}}'


def _compare(number):
    return _json(f'{{"compare": "==", "left": {{"path": ["a"]}}, "right": {number}}}')


HOSTILE = {
    "long": (parser.parse, 'a == "' + "x" * 1_000_000 + '"', "length"),
    "lines": (parser.parse, "\n" * 2_000_000, "length"),
    "list": (parser.parse, "a in [" + "1," * 10_000_000 + "1]", "length"),
    "many-parentheses": (parser.parse, "(" * MANY, "length"),
    "parentheses": (parser.parse, "(" * 16_000, "nesting"),
    "brackets": (parser.parse, "a in " + "[" * 16_000, "nesting"),
    "negations": (parser.parse, "not " * 4_000 + "a", "nesting"),
    "signs": (parser.parse, "!" * 16_000 + "a", "nesting"),
    "clauses": (parser.parse, "a or " * 3_000 + "a", "nodes"),
    "arguments": (parser.parse, "f(" + ",".join(["a"] * 8_000) + ")", "nodes"),
    "calls": (parser.parse, "f(f(f(a))) or " * 1_100 + "a", "nodes"),
    "wrong-clauses": (parser.parse, "a = 1 or " * 1_400 + "a", "nodes"),
    "indexes": (parser.parse, "a" + "[0]" * 5_400 + " = 1", "path-length"),
    "keys": (parser.parse, "a" + ".b" * 8_000 + " = 1", "path-length"),
    "keywords-as-keys": (parser.parse, "a" + ".in[0]" * 2_700, "path-length"),
    "groups-in-a-regex": (parser.parse, "a ~ /" + "(" * 900 + "/", "regex"),
    "repeats-in-a-regex": (parser.parse, r"a ~ /" + r"\pL{1000}" * 100 + "/", "regex"),
    "list-in-json": (
        jsonform.from_json,
        _json('{"in": {"path": ["a"]}, "options": [' + "1," * 5_000_000 + "1]}"),
        "length",
    ),
    "long-list-in-json": (
        jsonform.from_json,
        _json('{"in": {"path": ["a"]}, "options": [' + "1," * 99_000 + "1]}"),
        "list-length",
    ),
    "ors-in-json": (
        jsonform.from_json,
        _json('{"or": [' + ",".join(['{"truth": {"path": ["a"]}}'] * 20_000) + "]}"),
        "nodes",
    ),
    "lists-in-json": (jsonform.from_json, _json('{"truth": [' + "[]," * 300_000 + "1]}"), "length"),
    "keys-in-json": (jsonform.from_json, _json("{" + ",".join(f'"k{n}": 1' for n in range(60_000)) + "}"), "json"),
    "deep-json": (jsonform.from_json, _json('{"not": ' * MANY + "1" + "}" * MANY), "nesting"),
    "long-number": (jsonform.from_json, _compare("9" * 1_000_000), "number-length"),
    "large-number": (jsonform.from_json, _compare("1e999999999"), "number-size"),
    "repeated-key": (
        jsonform.from_json,
        "{" + ",".join(f'"k{number}": 1' for number in range(50_000)) + ', "k49999": 1}',
        "json",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_is_refused_in_little_memory(name):
    read, text, code = HOSTILE[name]
    tracemalloc.start()
    try:
        with pytest.raises(QueryError) as caught:
            read(text)
        assert len(str(caught.value)) < 1_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.diagnostics[0].code == code
    assert peak < MEMORY


def test_a_list_of_ten_million_items_is_no_parameter():
    ids = [1] * 10_000_000
    tracemalloc.start()
    try:
        with pytest.raises(QueryError, match="at most 10,000 items"):
            megaql.compile("a in $ids", ids=ids)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY
