"""The regex dialect: what it has, what it refuses and with which words, and that it is linear."""

import threading

import pytest

from megaql.lang import regexes
from megaql.lang.nodes import Regex
from megaql.lang.regexes import Problem

NOT_HERE = "is not part of this regex dialect (RE2, linear time)"


@pytest.mark.parametrize(
    ("pattern", "name", "offset", "length"),
    [
        ("a(?=b)", "lookahead", 1, 3),
        ("a(?!b)", "negative lookahead", 1, 3),
        ("(?<=a)b", "lookbehind", 0, 4),
        ("x(?<!a)b", "negative lookbehind", 1, 4),
        (r"(a)\1", "a backreference", 3, 2),
        (r"(?P<n>a)(?P=n)", "a backreference", 8, 4),
        (r"(?<n>a)\k<n>", "a backreference", 7, 2),
        (r"(a)\g1", "a backreference", 3, 2),
        ("(?>a)", "an atomic group", 0, 3),
        ("(?#note)a", "a comment", 0, 3),
        ("(a)?(?(1)b|c)", "a conditional", 4, 3),
        ("(?|a|b)", "a branch reset", 0, 3),
        ("(?R)", "a recursive pattern", 0, 3),
        ("(?&n)", "a subroutine call", 0, 3),
        ("a++", "a possessive repetition", 1, 2),
        ("a{2,3}+", "a possessive repetition", 1, 6),
        ("[ab]*+", "a possessive repetition", 4, 2),
        ("(?x)a b", "the flag x", 0, 4),
        ("(?ix:a b)", "the flag x", 0, 5),
        (r"a\Z", r"the anchor \Z", 1, 2),
        (r"\Ga", r"the anchor \G", 0, 2),
        (r"a\Kb", r"the match reset \K", 1, 2),
        (r"\h+", r"the escape \h", 0, 2),
        (r"\u0041", r"the escape \u", 0, 2),
        (r"\X", r"the escape \X", 0, 2),
    ],
)
def test_a_construct_of_another_dialect_is_named_with_its_place_and_a_way_out(pattern, name, offset, length):
    problem = regexes.check(Regex(pattern))
    assert problem[:3] == (f"{name} {NOT_HERE}", offset, length)
    assert problem.hint


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a[b", Problem("'[' is not closed", 1, 1, "write \\[ for the character")),
        ("a(b", Problem("'(' is not closed", 1, 1, "write \\( for the character")),
        ("((a)", Problem("'(' is not closed", 0, 1, "write \\( for the character")),
        ("(a))", Problem("')' has no '(' before it", 3, 1, "write \\) for the character")),
        ("*a", Problem("'*' has nothing to repeat", 0, 1, "write \\ before the character to mean itself")),
        ("a**", Problem("'**' repeats a repetition", 1, 2, "write one of them")),
        ("a{2000}", Problem("'{2000}' repeats more than 1,000 times", 1, 6, "write a smaller count, or +")),
        ("[[:foo:]]", Problem("'[:foo:]' is no class", 1, 7, "write [:alpha:], [:digit:] or another POSIX class")),
        (r"[a-\d]", Problem("'\\d' is no end of a range", 3, 2, "write \\- for a hyphen")),
        ("[b-a]", Problem("'b-a' is no range", 1, 3, "write the smaller character first")),
        ("a\\q", Problem("'\\q' is no escape", 1, 2, "write \\\\ for a backslash")),
        ("a\\", Problem("the regex ends in a lone backslash", 1, 1, "write \\\\ for a backslash")),
        ("(?<n", Problem("'(?<n' is no group name", 0, 4, "write (?P<name>…)")),
        ("(?z)", Problem("'(?z' is no group of this dialect", 0, 3, "write (?:…), or (?i:…) with flags i, m, s")),
        (r"\p{Klingon}", Problem("'\\p{Klingon}' is no Unicode class", 0, 11, "write \\pL, \\p{Greek} or another general category or script")),
    ],
)  # fmt: skip
def test_a_broken_regex_has_the_place_of_the_break(pattern, problem):
    assert regexes.check(Regex(pattern)) == problem


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a|b",
        "(?i)a(?s:.)",
        "(?P<n>a)(?<m>b)",
        "[(?=a)]",
        r"\(?=a",
        r"\Q(?=a)++\E",
        "[]+]+",
        "[^]+]+",
        "[[:alpha:]+]+",
        r"[\]]+",
        "a+?",
        "a{1,2}?",
        r"\p{Greek}\pL\x{1F600}\d\w\b\z",
        "a/b",
        r"a\/b",
        "\ud800",
    ],
)
def test_what_only_looks_foreign_compiles(pattern):
    assert regexes.check(Regex(pattern)) is None


def test_search_is_linear_where_backtracking_explodes():
    assert not regexes.search(Regex("(a*)*(a*)*b$"), "a" * 50_000)


def test_a_glob_of_many_stars_is_linear():
    assert not regexes.like("*a" * 50 + "b", "a" * 20_000)


def test_patterns_are_compiled_once_and_shared_by_threads():
    results = []
    regex = Regex("x{1,50}y", "i")

    def search():
        results.append([regexes.search(regex, text) for text in ("XXY", "xxz") * 50])

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[True, False] * 50] * 4


def test_nothing_is_written_to_stderr(capfd):
    regexes.check(Regex("(((a{100}){100}){100})"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "part"),
    [
        (r"\d+", "", "a12b345", "12"),
        ("é+", "i", "caÉé", "Éé"),
        ("x*", "", "abc", ""),
        ("x", "", "abc", None),
        (".", "", "\ud800", "\ufffd"),
    ],
)
def test_what_a_regex_found(pattern, flags, text, part):
    assert regexes.found(Regex(pattern, flags), text) == part
