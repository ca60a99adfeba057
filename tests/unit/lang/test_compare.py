"""Equality and order on values that JSON cases cannot hold, and what comparing costs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from bson import Decimal128, Int64
from bson.datetime_ms import DatetimeMS

from megaql.lang import compare
from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Folded
from megaql.lang.nodes import Comparison

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = Moment(datetime(2026, 1, 2, tzinfo=UTC), whole_day=True)


@pytest.mark.parametrize(
    ("left", "right", "answer"),
    [
        (1, 1.0, True),
        (1, Decimal128("1.00"), True),
        (Int64(2**53 + 1), 2.0**53, False),
        (0.1, Decimal("0.1"), True),
        (0.1, Decimal(0.1), False),  # noqa: RUF032 - the double's exact value is another number
        (1, True, False),
        (0, False, False),
        ([1], [True], False),
        ((1, 2), [1, 2], True),
        ({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": Decimal(2)}]}, True),
        ({"a": None}, {"b": None}, False),
        ("x", b"x", False),
        (b"x", bytearray(b"x"), True),
        (Folded("straße".casefold()), "STRASSE", True),
        ([Folded("x")], ["X"], True),
        (timedelta(hours=1), timedelta(minutes=60), True),
        (NOON, datetime(2026, 1, 2, 12), True),  # noqa: DTZ001 - BSON's datetimes have no zone
        (date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), True),
        (DatetimeMS(2**62), DatetimeMS(2**62), True),
        (DatetimeMS(2**62), NOON, False),
        (NOON, "2026-01-02T12:00:00Z", False),
        (Moment(NOON), "2026-01-02T12:00:00Z", True),
        (Moment(NOON), "noon", None),
        (Moment(NOON), DatetimeMS(2**62), None),
        (Moment(NOON), 5, False),
        (DAY, NOON, True),
        ([DAY, 1], ["noon", 2], False),
        ([DAY, 1], ["noon", 1], None),
    ],
)
def test_equal(left, right, answer):
    assert compare.equal(left, right, Budget()) is answer
    assert compare.equal(right, left, Budget()) is answer


@pytest.mark.parametrize(
    ("left", "right", "sign"),
    [
        (1, 2.5, -1),
        (10**400, Decimal("1e400"), 0),
        (float("inf"), 10**400, 1),
        (Decimal("1E+999999999"), 1, 1),
        (float("nan"), 1, None),
        ("a", "b", -1),
        ("Z", "a", -1),
        (Folded("b"), "A", 1),
        (NOON, datetime(2026, 1, 2, 13), -1),  # noqa: DTZ001 - as above
        (NOON, DatetimeMS(2**62), None),
        (timedelta(1), timedelta(2), -1),
        (DAY, "2026-01-03", -1),
        (True, False, None),
        (None, None, None),
        ([], [], None),
        (1, "1", None),
    ],
)
def test_order(left, right, sign):
    mirrored = None if sign is None else -sign
    assert (compare.order(left, right), compare.order(right, left)) == (sign, mirrored)


@pytest.mark.parametrize(
    ("operator", "other", "answer"),
    [
        (Comparison.GE, 2, True),
        (Comparison.GE, 3, None),
        (Comparison.GE, 5, False),
        (Comparison.LT, 5, True),
        (Comparison.LT, 2, False),
        (Comparison.EQ, 3, None),
        (Comparison.EQ, 2, None),
        (Comparison.EQ, 1, False),
        (Comparison.EQ, 5, False),
        (Comparison.EQ, "3", False),
        (Comparison.GT, "3", None),
    ],
)
def test_a_count_in_a_range_is_compared_where_the_whole_range_agrees(operator, other, answer):
    assert compare.relate(operator, CountRange(2, 4), other, Budget()) is answer


def test_a_count_may_stand_on_the_right():
    assert compare.relate(Comparison.LT, 1, CountRange(2, 4), Budget()) is True
    assert compare.relate(Comparison.GT, 3, CountRange(2, 4), Budget()) is None


def test_every_member_compared_costs_a_step():
    with pytest.raises(OutOfBudget):
        compare.equal([0] * 100, [0] * 100, Budget(50))


def test_different_lengths_cost_nothing_more():
    assert compare.equal([0] * 100, [0] * 101, Budget(1)) is False
