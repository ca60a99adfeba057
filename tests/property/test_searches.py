"""Every way of searching answers as plain RE2 does: operations on strings, `re`, sets, bits; on texts aimed at the regex."""

import re

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from megaql.lang import regexes, searches
from megaql.lang.automata import syntax
from megaql.lang.automata.syntax import Alternation, Assertion, Char, Concat, Repeat
from megaql.lang.nodes import Regex
from megaql.lang.searches import Function, RegexSet, Text, bits, linear, shape, steps, writing
from tests.property import languages as q

#: Beside the characters of the regexes: what UTF-8, lines and case treat in a way of their own.
CHARS = q.ALPHABET + "\0\r\v\u0130\u0131\u0085\u2028\udfff\U0001f600.1AkS"
chars = st.sampled_from(CHARS)
texts = st.text(chars, max_size=12)


@st.composite
def near(draw, tree):
    """A text that nearly matches: one for each leaf, now and then another character."""
    if draw(st.integers(0, 19)) == 0:
        return draw(chars)
    match tree:
        case Char(char, fold):
            return draw(st.sampled_from([char, char.swapcase(), *"\u212a\u017f"] if fold else [char]))
        case Concat(items):
            return "".join(draw(near(item)) for item in items)
        case Alternation(items):
            return draw(near(draw(st.sampled_from(items))))
        case Repeat(item, low, high):
            count = draw(st.integers(low, low + 3 if high is None else high))
            return draw(near(item)) * count if draw(st.booleans()) else "".join(draw(near(item)) for _ in range(count))
        case Assertion():
            return draw(st.sampled_from(["", "", "\n"]))
        case _:
            return draw(chars)


def aimed(regex):
    """Texts at a regex: near ones, with something around them."""
    return st.builds("{}{}{}".format, st.text(chars, max_size=2), near(syntax.parse(regex)), st.text(chars, max_size=2))


def function(found):
    """A search as a function."""
    match found:
        case Function(call):
            return call
        case Text(operator, text):
            return {
                "==": text.__eq__,
                "in": lambda whole: text in whole,
                "startswith": lambda whole: whole.startswith(text),
                "endswith": lambda whole: whole.endswith(text),
            }[operator]


def regexes_of_the_dialect(patterns):
    return patterns.filter(lambda regex: regexes.check(regex) is None)


given_regexes = regexes_of_the_dialect(q.regexes | q.odd_regexes)


@settings(max_examples=500)
@given(given_regexes, st.data())
@example(Regex(r"\B"), None)
@example(Regex(r"\Ba?"), None)
def test_a_search_answers_as_plain_re2(regex, data):
    search = function(searches.search(regex))
    some = ["", "\u00df", "\U0001f600", "a\n", "\ud800"]
    for text in some if data is None else [*some, *data.draw(st.lists(texts | aimed(regex), min_size=3, max_size=8))]:
        assert search(text) is regexes.search(regex, text), text


@settings(max_examples=300)
@given(given_regexes, st.data())
def test_each_engine_answers_as_plain_re2_for_what_it_is_given(regex, data):
    tree = shape.simplified(syntax.parse(regex))
    reference = regexes.compiled(regexes.with_flags(regex))
    engines = [linear.function(reference, writing.for_re2(tree))]
    if not shape.between_bytes(tree):
        engines.append(bits.matcher(tree) or engines[0])
        if steps.safe_length(tree):
            pattern = re.compile(writing.for_re(tree))
            engines.append(lambda text: pattern.search(text) is not None)
    short = data.draw(st.lists(texts | aimed(regex), min_size=3, max_size=8))
    for text in [*short, "".join(short)]:
        assert [engine(text) for engine in engines] == [regexes.search(regex, text)] * len(engines), text


@given(given_regexes, st.data(), st.sampled_from([60, 300, 2500]))
def test_a_long_text_is_searched_alike(regex, data, length):
    text = data.draw(aimed(regex))
    assume(text)
    text = (text * length)[:length] + data.draw(texts)
    assert function(searches.search(regex))(text) is regexes.search(regex, text)


@settings(max_examples=500)
@given(q.globs | st.lists(st.sampled_from(["*", "*", "ab", "a", "b", "?"]), max_size=7).map("".join), st.data())
def test_a_glob_answers_as_plain_re2(pattern, data):
    search = function(searches.glob(pattern))
    filled = st.lists(texts, min_size=pattern.count("*"), max_size=pattern.count("*")).map(
        lambda runs: "".join(part + run for part, run in zip(pattern.split("*"), [*runs, ""], strict=True))
    )
    for text in data.draw(st.lists(st.text(st.sampled_from("ab\n\ufffd\ud800"), max_size=8) | filled, min_size=4)):
        assert search(text) is regexes.like(pattern, text), text


@given(st.lists(given_regexes, max_size=4), st.integers(1, 6), st.lists(texts, min_size=1, max_size=4))
def test_a_set_says_which_regexes_match(some, times, wanted):
    given = some * times
    together = RegexSet(given)
    for text in [*wanted, "a" * 300]:
        assert [*together.matching(text)] == [at for at, regex in enumerate(given) if regexes.search(regex, text)], text
