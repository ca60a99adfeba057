"""Languages of short texts: regexes in the accepted dialect, globs, parts, sets and order over a small alphabet."""

from hypothesis import strategies as st

from megaql.lang.automata.languages import OneOf, Order, Part, Search
from megaql.lang.nodes import Comparison, Regex, TextOperator

#: What assertions, classes and casefolding tell apart: among them a Kelvin sign, a sharp s, a lone surrogate and what stands for one.
ALPHABET = "ab\nKs_ \u212a\u017f\u00df\ufffd\ud800"

chars = st.sampled_from(ALPHABET)
texts = st.text(chars, max_size=3)

classes = st.sampled_from(
    [
        ".",
        "[ab]",
        "[^a]",
        "[a-z]",
        "[^a-z]",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        r"[\s_]",
        r"[^\W_]",
        "[[:upper:]]",
        "[[:^alpha:]]",
        r"\pL",
        r"\p{Lu}",
        r"\PL",
        r"[^\pL\n]",
        r"\p{Any}",
        r"[\x{0}-\x{d900}]",
        r"[^\x{fffd}]",
        r"\x{d800}",
        r"[K-\x{212a}]",
    ]
)
assertions = st.sampled_from(["^", "$", r"\A", r"\z", r"\b", r"\B", "(?m:^)", "(?m:$)"])
literals = st.sampled_from([*"abKs_", " ", r"\n", "\u212a", "\u017f", "\u00df", "\ufffd", "\ud800", r"\Qab\E"])
counts = st.sampled_from(["*", "+", "?", "*?", "{2}", "{0,2}", "{1,}", "{0}"])


def larger(inner):
    return (
        st.builds("(?:{}){}".format, inner, counts)
        | st.builds("({}|{})".format, inner, inner)
        | st.builds("{}{}".format, inner, inner)
        | st.builds("(?{}:{})".format, st.sampled_from(["i", "s", "m", "i-s", "ims"]), inner)
        | st.builds("((?{}){}|{})".format, st.sampled_from(["i", "s", "m"]), inner, inner)
    )


patterns = st.recursive(literals | classes | assertions | st.just(""), larger, max_leaves=6)
regexes = st.builds(Regex, patterns, st.sampled_from(["", "i", "m", "s", "im", "ims"]))

#: What regexes are made of, put together at random: most are none, and the others are read as nobody would write them.
PIECES = [
    *"ab1()[]{}|*+?^$.-:,_ \n=!<&#/~",
    *("\\", "[^", "{2}", "{1,2}", "{,2}", "{0,}", "(?i)", "(?s:", "(?m)", "(?-i)", "(?U)", "(?P<n>", "(?:", "(?i"),
    *(r"\d", r"\w", r"\W", r"\s", r"\b", r"\B", r"\A", r"\z", r"\pL", r"\p{Lu}", r"\P{Greek}", r"\Q", r"\E"),
    *(r"\x41", r"\x{42}", r"\n", r"\0", r"\07", r"\.", r"\]", r"\-", "[:alpha:]", "[[:digit:]"),
    *("\u00df", "\u00e9", "K", "\u212a", "\ud800", "\ufffd"),
]
odd_patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)
odd_regexes = st.builds(Regex, odd_patterns, st.sampled_from(["", "i", "m", "s", "im"]))

globs = st.lists(st.sampled_from(["*", "?", "\\*", "\\", *ALPHABET]), max_size=4).map("".join)

languages = (
    st.builds(Search, regexes)
    | st.builds(Part, st.just(TextOperator.LIKE), globs, st.booleans())
    | st.builds(
        Part, st.sampled_from([one for one in TextOperator if one is not TextOperator.LIKE]), texts, st.booleans()
    )
    | st.builds(OneOf, st.frozensets(texts, max_size=4), st.booleans())
    | st.builds(
        Order,
        st.sampled_from([one for one in Comparison if one not in {Comparison.EQ, Comparison.NE}]),
        texts,
        st.booleans(),
    )
)
