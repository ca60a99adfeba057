"""How a regex or a glob is searched for: as which operation, by which engine, and that it stays so for many threads and long texts."""

import threading

import pytest

from megaql.lang import regexes, searches
from megaql.lang.automata import syntax
from megaql.lang.nodes import Regex
from megaql.lang.searches import Function, RegexSet, Text, bits, linear, shape, steps, writing


def tree_of(pattern, flags=""):
    return shape.simplified(syntax.parse(Regex(pattern, flags)))


@pytest.mark.parametrize(
    ("pattern", "flags", "operator", "text"),
    [
        ("abc", "", "in", "abc"),
        ("", "", "in", ""),
        ("^abc", "", "startswith", "abc"),
        (r"\Aabc", "m", "startswith", "abc"),
        ("abc$", "", "endswith", "abc"),
        ("^abc$", "", "==", "abc"),
        ("^$", "", "==", ""),
        (".*abc.*", "", "in", "abc"),
        ("(x|y*)?(abc)", "", "in", "abc"),
        ("a+", "", "in", "a"),
        ("xa{2,}", "", "in", "xaa"),
        (r"a\.b\x41[.]\Q*\E", "", "in", "a.bA.*"),
        ("^.*abc", "s", "in", "abc"),
        ("12-3", "i", "in", "12-3"),
    ],
)
def test_a_plain_regex_is_an_operation_on_strings(pattern, flags, operator, text):
    assert searches.search(Regex(pattern, flags)) == Text(operator, text)


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [
        ("^abc", "m"),
        ("abc$", "m"),
        ("abc", "i"),
        ("a.c", ""),
        ("\ufffd", ""),
        (r"\x{d800}", ""),
        ("^.*abc", ""),
        ("^(ab|cd)$", ""),
        (r"\babc", ""),
    ],
)
def test_what_is_not_plain_is_a_function(pattern, flags):
    assert isinstance(searches.search(Regex(pattern, flags)), Function)


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*x*", Text("in", "x")),
        ("**x**", Text("in", "x")),
        ("x*", Text("startswith", "x")),
        ("*x", Text("endswith", "x")),
        ("*", Text("endswith", "")),
        ("", Text("==", "")),
        (r"a\*", Text("==", "a*")),
        ("x\\", Text("==", "x\\")),
    ],
)
def test_a_plain_glob_is_an_operation_on_strings(glob, expected):
    assert searches.glob(glob) == expected


@pytest.mark.parametrize(
    ("glob", "text", "matches"),
    [
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("ab*ba", "aba", False),
        ("a*b*c", "a-c-b", False),
        ("a*b*c", "a-b\n-c", True),
        ("*ab*ab*", "ab", False),
        ("*a*\ufffd", "a\udfff", True),
        ("a?c*", "a\U0001f600c", True),
    ],
)
def test_a_glob_of_several_parts(glob, text, matches):
    assert searches.glob(glob).call(text) is matches
    assert regexes.like(glob, text) is matches


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("foo.*bar", "foo\nbar", False),
        ("foo.*bar", "foo\nfoobar", True),
        ("foo.+bar", "foobar bar", True),
        ("^a.+b$", "ab", False),
        ("^a.+b$", "a\ud800b", True),
        ("(?s)a.{3,}b", "a\n\nb", False),
    ],
)
def test_texts_in_their_order(pattern, text, matches):
    assert searches.search(Regex(pattern)).call(text) is matches
    assert regexes.search(Regex(pattern), text) is matches


@pytest.mark.parametrize(
    "pattern", ["^[a-z]+-[0-9]+$", r"order\d+-[a-z]+", r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$", "^(ab|cd)+$", "(?i)error|warn"]
)
def test_a_regex_of_one_path_is_safe_in_all_short_texts(pattern):
    assert steps.safe_length(tree_of(pattern)) >= steps.LENGTH


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a+)+$",
        "^(a|aa)+$",
        "^(a|a?)+$",
        "^(.*)(.*)(.*)x$",
        r"^(\w+\s?)*$",
        "^(a?){30}a{30}$",
        "^((ab)*|c*)*$",
        r"^\pL+$",
    ],
)
def test_a_regex_of_many_paths_is_for_re2(pattern):
    assert steps.safe_length(tree_of(pattern)) == 0


@pytest.mark.parametrize(
    ("pattern", "length"), [("^a*b*c$", 256), ("a[ab]*c", 64), ("^[ab]*a[ab]*c$", 64), ("x[ab]{3}[bc]*d", 256)]
)
def test_steps_grow_with_ambiguity(pattern, length):
    tree = tree_of(pattern)
    assert steps.steps(tree, length) <= steps.STEPS
    assert steps.steps(tree, 16 * length) > steps.STEPS


def test_no_text_of_a_user_gets_into_a_pattern_for_re():
    assert writing.for_re(tree_of(r"(?P<name>[[:alpha:]]\d)+[^\x{5d}]\*x$")) == (
        r"[\U00000041-\U0000005a\U00000061-\U0000007a][\U00000030-\U00000039][^\U0000005d]\*x\Z"
    )


@pytest.mark.parametrize(
    "pattern", [r"a[ab]{20}c", r"(?i)x[a-x]{30}y", r"(\pL|\pN){300}!", r"b(a|bb){12}!", "(x?){500}x{500}y"]
)
def test_what_has_many_states_is_searched_by_bits(pattern):
    tree = tree_of(pattern)
    assert bits.many_states(tree) or regexes.compiled(writing.for_re2(tree)).programsize > linear.PROGRAM
    assert bits.matcher(tree) is not None


@pytest.mark.parametrize(
    "pattern", ["[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}", r"^\d{4}-\d{2}-\d{2}T", "(?i)internal server error", "a{100}b"]
)
def test_what_is_counted_and_has_few_states_is_left_to_re2(pattern):
    assert not bits.many_states(tree_of(pattern))


@pytest.mark.parametrize("pattern", [r"(?:a[ab]{20}c)*d$", "x([ab]{1,50}|[cd]{1,50}){50}y", "(?i)a[a-z]{20}efghijk"])
def test_bits_refuse_what_they_have_no_bound_for(pattern):
    assert bits.matcher(tree_of(f"^{pattern}")) is None


@pytest.mark.parametrize(
    ("end", "matches"),
    [("a" + "b" * 20 + "c", True), ("a" + "b" * 19 + "c", False), ("a" + "b" * 20 + "\ud800", False)],
)
def test_a_long_text_with_many_states_is_searched_exactly(end, matches):
    search = searches.search(Regex("a[ab]{20}c"))
    assert search.call("ba" * 3000 + "b" + end) is matches


@pytest.mark.parametrize("pattern", [r"\B", r"\B(x*|\B)", r"^.*\B|x"])
@pytest.mark.parametrize("text", ["a\u00dfa", "\u00df", "aa", "a", "", "a\ud800a"])
def test_between_the_bytes_of_a_character_is_no_boundary(pattern, text):
    search = searches.search(Regex(pattern))
    assert search.call(text) is regexes.search(Regex(pattern), text)


@pytest.mark.parametrize(("text", "matches"), [("xaac", True), ("xc", True), ("xaabc", False), ("aac", False)])
def test_bits_follow_a_repetition_to_its_end(text, matches):
    assert bits.matcher(tree_of("xa*c"))(text) is matches


@pytest.mark.parametrize("pattern", ["a(b", "a(?=b)", "*", r"\Z"])
def test_what_is_no_regex_is_refused_when_made(pattern):
    with pytest.raises(regexes.PatternError):
        searches.search(Regex(pattern))
    with pytest.raises(regexes.PatternError):
        RegexSet([Regex("a")] * searches.TOGETHER + [Regex(pattern)])
    with pytest.raises(regexes.PatternError):
        RegexSet([Regex(pattern)])


def test_a_glob_that_is_too_large_is_refused_when_made():
    with pytest.raises(regexes.PatternError):
        searches.glob("?*" * 100_000)


def test_a_search_is_made_once():
    assert searches.search(Regex("a+b")) is searches.search(Regex("a+b"))
    assert searches.glob("a?b") is searches.glob("a?b")


@pytest.mark.parametrize("times", [1, 3, 50])
@pytest.mark.parametrize("text", ["abc", "ABC", "xyz", "abc" * 600])
def test_a_set_names_the_regexes_that_match(times, text):
    given = [Regex("ab"), Regex("abc", "i"), Regex("^b"), Regex("c$")] * times
    expected = [place for place, regex in enumerate(given) if regexes.search(regex, text)]
    assert [*RegexSet(given).matching(text)] == expected


def test_a_set_too_large_for_its_memory_answers_one_by_one():
    given = [Regex(rf"^(\pL{{30}}|x){number}$") for number in range(40)]
    assert linear.together([regex.pattern for regex in given], searches.SET_MEMORY) is None
    assert [*RegexSet(given).matching("x7")] == [7]


@pytest.mark.parametrize("memory", [8_000, 20_000, 100_000, 8 << 20])
@pytest.mark.parametrize("pattern", ["a[ab]{12}c", "(.a.b.{20}){3}c", r"\pL{3}c$", "([ab]{1,20}){10}c"])
def test_a_set_of_any_memory_loses_no_match_in_a_text_that_needs_more(pattern, memory):
    together = linear.together([pattern], memory)
    text = "".join("ab"[number * number % 7 % 2] for number in range(3000))
    if together is not None:
        assert [bool(together(one)) for one in (text + "c", text)] == [
            regexes.search(Regex(pattern), one) for one in (text + "c", text)
        ]


def test_many_threads_may_search_at_once():
    search, together = (
        searches.search(Regex(r"(a|aa)+\pL$")),
        RegexSet([Regex(rf"a{{{n}}}[ab]*c") for n in range(1, 30)]),
    )
    wanted = "ab" * 90 + "aaaaac", [0, 1, 2, 3, 4]
    wrong = []

    def work(number):
        for turn in range(200):
            text = "ab" * (turn % 50) + "a" * (number + 1) + "c"
            if not search.call(text) or [*together.matching(wanted[0])] != wanted[1]:
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
