"""The caps that are checked before parsing refuse nothing that the tree's own caps would let pass."""

from unittest import mock

import pytest
from hypothesis import given, settings

from megaql.lang import jsonform, jsonread, limits, nodes, parser, printer, tokens
from megaql.lang.tree import children, walk
from megaql.source import Source
from tests.property.queries import clauses


def _counted(clause):
    """Return the number of nodes, the items of lists not counted."""
    counted, stack = 0, [clause]
    while stack:
        node = stack.pop()
        counted += 1
        stack += () if isinstance(node, nodes.ListLiteral) else children(node)
    return counted


def _check_with_no_room(text):
    """Check the tokens of a query with limits that it just keeps."""
    clause = parser.parse(text)
    longest = max((len(node.segments) for node in walk(clause) if isinstance(node, nodes.Path)), default=0)
    with mock.patch.object(limits, "NODES", _counted(clause)), mock.patch.object(limits, "PATH_SEGMENTS", longest):
        limits.check_tokens(Source(text), tokens.scan(text))


@given(clauses())
@settings(max_examples=200, deadline=None)
def test_a_query_within_the_limits_passes_the_checks_before_parsing(clause):
    _check_with_no_room(printer.to_text(clause))


@given(clauses())
@settings(max_examples=200, deadline=None)
def test_a_json_form_within_the_limits_passes_the_checks_before_reading(clause):
    items = sum(len(node.items) for node in walk(clause) if isinstance(node, nodes.ListLiteral))
    form = jsonform.to_json(clause)
    with mock.patch.object(limits, "NODES", _counted(clause)), mock.patch.object(limits, "ALL_LIST_ITEMS", items):
        assert jsonread.document_of(form) == form


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "now() > now()",
        "a.in[0].in in [1, 2] and .in in [[0]]",
        "lower(a) == upper(lower(b))",
        "a.and.or.in.like and .and.or",
        '.a["b"][0][*].**."c" or **.a.b',
        "any x of .a.b.c: (x.in)",
        "count(in-box in a: (in-box)) > 0",
        "a in [1, [2, 3], []] and b in [$a, $b, $c]",
        "a between 1 and 2 and b is not null and exists c and not d",
        "a in cidr '10.0.0.0/8' && !(b !~ /and, or/i) || c ?? 1 == 1",
    ],
)
def test_a_text_of_the_fewest_nodes_passes_too(text):
    _check_with_no_room(text)
