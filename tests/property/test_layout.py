"""The four laws of layout, on generated queries in any disorder: one meaning, each comment once, laid out already, no long lines."""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from megaql.lang import parser, queryfile
from megaql.lang.layout.text import WIDTH, format_file, format_query
from megaql.source import width
from tests.property.disorder import disordered

LITERAL = re.compile(r"""[rd](?:"[^"\n]*"|'[^'\n]*')|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|/(?:[^/\\\n]|\\.)*/""")


def comments_of(text):
    """Return the comments of a text, found in another way than by the code under test."""
    return Counter(found[1].rstrip() for found in re.finditer(rf"{LITERAL.pattern}|(#[^\n]*)", text) if found[1])


@given(disordered(), st.sampled_from((20, 60, WIDTH)))
@settings(max_examples=150, deadline=None)
def test_layout(text_and_comments, columns):
    text, comments = text_and_comments
    laid_out = format_query(text, columns=columns)
    assert parser.parse(laid_out) == parser.parse(text)
    assert comments_of(laid_out) == comments_of(text)
    assert comments_of(laid_out).total() == comments
    assert format_query(laid_out, columns=columns) == laid_out
    for line in laid_out.split("\n"):
        assert line.strip()
        assert line == line.rstrip()


@given(disordered(), st.sampled_from((40, WIDTH)))
@settings(max_examples=100, deadline=None)
def test_no_line_is_long_unless_a_word_is(text_and_comments, columns):
    for line in format_query(text_and_comments[0], columns=columns).split("\n"):
        if width(line) > columns and not line.lstrip().startswith("#"):
            assert not comments_of(line)
            words = LITERAL.sub(lambda found: "x" * width(found[0]), line).replace("(", "( ").split()
            assert max(map(width, words)) > columns / 2 - (len(line) - len(line.lstrip())), line


@given(st.lists(disordered(2), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_layout_of_files(queries):
    text = "# about the file\n\n\n"
    for number, (query, _) in enumerate(queries):
        lines = re.sub(r"(?<=\n)(?=[^\s])", " ", query)
        text += f"# about the next one  \nq{number}:{lines}\n" + "\n" * (number % 3)
    laid_out = format_file(text)
    assert format_file(laid_out) == laid_out
    assert comments_of(laid_out) == comments_of(text)
    before, after = queryfile.read(text), queryfile.read(laid_out)
    assert after.names == before.names
    for one, other in zip(before.queries, after.queries, strict=True):
        assert parser.parse(other.source) == parser.parse(one.source)
        assert other.comment == "about the next one"
    assert re.search(r"\n\n\n|[ \t]$", laid_out, re.MULTILINE) is None
