import pytest

from megaql.lang import tree
from megaql.lang.nodes import And, Key, Not, Number, Or, Param, Path, Truth
from megaql.lang.parser import parse

A, B, C = (Truth(Path((Key(name),))) for name in "abc")


def test_walk_goes_from_the_left_and_parents_first():
    names = [type(node).__name__ for node in tree.walk(parse("not a == 1 or any x in b: (x in [2])"))]
    assert names == [
        "Or",
        "Not",
        "Compare",
        "Path",
        "Number",
        "Quantified",
        "Path",
        "In",
        "Path",
        "ListLiteral",
        "Number",
    ]


def test_walking_needs_no_recursion():
    clause = A
    for _ in range(100_000):
        clause = Not(clause)
    assert sum(1 for _ in tree.walk(clause)) == 100_002


def test_joining_is_flat():
    assert tree.conjunction([A, And((B, C))]) == And((A, B, C))
    assert tree.disjunction([Or((A, B)), C]) == Or((A, B, C))
    assert tree.conjunction([Or((A, B)), C]) == And((Or((A, B)), C))
    assert tree.disjunction([A]) == A


@pytest.mark.parametrize("join", [tree.conjunction, tree.disjunction])
def test_joining_nothing_has_no_meaning(join):
    with pytest.raises(ValueError, match="has no meaning of its own"):
        join([])


def test_replace_reaches_every_parameter_and_keeps_the_rest():
    clause = parse("a == $x and any y in b: (y in [$x, 1] and c ?? $x == d) or count(z in b: (z == $x)) > lower($x)")
    replaced = tree.replace(clause, lambda param: Number(7, span=param.span))
    assert replaced == parse(
        "a == 7 and any y in b: (y in [7, 1] and c ?? 7 == d) or count(z in b: (z == 7)) > lower(7)"
    )
    assert not any(isinstance(node, Param) for node in tree.walk(replaced))
    assert replaced.span == clause.span
