"""What `check` claims holds on every record, and what it mends matches the same records as before."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from megaql.lang import evaluator, fixes, parser
from megaql.lang.check import CODES, check, printed
from megaql.lang.record import Record
from megaql.lang.solve import Demand, Want, Witness, solve
from megaql.lang.verdict import Verdict
from megaql.source import Source
from tests.property import clauses as hostile
from tests.property import queries
from tests.property.documents import records

#: Codes whose fixes change nothing about which messages match.
SAME_MEANING = {
    "dead-clause",
    "duplicate-clause",
    "duplicate-item",
    "mixed-and-or",
    "no-wildcard",
    "one-item-list",
    "redundant-clause",
    "regex-literal",
    "repeated-equality",
}

SETTINGS = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))

#: Tests of few paths and values, so that two of them often say something about each other.
SMALL = st.sampled_from(
    [
        "a == 1",
        "a != 1",
        "a == 2",
        "a > 1",
        "a >= 3",
        "a < 1",
        "a between 0 and 2",
        "a in [1]",
        "a in [1, 2, 1.0]",
        'a == "x"',
        'a startswith "x"',
        "a ~ /^x$/",
        'a like "x"',
        "a is string",
        "a is number",
        "a is array",
        "exists a",
        "missing a",
        "empty a",
        "a ?? 1 == 1",
        "a.b == 1",
        "a.b > 3",
        "exists a.b",
        "length(a) >= 0",
        "length(a) < 0",
        "any i in a: (i.b == 1 and i.b == 2)",
        "all i in a: (i.b > 3 and i.b > 1)",
        "none i of a: (i == 1 or i in [1, 2])",
        "one i in a: (i.b == 1 or i.b in [1])",
        "count(i in a: (i.b > 1 and i.b > 3)) >= 1",
        '@kind == "data"',
        '@kind == "mega"',
    ]
)


def joined(inner):
    return st.builds(
        lambda word, parts: f" {word} ".join(f"({part})" for part in parts),
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=2, max_size=4),
    ) | inner.map("not ({})".format)


TEXTS = st.recursive(SMALL, joined, max_leaves=6)

VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        1,
        2,
        3,
        4,
        "x",
        "xy",
        "",
        [],
        [1],
        [1, 2],
        [3, "x"],
        {},
        {"b": 1},
        {"b": [1, 2]},
        [{"b": 1}, {"b": 5}],
    ]
)
SMALL_RECORDS = st.builds(
    lambda body, kind: Record(body, {"kind": kind}),
    st.dictionaries(st.sampled_from(["a"]), VALUES | st.lists(VALUES, max_size=3)) | VALUES,
    st.just("data"),
)


def aimed(*clauses):
    """Return records made for the clauses by the solver, where it finds some."""
    found = [solve([Demand(clause, want)]) for clause in clauses for want in Want]
    if len(clauses) == 2:
        one, other = clauses
        for first, second in ((one, other), (other, one)):
            found.append(solve([Demand(first, Want.MATCH), Demand(second, Want.NOT_MATCH)]))
    return [outcome.record for outcome in found if isinstance(outcome, Witness)]


def holds(source, documents):
    clause = parser.parse(source)
    found = check(clause, source)
    documents = [*documents, *aimed(clause)]
    verdicts = {evaluator.evaluate(clause, record) for record in documents}
    for one in found:
        assert one.code in CODES
        assert 0 <= one.span.start <= one.span.end <= len(source.text)
        assert one.render(source)
        if one.code == "always-false":
            assert Verdict.MATCH not in verdicts
        if one.code == "always-true":
            assert verdicts <= {Verdict.MATCH}
        if one.fix is None:
            continue
        mended = parser.parse(fixes.apply(source.text, one))
        if one.code in SAME_MEANING and (one.code != "dead-clause" or not one.fix):
            for record in (*documents, *aimed(clause, mended)):
                before, after = evaluator.evaluate(clause, record), evaluator.evaluate(mended, record)
                assert (before is Verdict.MATCH) == (after is Verdict.MATCH), (one, source.text, record)


@SETTINGS
@given(TEXTS, st.lists(SMALL_RECORDS, min_size=5, max_size=10))
def test_on_queries_whose_clauses_say_something_about_each_other(text, documents):
    holds(Source(text), documents)


@SETTINGS
@given(queries.clauses(2), st.lists(records, max_size=5))
def test_on_any_query(clause, documents):
    holds(printed(clause), documents)


@SETTINGS
@given(hostile.clauses, st.lists(records, max_size=3))
def test_never_raises_whatever_the_tree_and_the_samples(clause, samples):
    source = printed(clause)
    for one in check(clause, Source(""), samples):
        assert one.render(source)
