"""What a leaf of a regex takes is what RE2 takes for it."""

import pytest

from megaql.lang import regexes
from megaql.lang.automata.leaves import chars_of
from megaql.lang.automata.syntax import parse
from megaql.lang.nodes import Regex

#: All of ASCII and Latin-1, and what casefolding, classes or UTF-8 treat in a way of its own.
CHARS = [
    *map(chr, range(0x100)),
    *"\u017f\u212a\u0130\u0131\u0345\u03b1\u0391\u03c2\u1e9e\u2028\u0662\ufffd\ud800\udfff\U0001f600\U0010ffff",
]

POSIX = [
    "alnum",
    "alpha",
    "ascii",
    "blank",
    "cntrl",
    "digit",
    "graph",
    "lower",
    "print",
    "punct",
    "space",
    "upper",
    "word",
    "xdigit",
]


@pytest.mark.parametrize("flags", ["", "i"])
@pytest.mark.parametrize(
    "pattern",
    [
        *("a", "K", "s", "_", "5", "\u00e9", "\u00df", "\u03c3", "\u212a", "\ufffd", ".", "(?s:.)"),
        *(r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\pL", r"\PL", r"\p{Lu}", r"\p{^Lu}", r"\P{Lu}", r"\p{Greek}"),
        *("[abc]", "[^abc]", "[a-z]", "[^A-Z]", "[0-9_]", r"[\d\s]", r"[^\d\s]", r"[\Wk]", r"[^\W\d]"),
        *("[[:alpha:]]", "[[:^space:]]", "[^[:word:]]", "[[:punct:]a]", r"[\p{Lu}\pN]", r"[^\PL]"),
        *(f"[[:{name}:]]" for name in POSIX),
        *(f"[[:^{name}:]_]" for name in POSIX),
        *("[\u00e0-\u00fc]", "[^\u00e0-\u00fc]", r"[\x{d7ff}-\x{e000}]", r"\x{d800}", r"[\x{0}-\x{10ffff}]"),
        r"[^\x{0}-\x{10ffff}]",
    ],
)
def test_a_leaf_takes_what_re2_takes(pattern, flags):
    chars = chars_of(parse(Regex(pattern, flags)))
    taken = [char for char in CHARS if ord(char) in chars]
    whole = Regex(rf"\A(?:{pattern})\z", flags)
    assert taken == [char for char in CHARS if regexes.search(whole, char)]


@pytest.mark.parametrize("char", [*map(chr, range(0x80))])
def test_letters_without_case_are_known_for_all_of_ascii(char):
    everything = sorted({*map(chr, range(0x250)), *CHARS})
    escaped = f"\\x{ord(char):02x}"
    chars = chars_of(parse(Regex(escaped, "i")))
    folded = Regex(rf"\A{escaped}\z", "i")
    assert [one for one in everything if ord(one) in chars] == [
        one for one in everything if regexes.search(folded, one)
    ]
