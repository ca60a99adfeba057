import json
from pathlib import Path

import pytest

from megaql.errors import QueryCheckError, QuerySyntaxError
from megaql.lang import limits, parser, queryfile
from megaql.lang.layout.text import format_file, format_query
from megaql.source import Source

CONFORMANCE = Path(__file__).parents[3] / "conformance"
QUERIES = sorted(
    {
        case["query"]
        for file in CONFORMANCE.glob("*.json")
        for case in json.loads(file.read_text("utf-8"))
        if "error" not in case
    }
)


def test_every_query_of_the_conformance_suite():
    assert len(QUERIES) > 500
    for query in QUERIES:
        laid_out = format_query(query)
        assert parser.parse(laid_out) == parser.parse(query)
        assert format_query(laid_out) == laid_out


def test_one_meaning_has_one_layout():
    texts = ("a == 1 and b or c", "(a==1 AND (b)) || c", "((a == 1 && b) or (c))", "a ==\n1\nand b\nor .c")
    assert {format_query(text) for text in texts} == {"(a == 1 and b) or c"}


def test_parameters_stay():
    assert format_query("a==$x and b in $list") == "a == $x and b in $list"


def test_what_is_no_query_is_refused_at_its_place():
    with pytest.raises(QuerySyntaxError) as caught:
        format_query(Source("\n a = 1", "shop.mql", 7))
    assert caught.value.source.position(caught.value.span.start) == (8, 4)


def test_what_laid_out_would_be_beyond_a_limit_stays_as_it_is():
    query = "x in [" + ",".join(["1"] * 8_000) + "]"
    assert format_query(query) == query
    assert format_file(f"q:  {query}") == f"q:  {query}\n"


def test_a_query_near_a_limit_is_laid_out():
    query = "x in [" + ",".join(["1"] * 5_000) + "]"
    laid_out = format_query(query)
    assert len(laid_out) < limits.SOURCE_BYTES
    assert parser.parse(laid_out) == parser.parse(query)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n\n", ""),
        ("a:x", "a: x\n"),
        ("a:x\r\nb:\r\n y # c\r\n", "a: x\r\n\r\nb: y  # c\r\n"),
        ("a:x\nb:y\r\n", "a: x\n\nb: y\n"),
    ],
)
def test_the_ends_of_a_file_and_of_its_lines(text, expected):
    assert format_file(text) == expected
    assert format_file(expected) == expected


def test_a_long_name_has_its_query_below_it():
    name = "n" * 99
    assert format_file(f"{name}: a == 1") == f"{name}:\n    a == 1\n"


def test_everything_wrong_with_a_file_is_told_at_its_place():
    with pytest.raises(QuerySyntaxError) as caught:
        format_file("a: x = 1\nfine: y\n\nb:\n  nubmer(z) > 1 and @foo\n", "shop.mql")
    error = caught.value
    assert [one.code for one in error.diagnostics] == ["operator", "unknown-function", "unknown-field"]
    assert [error.source.position(one.span.start) for one in error.diagnostics] == [(1, 6), (5, 3), (5, 21)]
    assert "shop.mql: error: " in str(error)
    with pytest.raises(QueryCheckError):
        format_file("b: @foo == 1")


def test_a_file_that_would_be_too_large_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(queryfile, "FILE_BYTES", 8)
    assert format_file("a:x\nb:y") == "a:x\nb:y"
    assert format_file("a:x") == "a: x\n"
