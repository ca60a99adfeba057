"""The parser on tables says what lark says: the same trees at the same places, and the same refusals."""

import pytest

from megaql.lang import grammar
from tests.property.larks import expected_by_lark, of_lark, of_tables

TEXTS = (
    "a == 1",
    "a.b[0][*].'c'.**.d != -1.5e3 # comment",
    " ( ( a == 1 ) ) and not ( b or (c) ) ",
    "((a ?? 1)) == (2) or (a)",
    "any x in items: ((x.a == 1 and any y of x.b: (y > 1m)))",
    "none x in .items: (x.kind is not null)",
    'count(x of a: (x.b)) >= 2 and number((a)) not in [1, $b, "c"i,]',
    "a in cidr '10.0.0.0/8' or a not in cidr $net",
    "a ~ /x/i and b !~ $r",
    "a not between 1 and (2) and exists @attributes.x",
    "a in [] and b startswith r'x' && !c || d'2020-01-01' < e",
    "**.a contains 1KiB and f()",
    "[1,[2],[]]",
)
WRONG = (
    "", " ", "# c", "a ==", "a = 1", "a == 1 b", "(a", "a)", "(a == 1) == 2", "a and", "a.", "a[", "a[1", "a[b]", "any", "any x", "any x in",
    "any x in a", "any x in a:", "any x in a: (", "any x in a: b", "count(x in a: (b)", "a in", "a in cidr", "a in cidr 1", "a is", "a is not",
    "a not", "not", "not not", "a ?? b", "f(", "f(a", "f(a,", "[1,,2]", "a ~ 'x'", "exists", "exists 1", "a == 'x", "a § b", "a == 1.2.3", "1a",
    "a between 1", "a between 1 and", "any x in a: (b) c", "(a or b) + 1", "a == b == c",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_trees_and_places_are_larks(text):
    assert isinstance(of_tables(text), tuple)
    assert of_tables(text) == of_lark(text)


@pytest.mark.parametrize("text", WRONG)
def test_refusals_are_larks(text):
    assert not isinstance(of_tables(text), tuple)
    assert of_tables(text) == of_lark(text)


@pytest.mark.parametrize("text", [*TEXTS, *WRONG])
def test_what_can_follow_each_beginning_is_larks(text):
    for length in range(len(text) + 1):
        assert grammar.expected(text[:length]) == expected_by_lark(text[:length])
