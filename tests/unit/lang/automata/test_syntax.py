"""The syntax tree of regexes, construct by construct."""

import pytest

from megaql.lang import regexes
from megaql.lang.automata.syntax import (
    NESTING,
    Alternation,
    Assertion,
    Char,
    Class,
    Concat,
    Dot,
    Named,
    NotRead,
    Range,
    Repeat,
    parse,
)
from megaql.lang.nodes import Regex

A, B, C = Char("a"), Char("b"), Char("c")


def char_class(*items, negated=False, fold=False):
    return Class(items, negated, fold, source="")


def one(char):
    return Range(char, char)


@pytest.mark.parametrize(
    ("pattern", "tree"),
    [
        ("", Concat(())),
        ("a", A),
        ("ab", Concat((A, B))),
        ("a|b|", Alternation((A, B, Concat(())))),
        ("a(?:b|c)", Concat((A, Alternation((B, C))))),
        ("(a)(?P<n>b)(?<m>c)", Concat((A, B, C))),
        ("ab*", Concat((A, Repeat(B, 0, None)))),
        ("a+?", Repeat(A, 1, None, lazy=True)),
        ("a?b", Concat((Repeat(A, 0, 1), B))),
        ("a{2}", Repeat(A, 2, 2)),
        ("a{2,}", Repeat(A, 2, None)),
        ("a{2,3}?", Repeat(A, 2, 3, lazy=True)),
        ("a(?i)?b", Concat((Repeat(A, 0, 1), Char("b", fold=True)))),
        ("(?U)a*", Repeat(A, 0, None, lazy=True)),
        ("a{,3}", Concat((A, *map(Char, "{,3}")))),
        ("{", Char("{")),
        ("(ab){2}", Repeat(Concat((A, B)), 2, 2)),
        (r"\Qa*\E*", Concat((A, Repeat(Char("*"), 0, None)))),
        (r"\Qa\E\Qb", Concat((A, B))),
        (".(?s).", Concat((Dot(newline=False), Dot(newline=True)))),
        ("^$(?m)^$", Concat((Assertion.TEXT_START, Assertion.TEXT_END, Assertion.LINE_START, Assertion.LINE_END))),
        (
            r"\A\z\b\B",
            Concat(
                (
                    Assertion.TEXT_START,
                    Assertion.TEXT_END,
                    Assertion.WORD_BOUNDARY,
                    Assertion.NO_WORD_BOUNDARY,
                )
            ),
        ),
        (r"\n\x41\x{1f600}\07\.", Concat(tuple(map(Char, "\nA\U0001f600\a.")))),
        (r"\0", Char("\0")),
        ("[a-z]", char_class(Range("a", "z"))),
        ("[^]a-]", char_class(one("]"), one("a"), one("-"), negated=True)),
        ("[a-b-c]", char_class(Range("a", "b"), one("-"), one("c"))),
        (r"[\w[:^alpha:]\p{Greek}\pL]", char_class(*map(Named, (r"\w", "[:^alpha:]", r"\p{Greek}", r"\pL")))),
        ("[[:a]", char_class(one("["), one(":"), one("a"))),
        (r"[\n-\x{20}\]]", char_class(Range("\n", " "), one("]"))),
        (r"\d\PN", Concat((char_class(Named(r"\d")), char_class(Named(r"\PN"))))),
    ],
)
def test_each_construct_has_its_tree(pattern, tree):
    assert regexes.check(Regex(pattern)) is None
    assert parse(Regex(pattern)) == tree


def test_the_flags_of_the_literal_hold_everywhere():
    tree = parse(Regex("a^.", "ims"))
    assert tree == Concat((Char("a", fold=True), Assertion.LINE_START, Dot(newline=True)))


@pytest.mark.parametrize(
    ("pattern", "folded"),
    [
        ("(?i)abc", "abc"),
        ("a(?i)bc", "bc"),
        ("(?i:a)bc", "a"),
        ("(a(?i)b)c", "b"),
        ("(?i)a(?-i:b)c", "ac"),
        ("(?i)a(?-i)bc", "a"),
        ("(a(?i)|b)c", "b"),
    ],
)
def test_a_flag_holds_to_the_end_of_its_group(pattern, folded):
    found = set()
    todo = [parse(Regex(pattern))]
    while todo:
        tree = todo.pop()
        if isinstance(tree, Char) and tree.fold:
            found.add(tree.char)
        todo.extend(getattr(tree, "items", ()))
    assert found == set(folded)


def test_a_class_keeps_its_text():
    tree = parse(Regex(r"x[^\]a-z[:digit:]]y"))
    assert tree.items[1].source == r"[^\]a-z[:digit:]]"


def test_a_surrogate_is_what_re2_is_given_for_it():
    assert parse(Regex("\ud800")) == Char("\ufffd")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(" * (NESTING + 1) + ")" * (NESTING + 1), "nests too many groups"),
        ("(?=a)", "has a group of an unknown kind"),
        ("(a", "has an open group"),
        ("a)", "closes a group that is not open"),
        ("[a", "has an open class"),
        ("*", "repeats nothing"),
        (r"\y", "has the unknown escape \\y"),
        ("\\", "has the unknown escape \\"),
    ],
)
def test_what_is_not_known_is_refused(pattern, why):
    with pytest.raises(NotRead) as refusal:
        parse(Regex(pattern))
    assert str(refusal.value) == why


def test_as_many_groups_as_are_allowed_are_read():
    assert parse(Regex("(" * NESTING + "a" + ")" * NESTING)) == A
