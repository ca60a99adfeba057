from datetime import timedelta

import pytest

from megaql.lang import literals


@pytest.mark.parametrize(
    ("read", "text", "code", "place"),
    [
        (literals.read_string, r'"a\qb"', "escape", r"\q"),
        (literals.read_string, r'"\u12"', "escape", r"\u"),
        (literals.read_date, 'd"2026-02-30"', "date", "2026-02-30"),
        (literals.read_date, 'd""', "date", ""),
        (literals.read_regex, "/x/ig", "regex-flag", "g"),
        (literals.read_regex, "/x/ii", "regex-flag", "i"),
        (literals.read_duration, "0.1ms", "duration", "0.1ms"),
        (literals.read_duration, "9999999999d", "duration", "9999999999d"),
    ],
)
def test_errors_point_inside_the_literal(read, text, code, place):
    with pytest.raises(literals.LiteralError) as caught:
        read(text)
    error = caught.value
    assert error.code == code
    assert text[error.offset : error.offset + error.length] == place


@pytest.mark.parametrize(
    ("pattern", "offset", "place"), [("ab(", 2, 3), ("a/b(", 3, 5), ("//(", 2, 5), ("(", 0, 1), (r"\d/(", 3, 5)]
)
def test_places_in_a_regex_count_its_escaped_slashes(pattern, offset, place):
    written = literals.write_regex(literals.nodes.Regex(pattern))
    assert literals.offset_in_literal(pattern, offset) == place
    assert written[place] == pattern[offset]


@pytest.mark.parametrize(
    ("string", "regex"),
    [('"x"', "/x/"), ("'a/b'", r"/a\/b/"), ('"x"i', "/x/i"), (r'r"\d"', r"/\d/"), (r'"\\d"', r"/\d/"), ('"i"', "/i/")],
)
def test_the_regex_meant_by_a_string(string, regex):
    assert literals.regex_for(string) == regex


def test_fractions_of_a_duration_are_exact():
    assert literals.read_duration("0.1s") == timedelta(milliseconds=100)
    assert literals.read_duration("1_000ms") == timedelta(seconds=1)
