"""What `check` says of a query whose parameters have no values is so for every value."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from megaql.lang import binding, evaluator, fixes, nodes, parser
from megaql.lang.check import check
from megaql.lang.tree import walk
from megaql.lang.verdict import Verdict
from megaql.source import Source
from tests.property.aimed import NOW, record

TESTS = (
    *("a == $x", "a == $x", "a > $x", "a in $xs", "a in [$x, 1]", "b == $x", "missing a", "exists @attributes"),
    *("a == 1", "a == 2", "a != 1", "a > 3", "a.b == 1", "length(a) < 0", "a is string"),
)
INNER = ("i == $x", "i.b == $x", "i.b == 1", "i.b == 2", "i == 1", "missing i.b", "a == $x")


def joined(tests):
    return st.recursive(
        st.sampled_from(tests),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(("and", "or")), inner).map(lambda parts: f"({' '.join(parts)})"),
            inner.map(lambda one: f"not ({one})"),
        ),
        max_leaves=4,
    )


quantified = st.tuples(st.sampled_from(("any", "all", "none", "one")), joined(INNER)).map(
    lambda parts: f"{parts[0]} i in a: ({parts[1]})"
)
counted = joined(INNER).map(lambda inside: f"count(i in a: ({inside})) >= 1")
texts = st.lists(st.one_of(joined(TESTS), quantified, counted), min_size=1, max_size=4).flatmap(
    lambda parts: st.sampled_from((" and ", " or ")).map(lambda word: word.join(f"({one})" for one in parts))
)
values = st.sampled_from((None, True, 1, 2, 5, "x", "y"))


def bound(text, given_values):
    source = Source(text)
    clause = parser.parse(source)
    used = {node.name for node in walk(clause) if isinstance(node, nodes.Param)}
    return binding.bind(clause, {name: given_values[name] for name in used}, source)


def verdict(clause, number):
    return evaluator.evaluate(clause, record(number), now=NOW)


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(texts, values, st.lists(values, max_size=3), st.integers(0, 2**32))
def test_what_is_found_is_so_for_every_value(text, x, xs, seed):
    source = Source(text)
    clause = bound(text, {"x": x, "xs": xs})
    numbers = range(seed, seed + 40)
    for one in check(parser.parse(source), source):
        if one.code == "always-false":
            assert all(verdict(clause, number) is not Verdict.MATCH for number in numbers)
        if one.code == "always-true":
            assert all(verdict(clause, number) is Verdict.MATCH for number in numbers)
        if one.fix is not None and one.code in {"dead-clause", "duplicate-clause", "redundant-clause"}:
            mended = bound(fixes.apply(text, one), {"x": x, "xs": xs})
            for number in numbers:
                same = (verdict(clause, number) is Verdict.MATCH) is (verdict(mended, number) is Verdict.MATCH)
                assert same, (one.message, record(number))
