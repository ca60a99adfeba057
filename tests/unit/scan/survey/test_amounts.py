"""Amounts: exact counts, about right quantiles."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from megaql.scan.survey.amounts import Amounts


@given(st.lists(st.floats(0, 1e9), min_size=1), st.sampled_from([0.01, 0.5, 0.95, 1]))
def test_quantiles_are_right_within_a_hundredth(numbers, share):
    amounts = Amounts((10, 1000))
    for number in numbers:
        amounts.add(number)
    exact = sorted(numbers)[max(1, math.ceil(share * len(numbers))) - 1]
    assert amounts.about(share) == pytest.approx(exact, rel=0.01)
    assert (amounts.least, amounts.most, amounts.count) == (min(numbers), max(numbers), len(numbers))
    assert sum(one.count for one in amounts.ranges()) == len(numbers)


def test_ranges_include_their_upper_end():
    amounts = Amounts((1, 2, 5))
    for number in (1, 2, 3, 5, 6):
        amounts.add(number)
    assert [(one.above, one.most, one.count) for one in amounts.ranges()] == [
        (0, 1, 1),
        (1, 2, 1),
        (2, 5, 2),
        (5, None, 1),
    ]


def test_ranges_between_are_shown_though_they_are_empty_and_those_outside_are_not():
    amounts = Amounts((1, 2, 5, 10))
    amounts.add(2)
    amounts.add(7)
    assert [one.count for one in amounts.ranges()] == [1, 0, 1]


def test_less_than_nothing_is_nothing():
    amounts = Amounts((1,))
    amounts.add(-5)
    assert (amounts.least, amounts.about(0.5)) == (0, 0)


def test_nothing():
    assert Amounts((1,)).ranges() == []
    assert Amounts((1,)).about(0.5) is None
