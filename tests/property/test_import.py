"""A query made of a pattern matches what EventBridge says, and no pattern makes reading raise anything but `ConvertError`."""

import contextlib

import ministack.services.eventbridge as ministack
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

import megaql
from megaql.convert import eventbridge, lambda_filters, pipes, sns
from megaql.errors import ConvertError
from megaql.lang import evaluator
from megaql.lang.record import Record
from megaql.lang.verdict import Verdict
from tests.property import patterns as p
from tests.unit.convert import reference


def imported(pattern):
    """Return the query of a pattern; one that is too large for a query makes no example."""
    try:
        return eventbridge.from_pattern(pattern)
    except ConvertError as refused:
        assume(not any(words in str(refused) for words in ("too large", "combinations")))
        raise


def takes(query, event):
    return evaluator.evaluate(query.node, Record(event)) is Verdict.MATCH


def assert_the_same(data, patterns):
    pattern = data.draw(patterns)
    query = imported(pattern)
    for event in data.draw(st.lists(p.events(pattern), min_size=1, max_size=8)):
        assert takes(query, event) is reference.matches(pattern, event)


@settings(max_examples=200)
@given(st.data())
def test_a_query_asks_for_the_leaves_that_its_pattern_asks_for(data):
    assert_the_same(data, p.shapes)


@settings(max_examples=200)
@given(st.data())
def test_a_query_asks_of_a_leaf_what_its_pattern_asks(data):
    assert_the_same(data, st.lists(p.conditions, min_size=1, max_size=2).map(lambda leaf: {"a": leaf}))


@given(st.data())
def test_a_query_matches_the_events_that_its_pattern_matches(data):
    assert_the_same(data, p.patterns)


@given(p.patterns)
def test_the_printed_query_is_the_query(pattern):
    query = imported(pattern)
    assert megaql.compile(str(query)) == query


@given(st.data())
def test_ministack_says_the_same_of_events_without_arrays(data):
    pattern = data.draw(p.patterns)
    query = imported(pattern)
    event = data.draw(p.events(pattern, arrays=False))
    said = any(ministack._matches_detail(event, rule) for rule in ministack._compile_pattern(pattern))
    assert takes(query, event) is said


#: What moto knows to the letter: of texts in any other than plain letters it ignores case differently, and it compares addresses as text.
PLAIN = st.sampled_from(["x", "X", "xy", "abc"])
MOTO = st.one_of(
    PLAIN,
    st.sampled_from([1, 5, True, None]),
    p.matcher("prefix", PLAIN),
    p.matcher("suffix", PLAIN),
    p.matcher("equals-ignore-case", PLAIN),
    p.matcher("wildcard", st.just("x*")),
    p.matcher("exists", st.booleans()),
    p.matcher("anything-but", PLAIN | st.lists(PLAIN, min_size=1)),
)


@given(
    p.fields(st.lists(MOTO, min_size=1, max_size=2)),
    st.dictionaries(st.sampled_from(p.NAMES), PLAIN | st.sampled_from([1, 5])),
)
def test_moto_says_the_same_of_flat_events_with_plain_values(pattern, event):
    assert takes(imported(pattern), event) is EventPattern("", pattern).matches_event(event)


#: Conditions that SNS knows too.
SNS = st.one_of(
    p.scalars,
    *(p.matcher(name, p.texts) for name in ("prefix", "suffix")),
    p.matcher("equals-ignore-case", p.folded),
    p.matcher("numeric", st.sampled_from([[">", 0], [">=", 0, "<", 5]])),
    p.matcher("exists", st.booleans()),
    p.matcher("anything-but", p.one_or_more(p.texts) | p.matcher("prefix", p.texts.filter(bool))),
).filter(lambda condition: condition not in (1e20, 2**53))  # past the largest number SNS takes


@given(st.data())
def test_a_filter_policy_takes_the_attributes_that_sns_takes(data):
    policy = data.draw(p.fields(st.lists(SNS, min_size=1, max_size=2)))
    event = data.draw(p.events(policy).filter(bool))
    query = sns.from_policy(policy, "MessageAttributes")
    found = evaluator.evaluate(query.node, Record(envelope={"attributes": event})) is Verdict.MATCH
    assert found is reference.matches(policy, event)


@given(st.data())
def test_a_filter_policy_takes_the_bodies_that_sns_takes(data):
    leaves = st.lists(SNS, min_size=1, max_size=1)
    policy = data.draw(p.fields(leaves | p.with_alternatives(p.fields(leaves)) | p.fields(leaves)))
    event = data.draw(p.events(policy))
    try:
        query = sns.from_policy(policy, "MessageBody")
    except ConvertError as refused:
        assume(not any(words in str(refused) for words in ("5 keys", "too complex")))
        raise
    found = evaluator.evaluate(query.node, Record(event, {"kind": "data"})) is Verdict.MATCH
    assert found is reference.matches(policy, event)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["$or", "exists"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["a", "$or", "numeric", "anything-but", "prefix", "cidr", "wildcard", "exists", "Filters", "Pattern"]
            )
            | st.text(max_size=2),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "read",
    [
        eventbridge.from_pattern,
        lambda given: sns.from_policy(given, "MessageBody"),
        sns.from_policy,
        lambda_filters.from_filters,
        pipes.from_filters,
        lambda given: lambda_filters.from_filters({"Filters": [given]}),
    ],
    ids=["eventbridge", "sns-body", "sns-attributes", "lambda", "pipes", "lambda-filter"],
)
@given(value=json_values)
def test_anything_is_read_or_refused(read, value):
    with contextlib.suppress(ConvertError):
        query = read(value)
        assert megaql.compile(str(query)) == query
