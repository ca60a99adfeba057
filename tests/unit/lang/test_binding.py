import ipaddress
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from megaql.errors import QueryCheckError, QueryError, QueryLimitError
from megaql.lang import binding
from megaql.lang.nodes import Boolean, Date, Duration, ListLiteral, Null, Number, Regex, String
from megaql.lang.parser import parse
from megaql.lang.printer import to_text
from megaql.source import Source


def bound(text, **params):
    return binding.bind(parse(text), params, Source(text))


def refused(text, **params):
    with pytest.raises(QueryError) as caught:
        bound(text, **params)
    return caught.value


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, Null()),
        (True, Boolean(value=True)),
        (1, Number(1)),
        (0.1, Number(Decimal("0.1"))),
        (1e300, Number(Decimal("1e300"))),
        (Decimal("1.50"), Number(Decimal("1.50"))),
        ("x", String("x")),
        ('" or true', String('" or true')),
        (datetime(2026, 1, 2, 3), Date(datetime(2026, 1, 2, 3, tzinfo=UTC))),  # noqa: DTZ001 - without a zone is the case
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))), Date(datetime(2026, 1, 2, 2, tzinfo=UTC))),
        (date(2026, 1, 2), Date(datetime(2026, 1, 2, tzinfo=UTC), date_only=True)),
        (timedelta(minutes=5), Duration(timedelta(minutes=5))),
        (["a", 1, None], ListLiteral((String("a"), Number(1), Null()))),
        ((1, [2]), ListLiteral((Number(1), ListLiteral((Number(2),))))),
        pytest.param({"b", "a"}, ListLiteral((String("a"), String("b"))), id="set"),
        (ipaddress.ip_network("10.0.0.0/8"), String("10.0.0.0/8")),
    ],
    ids=repr,
)
def test_values_become_literals_of_their_kind(value, literal):
    right = bound("a == $x", x=value).right
    assert right == literal
    assert type(right) is type(literal)


def test_a_boolean_is_no_number_and_a_number_no_boolean():
    assert bound("a == $x", x=True) != bound("a == $x", x=1)


def test_parameters_everywhere():
    clause = bound(
        "a in $ids and b ~ $re and c in cidr $net and d ?? $n == 1 and e like $glob and any x in p: (x in [$one, 2]) and f between $lo and ago($age)",
        ids=[1, 2],
        re=re.compile("x/y", re.IGNORECASE | re.DOTALL),
        net="10.0.0.0/8",
        n=0,
        glob="x*",
        one=1,
        lo=0,
        age=timedelta(hours=1),
    )
    assert to_text(clause) == (
        'a in [1, 2] and b ~ /x\\/y/is and c in cidr "10.0.0.0/8" and d ?? 0 == 1 and e like "x*" '
        "and any x in p: (x in [1, 2]) and f between 0 and ago(1h)"
    )


def test_a_string_in_the_place_of_a_regex_is_one():
    assert bound("a ~ $re", re="^x").regex == Regex("^x")


def test_one_parameter_may_stand_twice():
    assert to_text(bound("a == $x or b == $x", x=1)) == "a == 1 or b == 1"


def test_spans_are_those_of_the_parameters():
    right = bound("a == $tenant", tenant="x").right
    assert (right.span.start, right.span.end) == (5, 12)


def test_ten_thousand_items():
    assert len(bound("a in $ids", ids=list(range(10_000))).options.items) == 10_000


@pytest.mark.parametrize(
    ("text", "params", "rendered"),
    [
        (
            "a == $tenant",
            {},
            (
                "error: the parameter $tenant has no value\n"
                "  1 | a == $tenant\n"
                "    |      ^^^^^^^ give it a value: tenant=..., on the command line -p tenant=..."
            ),
        ),
        (
            "a == $tenant",
            {"tenent": 1},
            (
                "error: the parameter $tenant has no value\n"
                "  1 | a == $tenant\n"
                "    |      ^^^^^^^ did you mean $tenent?\n"
                "error: the value tenent= is used by no parameter\n"
                "  1 | a == $tenant\n"
                "    |      ^^^^^^^ did you mean tenant= instead of tenent=?"
            ),
        ),
        (
            "a == 1",
            {"limit": 1},
            (
                "error: the value limit= is used by no parameter\n"
                "  1 | a == 1\n"
                "    | ^^^^^^ write $limit where it belongs, or do not pass it"
            ),
        ),
        (
            "a == $x",
            {"x": {"k": 1}},
            (
                "error: the value of $x cannot stand in a query: there is no literal for a dict\n"
                "  1 | a == $x\n"
                "    |      ^^ pass a string, number, boolean, None, date, timedelta, compiled regex, or a list of them"
            ),
        ),
        (
            "a ~ $re",
            {"re": "x("},
            "error: '(' is not closed\n  1 | a ~ $re\n    |     ^^^ write \\( for the character",
        ),
        (
            "a in $ids",
            {"ids": "x"},
            "error: 'in' looks in a list, not in a string\n  1 | a in $ids\n    |      ^^^^ replace with [\"x\"]",
        ),
    ],
)
def test_errors_in_full(text, params, rendered):
    assert str(refused(text, **params)) == rendered


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        timedelta(microseconds=1),
        re.compile(b"x"),
        re.compile("x", re.VERBOSE),
        b"x",
        object,
    ],
    ids=repr,
)
def test_values_without_a_literal(value):
    error = refused("a == $x", x=value)
    assert isinstance(error, QueryCheckError)
    assert [diagnostic.code for diagnostic in error.diagnostics] == ["parameter-value"]


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("a ~ $x", 5, "regex"),
        ("a like $x", 5, "glob-operand"),
        ("a in cidr $x", "nowhere", "cidr-operand"),
        ("a startswith $x", 5, "text-operand"),
        ("a == $x", re.compile("x"), "regex"),
        ("$x is null", re.compile("x"), "regex"),
        ('$x in cidr "10.0.0.0/8"', re.compile("x"), "regex"),
        ('lower($x) == "x"', re.compile("x"), "regex"),
        ("$x ~ /x/", re.compile("x"), "regex"),
        ("$x", "x", "bare-value"),
        ("a < ago($x)", 5, "argument"),
    ],
)
def test_bound_queries_are_checked_like_any_other(text, value, code):
    assert [diagnostic.code for diagnostic in refused(text, x=value).diagnostics] == [code]


def test_a_list_that_contains_itself():
    endless = []
    endless.append(endless)
    assert isinstance(refused("a in $x", x=endless), QueryCheckError)


def test_bound_queries_have_the_same_caps():
    error = refused("a ~ $re", re="x" * 2000)
    assert isinstance(error, QueryLimitError)
    assert isinstance(refused("a == $x", x=10**5000), QueryLimitError)
    assert isinstance(refused("a in $x", x=list(range(10_001))), QueryCheckError)
