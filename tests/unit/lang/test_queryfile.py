import pytest

import megaql
from megaql.errors import QueryCheckError, QueryLimitError, QuerySyntaxError
from megaql.lang import queryfile
from megaql.lang.parser import parse
from megaql.source import Span

FILE = """\
# What the shop watches.

# Orders that somebody
# has to look at.
large: event.name == "order.paid" and event.total > 1000

void-users: object.current.status == "void"   # at the end of a line
    and missing object.previous

# between the lines
    or event.name == "user.removed"
    # the last line

_3: a == 1 # nothing below
"""


def queries(text):
    return {query.name: query for query in queryfile.read(text).queries}


def refused(text, kind=QuerySyntaxError):
    with pytest.raises(kind) as caught:
        queryfile.read(text, "shop.mql")
    return caught.value


def test_queries_in_the_order_of_the_file():
    file = queryfile.read(FILE)
    assert file.names == ("large", "void-users", "_3")
    assert [parse(query.source) for query in file.queries] == [
        parse('event.name == "order.paid" and event.total > 1000'),
        parse('object.current.status == "void" and missing object.previous or event.name == "user.removed"'),
        parse("a == 1"),
    ]


def test_a_query_is_found_by_its_name():
    file = queryfile.read(FILE)
    assert file.find("large") is file.queries[0]
    assert file.find("Large") is None


def test_the_comment_right_above_a_name_belongs_to_it():
    assert [query.comment for query in queryfile.read(FILE).queries] == [
        "Orders that somebody\nhas to look at.",
        "",
        "",
    ]


def test_a_span_covers_the_name_and_all_lines():
    written = [FILE[query.span.start : query.span.end] for query in queryfile.read(FILE).queries]
    assert written[0] == 'large: event.name == "order.paid" and event.total > 1000'
    assert written[1].startswith("void-users: object")
    assert written[1].endswith('"user.removed"\n    # the last line')
    assert written[2] == "_3: a == 1 # nothing below"


def test_offsets_in_a_query_are_those_of_the_file():
    for query in queryfile.read(FILE).queries:
        start = query.span.start + len(query.source.margin)
        assert FILE[start : query.span.end] == query.source.text


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("q: a = 1", (1, 6)),
        ("q:a = 1", (1, 5)),
        ("# c\n\nother: x\nq:   a = 1", (4, 8)),
        ("q:\n  a = 1", (2, 5)),
        ("q:\r\n\r\n\ta = 1\r\n", (3, 4)),
        ("q: a == 1\n# c\n  and\n\n b = 1 and c", (5, 4)),
    ],
)
def test_errors_report_lines_and_columns_of_the_file(text, position):
    with pytest.raises(QuerySyntaxError) as caught:
        parse(queryfile.read(text).find("q").source)
    assert caught.value.source.position(caught.value.span.start) == position


def test_an_error_shows_the_line_of_the_file():
    file = queryfile.read("# first\nlarge: total = $least\n", "shop.mql")
    with pytest.raises(QuerySyntaxError) as caught:
        megaql.compile(file.queries[0].source, least=5)
    assert str(caught.value) == (
        "shop.mql: error: '=' is not an operator here; did you mean '=='?\n"
        "  2 | large: total = $least\n"
        "    |              ^ replace with =="
    )


def test_parameters_are_bound_as_in_any_query():
    source = queryfile.read("\nlarge:\n  total > $least").queries[0].source
    assert str(megaql.compile(source, least=5)) == "total > 5"
    with pytest.raises(QueryCheckError) as caught:
        megaql.compile(source)
    assert caught.value.source.position(caught.value.span.start) == (3, 11)


@pytest.mark.parametrize("text", ["", "\n", "# only this", "  \n\t\n", "# a\n\n  # b\n"])
def test_a_file_may_hold_no_query(text):
    assert queryfile.read(text).queries == ()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends(line_end):
    found = queries(line_end.join(["# c", "a: x", "", "  or y", "# d", "", "b:", " z", ""]))
    assert {name: str(megaql.compile(query.source)) for name, query in found.items()} == {"a": "x or y", "b": "z"}
    assert found["a"].comment == "c"
    assert found["b"].comment == ""


@pytest.mark.parametrize(
    ("text", "code", "span"),
    [
        ("a: x\nor y", "unindented", Span(5, 9)),
        ("x == 1", "unindented", Span(0, 6)),
        ("any x in a: (x)", "unindented", Span(0, 15)),
        ("  x == 1\n  and y\n", "nameless", Span(0, 8)),
        ("a: x\nb: y\na: z", "duplicate-name", Span(10, 11)),
        ("a:\nb: y", "empty-query", Span(0, 1)),
        ("a: # nothing\n\n   # more\n", "empty-query", Span(0, 1)),
        ("order.paid: x\n  and y", "query-name", Span(0, 11)),
        ("a : x", "query-name", Span(0, 3)),
        ('"a": x', "query-name", Span(0, 4)),
        (": x", "query-name", Span(0, 1)),
    ],
)
def test_mistakes(text, code, span):
    (found,) = refused(text).diagnostics
    assert (found.code, found.span) == (code, span)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [("order.paid: x", "order-paid: x"), ("a : x", "a: x"), ('"a b": x', '"a b": x'), (": x", "name: x")],
)
def test_fixes(text, fixed):
    (found,) = refused(text).diagnostics
    if found.fix is not None:
        text = text[: found.span.start] + found.fix + text[found.span.end :]
        queryfile.read(text)
    assert text == fixed


def test_every_mistake_is_told_in_the_order_of_the_file():
    error = refused("a:\n\nb: y\nx == 1\nb: z\n")
    assert [one.code for one in error.diagnostics] == ["empty-query", "unindented", "duplicate-name"]
    assert str(error) == (
        "shop.mql: error: the query a has no text\n"
        "  1 | a:\n"
        "    | ^ write it after the colon, or on indented lines\n"
        "shop.mql: error: a line in the first column begins with a name and a colon\n"
        "  4 | x == 1\n"
        "    | ^^^^^^ indent it, to go on with a query, or write NAME: before it\n"
        "shop.mql: error: there is another query of the name b\n"
        "  5 | b: z\n"
        "    | ^ choose another name\n"
        "  3 | b: y\n"
        "    | ^ begins here"
    )


def test_a_file_of_another_kind_is_given_up_early():
    assert len(refused('"a", "b"\n' * 10_000).diagnostics) == queryfile.MISTAKES


def test_limits():
    assert refused("#" * (queryfile.FILE_BYTES + 1), QueryLimitError).diagnostics[0].code == "file-length"
    assert refused("#é" * (queryfile.FILE_BYTES // 3 + 1), QueryLimitError).diagnostics[0].code == "file-length"
    most = [f"q{number}: x\n" for number in range(queryfile.QUERIES)]
    assert len(queryfile.read("".join(most)).queries) == queryfile.QUERIES
    assert refused("".join([*most, "one-more: x"]), QueryLimitError).diagnostics[0].code == "file-queries"
