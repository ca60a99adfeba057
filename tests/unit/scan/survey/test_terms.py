"""Values as they are counted."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from megaql.lang.parser import parse
from megaql.lang.record import Record
from megaql.scan.survey.terms import ABSENT, EMPTY, MAX_TEXT, Term, term_of, terms_at


def path(text):
    return parse(f"exists {text}").path


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (5, "number", "5"),
        (5.0, "number", "5"),
        (Decimal("5.00"), "number", "5"),
        (Decimal("0.10"), "number", "0.1"),
        (1e300, "number", "1E+300"),
        (10**40, "number", "1E+40"),
        (Decimal("1E+40"), "number", "1E+40"),
        (-(10**20), "number", "-100000000000000000000"),
        (Decimal("1E+999999999"), "number", "1E+999999999"),
        (Decimal("-0.00"), "number", "0"),
        (Decimal("0.12345678901234567890123456789012345"), "number", "0.12345678901234567890123456789012345"),
        (float("nan"), "number", "NaN"),
        (float("-inf"), "number", "-Infinity"),
        ("5", "string", "5"),
        (True, "boolean", "true"),
        (None, "null", "null"),
        ({}, "object", ""),
        (b"x", "binary", ""),
        (datetime(2026, 1, 2, tzinfo=UTC), "date", "2026-01-02T00:00:00Z"),
    ],
)
def test_a_value_is_a_kind_and_a_text(value, kind, text):
    assert term_of(value) == Term(kind, text)


def test_a_number_of_thousands_of_digits_is_short():
    assert len(term_of(10**5000 + 1).text) == MAX_TEXT + 1
    assert term_of(10**5000) != term_of(10**5000 + 1)


def test_values_that_a_query_calls_equal_are_one_term_and_others_are_not():
    assert len({term_of(value) for value in (1, 1.0, Decimal("1.000"))}) == 1
    assert len({term_of(value) for value in (1, "1", True)}) == 3


def test_long_texts_are_kept_short_and_told_apart():
    one, other = term_of("x" * 1000 + "a"), term_of("x" * 1000 + "b")
    assert one != other
    assert one.label == other.label == "x" * MAX_TEXT + "…"


@pytest.mark.parametrize(
    ("term", "label"),
    [
        (Term("string", "paid"), "paid"),
        (Term("string", "5"), '"5"'),
        (Term("string", ""), '""'),
        (Term("string", " a"), '" a"'),
        (Term("string", "true"), '"true"'),
        (Term("string", "(missing)"), '"(missing)"'),
        (Term("string", '"a" b'), '"\\"a\\" b"'),
        (Term("string", "2026-01-02"), '"2026-01-02"'),
        (Term("number", "5"), "5"),
        (Term("null", "null"), "null"),
        (ABSENT, "(missing)"),
        (Term("object"), "(object)"),
    ],
)
def test_labels_cannot_be_taken_for_another_kind(term, label):
    assert term.label == label


@pytest.mark.parametrize(
    ("term", "plain"),
    [
        (Term("number", "5"), 5),
        (Term("number", "-0.1"), -0.1),
        (Term("number", "12345678901234567890"), "12345678901234567890"),
        (Term("number", "0.1000000000000000055"), "0.1000000000000000055"),
        (Term("number", "NaN"), "NaN"),
        (Term("boolean", "false"), False),
        (Term("null", "null"), None),
        (Term("string", "5"), "5"),
    ],
)
def test_plain_values_are_json_where_json_says_the_same(term, plain):
    import json

    assert term.plain == plain
    assert type(term.plain) is type(plain)
    json.dumps(term.plain, allow_nan=False) if plain != "NaN" else None


@pytest.mark.parametrize(
    ("text", "body", "expected"),
    [
        ("a", {"a": 1}, {Term("number", "1")}),
        ("a", {"b": 1}, {ABSENT}),
        ("a", {"a": ["x", ["y", "x"]]}, {Term("string", "x"), Term("string", "y")}),
        ("a", {"a": []}, {EMPTY}),
        ("a[*].b", {"a": [{"b": 1}, {}]}, {Term("number", "1")}),
        ("a[*].b", {"a": [{}, {}]}, {ABSENT}),
        ("a[*].b", {"a": []}, {EMPTY}),
    ],
)
def test_terms_at_a_path_are_what_an_operator_would_look_at(text, body, expected):
    assert terms_at(path(text), Record(body)) == expected


def test_a_path_that_leads_to_too_much_is_unknown():
    deep = [[[["x"] * 60] * 60] * 60] * 60
    assert terms_at(path("**"), Record({"a": deep})) == {Term("unknown")}
