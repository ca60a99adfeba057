"""Whatever the text, a query comes out or an error of the query family that can be shown."""

import re
import string

from hypothesis import given, settings
from hypothesis import strategies as st

from megaql.errors import QueryError
from megaql.lang import grammar, jsonform, parser, printer
from tests.property.queries import clauses

_PIECES = st.sampled_from(
    """a b.c event.name x 1 1.5 01 1. 5m 15M 2KiB "x" 'y' "x"i r"z" d"2026-01-02" d"bad" /re/ /re/i / " ' ( ) [ ] { } , : ; . .. * **
    == = != <> < <= > >= ~ !~ =~ & && | || ?? ? ! + - % $ $p $gt @ @id @nope and or not in is null between cidr like startswith
    contains exists missing empty any all none one true false count( lower( len( select where matches equals 2026-01-02 ≠ “x” `x`
    \\ \u200b # \x00""".split()
    + [" ", "\n", "# c\n"]
)
_TERMINALS = re.compile(r"\b(?:[A-Z]{3,}|_[A-Z]+|__ANON\w*)\b")


def _names_of_terminals():
    return {terminal.name for terminal in grammar._shared().terminals}


def _check(text):
    try:
        clause = parser.parse(text)
    except QueryError as error:
        shown = str(error)
        assert shown.startswith("error: ")
        assert not (_names_of_terminals() & set(_TERMINALS.findall("\n".join(d.message + d.label + d.hint for d in error.diagnostics))) - set(text.split()) - {"RE2", "NULL"}), shown
        for diagnostic in error.diagnostics:
            assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
    else:
        assert parser.parse(printer.to_text(clause)) == clause


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text(text):
    _check(text)


@given(st.lists(_PIECES, max_size=12), st.sampled_from(("", " ")))
@settings(max_examples=500, deadline=None)
def test_any_tokens(pieces, glue):
    _check(glue.join(pieces))


@given(clauses(), st.data())
@settings(max_examples=200, deadline=None)
def test_any_edit_of_a_query(clause, data):
    text = printer.to_text(clause)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 4)))
    _check(text[:start] + data.draw(st.one_of(_PIECES, st.just(""), st.text(string.printable, max_size=2))) + text[end:])


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(("a", "==", "any"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                "or and not compare left right in options matches regex path truth call arguments number date size "
                "duration between low high quantifier variable where negated default param string fold".split()
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(_JSON)
@settings(max_examples=300, deadline=None)
def test_any_json(document):
    for form in (document, {"megaql": 1, "query": document}):
        try:
            clause = jsonform.from_json(form)
        except QueryError as error:
            assert str(error).startswith("error: ")
        else:
            assert jsonform.from_json(jsonform.to_json(clause)) == clause
