"""The parser on tables says what lark says of every text: trees, places, refusals and what can follow."""

from hypothesis import given, settings
from hypothesis import strategies as st

from megaql.lang import grammar, printer
from tests.property.larks import expected_by_lark, of_lark, of_tables
from tests.property.queries import clauses

_PIECES = st.sampled_from(
    """a b.c x NAME 1 1.5 01 5m 2KiB "x" "x"i r"z" d"2026-01-02" /re/ /re " ( ( ) ) [ ] , : . .. * ** == != < ~ !~ & && || ?? ? ! $p @id
    and or not in is null between cidr like contains exists any none true count( lower( of # \u00e9 \x00""".split()  # noqa: SIM905 - a line of tokens
)


def _check(text):
    assert of_tables(text) == of_lark(text)
    assert grammar.expected(text) == expected_by_lark(text)


@given(st.lists(_PIECES, max_size=14), st.sampled_from(("", " ", "\n")))
@settings(max_examples=300, deadline=None)
def test_any_tokens(pieces, glue):
    _check(glue.join(pieces))


@given(clauses(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_query_and_any_edit_of_it(clause, data):
    text = printer.to_text(clause)
    _check(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 4)))
    _check(text[:start] + data.draw(_PIECES) + text[end:])
