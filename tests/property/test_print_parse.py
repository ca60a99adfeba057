"""What is printed reads back as itself, as text and as JSON."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megaql.errors import QueryError
from megaql.lang import jsonform, limits, literals, nodes, parser, printer, tree, wellformed
from tests.property.queries import clauses


@given(clauses())
@settings(max_examples=300, deadline=None)
def test_canonical_text_parses_to_the_same_clause(clause):
    limits.check_tree(clause)
    wellformed.check(clause)
    text = printer.to_text(clause)
    parsed = parser.parse(text)
    assert parsed == clause
    assert printer.to_text(parsed) == text


@given(clauses())
@settings(max_examples=200, deadline=None)
def test_json_form_reads_back_as_the_same_clause(clause):
    form = jsonform.to_json(clause)
    assert jsonform.from_json(form) == clause
    assert jsonform.from_json(json.dumps(form)) == clause


@given(clauses())
@settings(max_examples=150, deadline=None)
def test_spans_cover_what_was_written(clause):
    text = printer.to_text(clause)
    for node in tree.walk(parser.parse(text)):
        written = text[node.span.start : node.span.end]
        if isinstance(node, nodes.Path):
            assert parser.parse(f"exists {written}").path.segments == node.segments
            for segment in node.segments:
                assert text[segment.span.start : segment.span.end]
        elif isinstance(node, nodes.Regex):
            assert literals.read_regex(written) == node
        elif isinstance(node, nodes.String | nodes.Number | nodes.Date | nodes.Duration | nodes.Size):
            assert printer.to_text(node) == written
        assert 0 <= node.span.start < node.span.end <= len(text)


@given(clauses(), st.data())
@settings(max_examples=200, deadline=None)
def test_the_beginning_of_a_query_is_a_query_or_incomplete(clause, data):
    text = printer.to_text(clause)
    cut = data.draw(st.integers(0, len(text)))
    try:
        parser.parse(text[:cut])
    except QueryError as error:
        if not error.incomplete:
            pytest.fail(str(error))
