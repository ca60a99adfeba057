"""Whatever the text, a query comes out or an error of the query family that can be shown."""

import contextlib
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
    \\ \u200b # \x00""".split()  # noqa: SIM905 - readable as a line of tokens
)
_TERMINALS = set(grammar.tables()["terminals"]) - {"NAME", "NULL", "PARAM", "NOT", "STRING"}


def _outcome(text):
    """Return the clause of a text, or None after a look at the error."""
    try:
        return parser.parse(text)
    except QueryError as raised:
        error = raised
    assert str(error).startswith("error: ")
    for diagnostic in error.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        said = set(re.findall(r"\w+", f"{diagnostic.message} {diagnostic.label} {diagnostic.hint}"))
        assert not said & _TERMINALS - set(re.findall(r"\w+", text))
    return None


def _check(text):
    clause = _outcome(text)
    if clause is not None:
        assert parser.parse(printer.to_text(clause)) == clause


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text(text):
    _check(text)


@given(st.lists(_PIECES, max_size=12), st.sampled_from(("", " ", "\n")))
@settings(max_examples=500, deadline=None)
def test_any_tokens(pieces, glue):
    _check(glue.join(pieces))


@given(clauses(), st.data())
@settings(max_examples=200, deadline=None)
def test_any_edit_of_a_query(clause, data):
    text = printer.to_text(clause)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 4)))
    _check(
        text[:start] + data.draw(st.one_of(_PIECES, st.just(""), st.text(string.printable, max_size=2))) + text[end:]
    )


_KEYS = (
    *(
        "or",
        "and",
        "not",
        "compare",
        "left",
        "right",
        "in",
        "options",
        "matches",
        "regex",
        "path",
        "truth",
        "call",
        "arguments",
    ),
    *(
        "number",
        "date",
        "size",
        "duration",
        "between",
        "low",
        "high",
        "quantifier",
        "variable",
        "where",
        "negated",
        "default",
    ),
    *("param", "string", "fold", "text", "value", "operand", "element", "envelope", "cidr", "is", "presence", "count"),
)
_JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(("a", "==", "any"))
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(_KEYS),
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
        with contextlib.suppress(QueryError):
            clause = jsonform.from_json(form)
            assert jsonform.from_json(jsonform.to_json(clause)) == clause
