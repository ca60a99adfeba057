"""What a text must have: spellings of one text, parts of globs and regexes, beginnings of dates."""

import itertools
from datetime import UTC, datetime

import pytest

from megaql.convert.exporting import texts
from megaql.convert.exporting.texts import Shape
from megaql.lang.nodes import Regex


def reached(spelling):
    """All texts that a service finds by a spelling: each letter in upper or lower case, where that is one letter."""
    return {"".join(chars) for chars in itertools.product(*(texts._cases(char) for char in spelling))}


def test_every_letter_is_found_by_a_spelling_of_what_it_folds_to():
    lost = []
    for code in range(0x110000):
        char = chr(code)
        if 0xD800 <= code < 0xE000 or char.casefold() == char:
            continue
        spellings = texts.spellings(char.casefold())
        if spellings is not None and not any(char in reached(spelling) for spelling in spellings):
            lost.append(char)
    assert lost == []


def test_lower_case_folds_like_the_letter():
    assert [chr(code) for code in range(0x110000) if chr(code).lower().casefold() != chr(code).casefold()] == []


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("", ("",)),
        ("abc", ("abc",)),
        ("user", ("user", "u\u017fer")),
        ("\u0131", ("\u0131",)),
        ("kiss me softly, kiss", None),
    ],
)
def test_spellings(text, spellings):
    assert texts.spellings(text) == spellings


def test_spellings_that_go_on():
    assert set(texts.spellings("s", open_end=True)) == {"s", "\u017f", "\u00df", "\u1e9e", "\ufb05", "\ufb06"}
    assert set(texts.spellings("s", open_start=True)) == {"s", "\u017f", "\u00df", "\u1e9e"}


@pytest.mark.parametrize(
    ("pattern", "flags", "shape"),
    [
        ("^abc", "", Shape("abc", exact=True)),
        ("abc$", "", Shape(end="abc", exact=True)),
        ("^abc$", "", Shape("abc", whole=True, exact=True)),
        (r"\Aabc\z", "", Shape("abc", whole=True, exact=True)),
        ("abc", "", Shape(inside="abc", exact=True)),
        (r"^a\.b\/c", "", Shape("a.b/c", exact=True)),
        ("^abc.*", "", Shape("abc", exact=True)),
        ("^abc.*$", "", Shape("abc")),
        ("^abc*", "", Shape("ab")),
        ("^abc+d", "", Shape("abc")),
        ("^ab?", "", Shape("a")),
        ("^ab{2}", "", Shape("a")),
        ("^a(?:b|c)", "", Shape("a")),
        ("a[bc]", "", Shape(inside="a")),
        (r"a\d", "", Shape(inside="a")),
        ("", "", Shape(exact=True)),
        ("^", "", Shape(exact=True)),
        ("a|b", "", None),
        ("^a|b", "", None),
        ("^a", "m", None),
        ("a", "m", Shape(inside="a", exact=True)),
        (r"\Qa|b\E", "", None),
        ("a\ufffd", "", None),
        ("(?i)abc", "", Shape(inside="")),
    ],
)
def test_shapes_of_regexes(pattern, flags, shape):
    assert texts.of_regex(Regex(pattern, flags)) == shape


@pytest.mark.parametrize(
    ("pattern", "shape", "wildcard"),
    [
        ("abc", Shape("abc", whole=True, exact=True), ("abc", True)),
        ("a*", Shape("a", exact=True), ("a*", True)),
        ("*a", Shape(end="a", exact=True), ("*a", True)),
        ("a*b", Shape("a", end="b"), ("a*b", True)),
        ("a?b", Shape("a", end="b"), ("a*b", False)),
        ("a?*?b", Shape("a", end="b"), ("a*b", False)),
        (r"a\*b\?*", Shape("a*b?", exact=True), (r"a\*b?*", True)),
        (r"a\\*", Shape("a\\", exact=True), (r"a\\*", True)),
    ],
)
def test_shapes_of_globs(pattern, shape, wildcard):
    assert texts.of_glob(pattern) == shape
    assert texts.wildcard(pattern) == wildcard


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "prefixes"),
    [
        ("2026-03-01", "2026-03-01", ("2026-02-28", "2026-03-01", "2026-03-02")),
        ("2026-03-05", "2026-03-20", ("2026-03-",)),
        ("2026-03-05", "2029-01-01", ("202",)),
        ("1999-03-05", "2029-01-01", ()),
        ("0001-01-01", "0001-01-01", ()),
    ],
)
def test_what_dates_begin_with(first, last, prefixes):
    assert texts.date_prefixes(day(first), day(last)) == prefixes
