"""How far values are from what was asked, in words and in order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Folded
from megaql.lang.nearness import FAR, to_bound, to_regex, to_text_test, to_value
from megaql.lang.nodes import Regex, TextOperator

DAY = Moment(datetime(2026, 1, 2, tzinfo=UTC), whole_day=True)
NOON = Moment(datetime(2026, 1, 2, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("value", "wanted", "remark"),
    [
        ("Active", "active", "but for case"),
        ("ACTIVE ", "active", "but for spaces around"),
        ("actve", "active", "1 letter off"),
        ("axtive!", "active", "2 letters off"),
        ("void", "active", ""),
        ("x" * 100, "x" * 99, ""),
        ("a", "b", ""),
        ("ab", "", ""),
        ("straße", "STRASSE", "but for case"),
        ("actve", Folded("active"), "1 letter off"),
        ("5", 5, "a string, not a number"),
        (5, "5.0", "a number, not a string"),
        ("six", 5, ""),
        ("True", True, "a string, not a boolean"),
        ("null", None, "a string, not null"),
        (4, 5, "off by 1"),
        (True, 1, ""),
        ([1], 1, ""),
        (None, None, ""),
        ("2026-01-01T12:00:00Z", NOON, "off by 1d"),
        ("2026-01-03T00:00:01Z", DAY, "off by 1s"),
        ("2026-01-02T05:00:00Z", DAY, "the bound itself"),
        ("yesterday", DAY, ""),
    ],
)
def test_equality(value, wanted, remark):
    assert to_value(value, wanted).remark == remark


@pytest.mark.parametrize(
    ("value", "bound", "remark"),
    [
        (5, 5.0, "the bound itself"),
        (0.1, Decimal("0.3"), "off by 0.2"),
        (10**400, 1, "off by 1.00E+400"),
        (float("inf"), float("inf"), ""),
        (float("nan"), 1, ""),
        (CountRange(1, 2), 3, ""),
        ("7", 5, "a string, not a number"),
        ("seven", 5, ""),
        ("a", "b", ""),
        (timedelta(minutes=16), timedelta(minutes=15), "off by 1m"),
        (timedelta.max, timedelta.min, ""),
        (datetime(2026, 1, 2, 12, 0, 0, 5000, tzinfo=UTC), NOON, "off by 5ms"),
        ("2025-01-02T11:00:07Z", NOON, "off by 365d59m"),
        (Moment(datetime.max.replace(tzinfo=UTC)), DAY, "off by 2912440d23h59m"),
        (DAY, "2026-01-01T23:00:00Z", "off by 1h"),
    ],
)
def test_order(value, bound, remark):
    assert to_bound(value, bound).remark == remark


@pytest.mark.parametrize(
    ("operator", "value", "operand", "remark"),
    [
        (TextOperator.STARTSWITH, "USER.x", "user.", "but for case"),
        (TextOperator.STARTSWITH, " user.x", "user.", "but for spaces around"),
        (TextOperator.STARTSWITH, "users.x", "user.", "1 letter off"),
        (TextOperator.STARTSWITH, "us_er", "user.", "the first 2 of 5 letters are there"),
        (TextOperator.STARTSWITH, "ux", "user.", ""),
        (TextOperator.ENDSWITH, "a.updatd", "updated", "2 letters off"),
        (TextOperator.ENDSWITH, "a.dated", "updated", "2 letters off"),
        (TextOperator.ENDSWITH, "created", "updated", "the last 4 of 7 letters are there"),
        (TextOperator.CONTAINS, "an exampel", "example", "only 5 of 7 letters are there"),
        (TextOperator.LIKE, "ORDER-7", "order-?", "but for case"),
        (TextOperator.LIKE, "order7", "order-*", "1 letter off"),
        (TextOperator.LIKE, "order-7", "order-*x", "the first 6 of 6 letters are there"),
        (TextOperator.STARTSWITH, "USER.x", Folded("uses"), "1 letter off"),
        (TextOperator.STARTSWITH, 5, "user.", ""),
        (TextOperator.LIKE, "x" * 20, "*" * 5_000 + "a?" * 60_000, ""),
    ],
)
def test_string_tests(operator, value, operand, remark):
    assert to_text_test(operator, value, operand).remark == remark


@pytest.mark.parametrize(
    ("value", "regex", "remark"),
    [
        ("USER", Regex("user"), "but for case"),
        ("USER", Regex("user", "i"), ""),
        ("x", Regex("user"), ""),
        (5, Regex("user"), ""),
        ("x", Regex("("), ""),
    ],
)
def test_regexes(value, regex, remark):
    assert to_regex(value, regex).remark == remark


def test_what_differs_in_form_is_nearer_than_what_differs_by_little_and_that_than_anything_else():
    values = ["void", "actve", "Active", "axtivex", 5]
    assert sorted(values, key=lambda value: to_value(value, "active")[:2]) == ["Active", "actve", "axtivex", "void", 5]
    assert sorted([100, 4, 7, "6"], key=lambda value: to_bound(value, 5)[:2]) == ["6", 4, 7, 100]
    assert to_value([], 1) is FAR
