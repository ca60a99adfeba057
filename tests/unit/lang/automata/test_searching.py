"""The automata of regexes and parts accept what the evaluator accepts, on every short text."""

import itertools

import pytest

from megaql.lang.automata.automaton import ALWAYS, NEVER, Settled
from megaql.lang.automata.languages import Part, Search, holds
from megaql.lang.automata.search import automaton_of
from megaql.lang.nodes import Regex, TextOperator

SHORT = ["".join(chars) for length in range(5) for chars in itertools.product("ab\n\u00df", repeat=length)]


def accepts(automaton, text):
    state = automaton.start
    for char in text:
        if isinstance(state, Settled):
            break
        state = automaton.move(state, automaton.alphabet.class_of(char))
    return state.value if isinstance(state, Settled) else automaton.accepts(state)


PATTERNS = [
    *("a*b", "a+b?", "(a|ab)(b|)", "a{2}", "a{0,1}b{2,}", "(ab?)*", "(a*)*", "(a|b*)+", "a??b", "(?:)", "|a", "a||b"),
    *("^a", "a$", "^$", "^a*$", "(?m)^a$", "(?m)^$", "(?m)a$|^b", "$^", "(^a|b)+", "(?:^)*a", "(?:a$)?b", r"\Aa\z"),
    *(r"\ba", r"a\b", r"\Ba", r"a\Bb", r"\b", r"\B", r"^\b", r"\b$", r"(\b|a)b", r"\b\B", r"(?:a\b)+", r"\b\n"),
    *("(?i)ab", "(?i:a)b", "a(?i)b|a", "(?s)a.b", "a.b", "[^a]b", r"\W", r"\s$", r"(?im)^A\s?$", "^.$", "(?s)^.$"),
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_regex_is_found_where_the_evaluator_finds_it(pattern):
    language = Search(Regex(pattern))
    automaton = automaton_of(language)
    assert [text for text in SHORT if accepts(automaton, text)] == [text for text in SHORT if holds(language, text)]


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("operator", TextOperator)
@pytest.mark.parametrize("operand", ["", "a", "ab", "aba", "ss", "\u00df", "*a", "a?", "\\*", "?\\"])
def test_a_part_is_what_the_evaluator_takes_for_one(operator, operand, fold):
    language = Part(operator, operand, fold)
    automaton = automaton_of(language)
    texts = [*SHORT, "AB", "a*", "*", "x\\", "SS", "aSs", "*A"]
    assert [text for text in texts if accepts(automaton, text)] == [text for text in texts if holds(language, text)]


def after(pattern, text):
    automaton = automaton_of(Search(Regex(pattern)))
    state = automaton.start
    for char in text:
        state = automaton.move(state, automaton.alphabet.class_of(char))
    return state


@pytest.mark.parametrize(
    ("pattern", "text", "settled"),
    [("", "", ALWAYS), ("ab", "xab", ALWAYS), ("^ab", "x", NEVER), ("^ab", "ac", NEVER), (r"\Aa\z", "ab", NEVER)],
)
def test_what_no_character_can_change_is_settled(pattern, text, settled):
    assert after(pattern, text) is settled


def test_a_search_that_begins_anew_is_in_the_state_it_began_in():
    assert after("ab", "aab") is ALWAYS
    assert after("abc", "xx") == after("abc", "abx")
