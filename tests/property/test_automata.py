"""String languages against the evaluator: automata accept what it accepts, and no answer of a search is ever contradicted."""

import itertools

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from megaql.lang import regexes
from megaql.lang.automata.automaton import Settled
from megaql.lang.automata.languages import Search, holds
from megaql.lang.automata.search import NOTHING, Undecided, automaton_of, find
from megaql.lang.nodes import Regex
from tests.property import languages as q

#: Every text of up to three characters that are told apart.
SHORT = ["".join(chars) for length in range(4) for chars in itertools.product("ab\nKs\u00df", repeat=length)]


def accepts(automaton, text):
    state = automaton.start
    for char in text:
        if isinstance(state, Settled):
            break
        state = automaton.move(state, automaton.alphabet.class_of(char))
    return state.value if isinstance(state, Settled) else automaton.accepts(state)


def fits(require, forbid, text):
    return all(holds(one, text) for one in require) and not any(holds(one, text) for one in forbid)


def readable(language):
    return not isinstance(language, Search) or regexes.check(language.regex) is None


@settings(max_examples=300)
@given(q.languages, st.lists(st.text(q.chars, max_size=6), max_size=8))
def test_an_automaton_accepts_what_the_evaluator_accepts(language, texts):
    assume(readable(language))
    automaton = automaton_of(language)
    for text in [*texts, *SHORT]:
        assert accepts(automaton, text) is holds(language, text), text


@settings(max_examples=300)
@given(q.odd_regexes.map(Search))
def test_an_odd_regex_is_read_as_re2_reads_it(language):
    assume(readable(language))
    automaton = automaton_of(language)
    for text in [*SHORT[:60], *q.PIECES]:
        assert accepts(automaton, text) is holds(language, text), text


@settings(max_examples=300)
@given(q.languages)
def test_the_parts_of_a_state_accept_together_what_it_accepts(language):
    assume(readable(language))
    automaton = automaton_of(language)
    assume(not isinstance(automaton.start, Settled))
    for text in SHORT[:50]:
        reached = False
        states = list(automaton.parts(automaton.start))
        for char in text:
            letter = automaton.alphabet.class_of(char)
            after = [automaton.move(state, letter) for state in states]
            reached = reached or Settled.ALWAYS in after
            states = [part for one in after if not isinstance(one, Settled) for part in automaton.parts(one)]
        assert (reached or any(map(automaton.accepts, states))) is holds(language, text), text


@settings(max_examples=500)
@given(st.lists(q.languages, max_size=3), st.lists(q.languages, max_size=2))
def test_a_search_finds_a_text_that_fits_and_only_where_there_is_one(require, forbid):
    assume(all(map(readable, [*require, *forbid])))
    found = find(require, forbid)
    assert not isinstance(found, Undecided) or found.reason.startswith("only"), found
    if isinstance(found, str):
        assert fits(require, forbid, found)
    if found is NOTHING:
        assert not any(fits(require, forbid, text) for text in SHORT)


@given(st.data(), st.lists(q.languages, max_size=2))
def test_no_sample_of_a_regex_contradicts_that_there_is_nothing(data, forbid):
    pattern = data.draw(st.sampled_from(["^a+b?$", "(a|K)s{2,3}", "[ab]_[^K]", "^(?:a|ab)(?:b|bb)$"]))
    assume(all(map(readable, forbid)))
    search = Search(Regex(pattern))
    if find([search], forbid) is NOTHING:
        sample = data.draw(st.from_regex(pattern.replace("$", r"\Z")))
        assert not fits([search], forbid, sample)
