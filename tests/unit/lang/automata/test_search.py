"""Texts that pass some tests and fail others: what is found, what there is none of, what nobody can say."""

import pytest

from megaql.lang.automata.languages import OneOf, Order, Part, Search, holds
from megaql.lang.automata.search import NOTHING, Undecided, find
from megaql.lang.nodes import Comparison, Regex, TextOperator


def regex(pattern, flags=""):
    return Search(Regex(pattern, flags))


def starts(text, **fold):
    return Part(TextOperator.STARTSWITH, text, **fold)


def ends(text, **fold):
    return Part(TextOperator.ENDSWITH, text, **fold)


def has(text, **fold):
    return Part(TextOperator.CONTAINS, text, **fold)


def like(glob, **fold):
    return Part(TextOperator.LIKE, glob, **fold)


def among(*texts, **fold):
    return OneOf(frozenset(texts), **fold)


def less(text):
    return Order(Comparison.LT, text)


def more(text):
    return Order(Comparison.GT, text)


SAME = {
    "a regex anchored at the start": (regex(r"^user\."), starts("user.")),
    "a regex anchored at the end": (regex("updated$"), ends("updated")),
    "a regex of plain characters": (regex("plain"), has("plain")),
    "a quoted regex": (regex(r"\Qa.b\E"), has("a.b")),
    "a whole regex": (regex("^a$"), among("a")),
    "alternatives": (regex("^(?:a|b)$"), among("a", "b")),
    "alternatives written as a class": (regex("^[ab]c?$"), among("a", "b", "ac", "bc")),
    "a glob that ends in a star": (like("ord*"), starts("ord")),
    "a glob that begins with a star": (like("*ord"), ends("ord")),
    "a glob between stars": (like("*a*b*"), regex("(?s)a.*b")),
    "an escaped star": (like(r"\*a"), among("*a")),
    "one character of a glob": (like("?"), regex(r"(?s)\A.\z")),
    "case in a glob and in a test": (like("ab*", fold=True), starts("AB", fold=True)),
    "repetitions": (regex("(?:aa)+"), regex("aa")),
    "bounded repetitions": (regex("^a{2,3}$"), among("aa", "aaa")),
    "a gap of a fixed length": (regex("id=.{36}b"), regex("id=.{16}.{20}b")),
    "a gap that may be shorter": (regex("error.{0,12}timeout"), regex("error(?:.{0,6}){2}timeout")),
    "a word": (regex(r"^\w+$"), regex("^[0-9A-Za-z_]+$")),
    "case and the Kelvin sign": (regex("^k$", "i"), among("k", "K", "\u212a")),
    "casefolding and the sharp s": (among("\u00df", fold=True), among("SS", fold=True)),
    "everything": (regex(""), starts("")),
}


@pytest.mark.parametrize("name", SAME)
def test_two_ways_to_say_the_same_have_no_text_between_them(name):
    one, other = SAME[name]
    assert find([one], [other]) is NOTHING
    assert find([other], [one]) is NOTHING
    assert isinstance(find([one, other]), str)


APART = {
    "two anchored repetitions": [regex("^a+$"), regex("^b+$")],
    "two starts": [starts("user."), starts("order.")],
    "a start and its negation by a regex": [starts("a"), regex("^[^a]")],
    "two ends": [ends("created"), regex("updated$")],
    "a set and a test that none of it passes": [among("draft", "void"), ends("ed")],
    "a start after the end of an order": [starts("b"), less("b")],
    "a start before the start of an order": [starts("a"), more("b")],
    "neighbours in the order": [more("a"), less("a\0")],
    "before the empty text": [less("")],
    "no word boundary inside a word": [regex(r"foo\b."), regex(r"^\w*$")],
    "a boundary on both sides of nothing": [regex(r"^\b$")],
    "a line that cannot end": [regex("(?m)a$b")],
    "an empty class": [regex(r"[^\x{0}-\x{10ffff}]")],
    "a length and another": [like("???"), regex("^.{2}$", "s")],
    "an empty set": [among()],
    "a text in both of two sets": [among("a", "b"), among("c")],
}


@pytest.mark.parametrize("name", APART)
def test_tests_that_no_text_passes_have_nothing(name):
    assert find(APART[name]) is NOTHING


@pytest.mark.parametrize(
    ("require", "forbid", "text"),
    [
        ([], [], "a"),
        ([], [among("a")], "b"),
        ([], [has("a"), among("b", "c", "")], "d"),
        ([among("")], [], ""),
        ([starts("user.")], [], "user."),
        ([starts("user.")], [among("user.")], "user.a"),
        ([starts("user."), ends(".updated")], [], "user.updated"),
        ([like("order.*.v?")], [], "order..va"),
        ([regex("a", "i")], [has("a")], "A"),
        ([regex("^[^a-zA-Z0-9]$")], [], "-"),
        ([regex("@example\\.(?:com|org)$"), ends(".org")], [], "@example.org"),
        ([regex("^[0-9]{3}-[0-9]{2}$")], [], "000-00"),
        ([regex(r"\bfoo\b"), regex("a")], [starts("a")], "foo-a"),
        ([regex("(?m)^b$")], [regex("^b$")], "\nb"),
        ([ends("ss", fold=True)], [regex("[a-zA-Z]")], "\u00df"),
        ([among("a", "bb", "ccc")], [among("a")], "bb"),
        ([more("ab"), less("ad")], [starts("ac")], "aba"),
        ([regex("a.{40}b")], [has("x")], "a" + "c" * 40 + "b"),
        ([more("\ud7ff"), less("\ue000")], [starts("\ud7ff")], "\ud800"),
    ],
)
def test_the_text_that_is_found_is_short_and_readable(require, forbid, text):
    assert find(require, forbid) == text


def test_what_is_required_and_forbidden_is_nothing_however_large():
    huge = regex("(?:a|b)*a(?:[a-f]{3}b?){200}$")
    assert find([huge], [huge]) is NOTHING


def test_many_texts_are_forbidden_quickly():
    ids = frozenset(f"id-{number}" for number in range(10_000))
    assert find([starts("id-")], [OneOf(ids)]) == "id-"
    assert find([starts("id-"), OneOf(ids)], [ends("7")]) == "id-0"


def test_a_search_with_too_many_states_is_undecided():
    far_apart = [regex(pattern) for pattern in ("a.{50}b", "c.{50}d", "e.{50}f", "g.{50}h")]
    assert find([*far_apart, regex("^.{0,20}$")]) == Undecided("there are too many ways to go through the text")


def test_a_limit_of_no_moves_decides_nothing():
    assert isinstance(find([starts("a")], limit=0), Undecided)


def test_a_regex_that_is_too_large_still_counts():
    large = regex("^(?:[ab]{30}c?){30}$")
    assert holds(large, "a" * 900)
    assert find([large, among("a" * 900)]) == "a" * 900
    assert find([large, starts("x"), ends("y"), less("a")], [has("x")]) is NOTHING


def test_what_has_no_automaton_is_left_to_the_evaluator():
    nested = "a"
    for _ in range(150):
        nested = f"(?:{nested})"
    assert find([regex(nested), regex("^a$")]) == "a"
    assert find([regex(nested), regex("^b$")]) == Undecided("a regex nests too many groups")


def test_two_surrogates_that_json_makes_one_are_no_text_of_a_message():
    pair = regex("^[\\x{fffd}]{2}$")
    halves = [starts("\ud800"), ends("\udc00"), pair]
    assert find(halves) == Undecided("only texts that no message holds would do")
