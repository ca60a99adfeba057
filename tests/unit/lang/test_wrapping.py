import pytest

from megaql.lang.wrapping import clip, wrap
from megaql.source import width


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "  three"]),
        ("日本語日本語", ["日本語日", "  本語"]),
        ("a 日本 語", ["a 日本", "  語"]),
        ("e\u0301e\u0301 x", ["e\u0301e\u0301 x"]),
    ],
)
def test_room_is_counted_in_cells(text, lines):
    assert wrap(text, 8, indent="  ") == lines


def test_no_line_is_too_wide_for_a_long_word_of_both_widths():
    assert max(map(width, wrap("x日" * 100, 20))) <= 20


def test_what_does_not_fit_is_left_out():
    assert wrap("one two three four", 9, most=1) == ["one two …"]


@pytest.mark.parametrize(("text", "shown"), [("abcd", "abcd"), ("abcde", "abc…"), ("日本", "日本"), ("日本語", "日…")])
def test_clip(text, shown):
    assert clip(text, 4) == shown
