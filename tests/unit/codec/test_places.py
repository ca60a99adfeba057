"""How messages name places and kinds."""

from decimal import Decimal

import pytest

from megaql.codec.places import kind, member, place_of


@pytest.mark.parametrize(
    ("trail", "place"),
    [
        (None, "$"),
        ((None, "a"), "$.a"),
        (((None, "items"), 2), "$.items[2]"),
        (((None, "weird key"), "détail"), '$["weird key"]["d\\u00e9tail"]'),
        ((((None, "detail-type"), 0), ""), '$.detail-type[0][""]'),
    ],
)
def test_places(trail, place):
    assert place_of(trail) == place


def test_a_very_deep_place_shows_its_beginning():
    trail = (None, "a")
    for position in range(100):
        trail = (trail, position)
    assert place_of(trail) == "$.a" + "".join(f"[{position}]" for position in range(19)) + "…"


def test_a_member():
    assert member("$.event", "a b") == '$.event["a b"]'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "a boolean"),
        ("x", "a string"),
        (1, "a number"),
        (Decimal(1), "a number"),
        ({}, "an object"),
        ([], "an array"),
        ((), "an array"),
        (b"", "a value of type bytes"),
    ],
)
def test_kinds(value, text):
    assert kind(value) == text
