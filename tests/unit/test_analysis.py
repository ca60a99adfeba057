"""Analyses take queries and whatever a query can be asked about."""

from datetime import UTC, datetime

import pytest

import megaql
from megaql import analysis


def test_near_misses_of_payloads_of_all_kinds():
    query = megaql.compile("event.quantity > 5 and age(event.timestamp) < 15m")
    event = megaql.MegaEvent(
        name="item.added", timestamp=datetime(2026, 2, 1, 11, 50, tzinfo=UTC), attributes={"quantity": 4}
    )
    subjects = (subject for subject in [event, {"event": {"quantity": 5}}, "text", b"\xff", [1]])
    result = analysis.near_misses(query, subjects, now=datetime(2026, 2, 1, 12, tzinfo=UTC))
    assert isinstance(result, analysis.NearMisses)
    assert (result.seen, result.alone) == (5, 1)
    quantity = result.clauses[0]
    assert (quantity.clause, quantity.alone, quantity.together) == ("event.quantity > 5", 1, 4)
    assert [near.plain for near in quantity.values.nearest()] == [5, 4]


def test_what_is_no_payload_is_an_error():
    with pytest.raises(megaql.CodecError):
        analysis.near_misses(megaql.compile("a == 1"), [5])


def test_a_check_of_payloads_of_all_kinds():
    query = megaql.compile('event.nam == "item.added" and total > 5')
    samples = (sample for sample in [megaql.MegaEvent("item.added"), {"total": "6"}, "text", b"\xff"])
    found = analysis.check(query, samples)
    assert [one.code for one in found] == ["unknown-path", "kind-in-samples"]
    assert (
        found[1]
        .render(query.source)
        .startswith("warning: total is a string, not a number, in all that have it, 1 of 4 samples")
    )


def test_places_of_a_query_without_a_text_are_in_its_canonical_one():
    query = megaql.compile("a == 1") & megaql.compile("a > 0")
    (found,) = analysis.check(query)
    assert str(query)[found.span.start : found.span.end] == "a > 0"
