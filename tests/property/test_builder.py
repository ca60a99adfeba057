"""Patterns written in Python and queries in text meet in one tree: what a pattern prints reads back as itself."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

import megaql
from megaql import patterns as p
from tests.property.documents import records
from tests.property.queries import GLOBS, NAMES, REGEXES

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.integers(0, 10**12).map(lambda milliseconds: timedelta(milliseconds=milliseconds)),
)
PLAIN = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.sets(st.integers(0, 9) | st.sampled_from("abc"), max_size=3)
)
ORDERED = st.one_of(st.integers(), st.text(st.characters(exclude_categories=["Cs"]), max_size=3), st.dates())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)

CONDITIONS = st.one_of(
    st.builds(lambda make, value: make(value), st.sampled_from([p.eq, p.neq]), SCALARS),
    st.builds(lambda make, value: make(value), st.sampled_from([p.gt, p.gte, p.lt, p.lte]), ORDERED),
    st.builds(p.between, st.integers(), st.integers()),
    st.builds(p.in_, st.lists(SCALARS, max_size=3)),
    st.builds(p.match, st.sampled_from(REGEXES), st.sampled_from(["", "i", "sm"])),
    st.builds(lambda make, text: make(text), st.sampled_from([p.startswith, p.endswith, p.contains]), TEXTS),
    st.builds(p.like, st.sampled_from(GLOBS)),
    st.builds(p.is_, st.sampled_from(["null", "string", "number", "boolean", "array", "object", "nan"])),
    st.sampled_from([p.any_, p.empty, p.missing, p.any_(), p.empty(), p.missing()]),
)


def combined(inner):
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda make, items: make(*items), st.sampled_from([p.and_, p.or_, p.one_of]), some),
        st.builds(p.not_, inner),
        st.builds(lambda make, value: make(value), st.sampled_from([p.any_, p.all_, p.none_]), inner),
        st.dictionaries(NAMES, inner, max_size=3),
        some,
    )


def shallow(pattern):
    """Return the query, or None where the generated pattern is past a limit of the language."""
    try:
        return p.pattern(pattern)
    except megaql.QueryLimitError:
        return None


VALUES = st.recursive(PLAIN | CONDITIONS, combined, max_leaves=8)
PATTERNS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=3)


@settings(max_examples=400, deadline=None)
@given(PATTERNS)
def test_a_pattern_reads_back_from_its_text_and_from_json(pattern):
    query = shallow(pattern)
    if query is not None:
        assert megaql.compile(str(query)) == query
        assert megaql.loads(query.to_json()) == query


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(p.MEGA_PATHS)), VALUES, min_size=1, max_size=4))
def test_mega_keywords_read_back_as_well(keywords):
    try:
        query = p.mega(**keywords)
    except megaql.QueryLimitError:
        return
    assert megaql.compile(str(query)) == query


@settings(max_examples=200, deadline=None)
@given(PATTERNS, PATTERNS, records)
def test_joined_queries_mean_what_their_parts_mean(one, other, record):
    one, other = shallow(one), shallow(other)
    if one is None or other is None:
        return
    now = datetime(2026, 1, 1, tzinfo=UTC)
    both = {one.evaluate(record, now=now), other.evaluate(record, now=now)}
    assert (one & other).matches(record, now=now) == (both == {megaql.Verdict.MATCH})
    assert (one | other).matches(record, now=now) == (megaql.Verdict.MATCH in both)
    assert (~one).evaluate(record, now=now) is one.evaluate(record, now=now).negated


def test_a_day_is_a_day():
    assert str(p.pattern({"a": p.gte(date(2020, 1, 1))})) == 'a >= d"2020-01-01"'
