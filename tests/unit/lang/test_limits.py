import pytest

from megaql.errors import QueryError, QueryLimitError
from megaql.lang import limits
from megaql.lang.nodes import (
    Compare,
    Comparison,
    In,
    Index,
    Key,
    ListLiteral,
    Matches,
    Not,
    Number,
    Path,
    Quantified,
    Quantifier,
    Regex,
    Root,
    Truth,
)
from megaql.lang.parser import parse

A = Path((Key("a"),))


def refused(text):
    with pytest.raises(QueryLimitError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a == 1 or " * 100_000, "length"),
        ("é" * (limits.SOURCE_BYTES // 2 + 1), "length"),
        ("(" * 100_000, "length"),
        ("(" * 10_000, "nesting"),
        ("[" * 10_000, "nesting"),
        ("not " * 4_000 + "a", "nesting"),
        ("!" * 16_000 + "a", "nesting"),
        ("(" * 65 + "a" + ")" * 65, "nesting"),
        ("a in " + "[" * 65 + "]" * 65, "nesting"),
        ("lower(" * 65 + "a" + ")" * 65 + " == 1", "nesting"),
        (" or ".join(["a"] * 600), "nodes"),
        ("a" + ".b" * limits.PATH_SEGMENTS, "path-length"),
        ("a ~ /" + "x" * 1025 + "/", "regex-length"),
        ("a == " + "9" * 1001, "number-length"),
        ("a == 0." + "9" * 5000, "number-length"),
        ("a == " + "9" * 5000 + "d", "number-length"),
        ("a == " + "9" * 5000 + "MB", "number-length"),
        ("a == 1e6145", "number-size"),
        ("a == 1e-999999999999", "number-size"),
        ("a == 1e" + "9" * 900, "number-size"),
        ("a[2147483648] == 1", "index"),
        ("any x in a: (any y in x: (any z in y: (count(u in z: (u)) > 1)))", "quantifier-nesting"),
    ],
    ids=lambda value: value[:20],
)
def test_each_cap_has_its_own_error(text, code):
    error = refused(text)
    assert [diagnostic.code for diagnostic in error.diagnostics] == [code]
    assert len(str(error)) < 600


@pytest.mark.parametrize(
    "text",
    [
        "(" * 64 + "a" + ")" * 64,
        "not " * 64 + "a",
        " or ".join(["a"] * 499),
        "a" + ".b" * (limits.PATH_SEGMENTS - 1),
        "a ~ /" + "x" * 1024 + "/",
        "a == " + "9" * 1000,
        "a == 1e6144 and b == 1e-6144",
        "a in [" + "1," * 8000 + "]",
        "a" + "[0]" * 63 + " == 1",
        "any x in a: (any y in x: (count(z in y: (z)) > 1))",
    ],
    ids=lambda value: value[:20],
)
def test_what_is_allowed_is_allowed(text):
    parse(text)


def test_the_place_of_the_excess_is_told():
    text = "a == 1 and b == 1e6145"
    span = refused(text).span
    assert text[span.start : span.end] == "1e6145"


def test_brackets_in_strings_regexes_and_comments_do_not_nest():
    parse('a == "' + "(" * 200 + '" and b ~ /' + r"\(" * 200 + "/ # " + "(" * 200)


def deep(levels):
    clause = Truth(A)
    for _ in range(levels):
        clause = Not(clause)
    return clause


def quantified(levels):
    clause = Truth(A)
    for level in range(levels):
        clause = Quantified(Quantifier.ANY, f"x{level}", A, clause)
    return clause


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        (deep(100_000), "nesting"),
        (deep(65), "nesting"),
        (quantified(4), "quantifier-nesting"),
        (In(A, ListLiteral((Number(1),) * 10_001)), "list-length"),
        (In(A, ListLiteral((ListLiteral((Number(1),) * 10_000),) * 10)), "list-length"),
        (Matches(A, Regex("é" * 513)), "regex-length"),
        (Truth(Path((Key("a"),) * 65)), "path-length"),
        (Truth(Path((Key("a"), Index(-(2**31))))), "index"),
        (Compare(Comparison.EQ, A, Number(10**5000)), "number-length"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_trees_without_text_have_the_same_caps(clause, code):
    with pytest.raises(QueryLimitError) as caught:
        limits.check_tree(clause)
    assert caught.value.diagnostics[0].code == code
    assert "(a query without text)" in str(caught.value)


def test_a_list_of_ten_thousand_is_allowed_and_is_not_counted_as_nodes():
    limits.check_tree(In(A, ListLiteral(tuple(map(Number, range(10_000))))))
    limits.check_tree(deep(64))
    limits.check_tree(Truth(Path((Key("x"),), Root.VARIABLE)))


def test_limit_errors_are_query_errors():
    assert isinstance(refused("(" * 100), QueryError)
