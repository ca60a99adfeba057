from datetime import timedelta
from decimal import Decimal

import pytest
import typer

from megaql.cli.options import assignment, duration, parameters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10s", timedelta(seconds=10)),
        ("500ms", timedelta(milliseconds=500)),
        ("2m", timedelta(minutes=2)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
    ],
)
def test_durations_are_written_as_in_queries(text, expected):
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "10", "s", "10 s", "10x", "-5s", "10s!", "0.0001ms", "99999999999d"])
def test_what_is_no_duration(text):
    with pytest.raises(typer.BadParameter):
        duration(text)


def test_a_number_without_a_unit_gets_a_suggestion():
    with pytest.raises(typer.BadParameter, match="did you mean 10s"):
        duration("10")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n=5", ("n", 5)),
        ("n=5.10", ("n", Decimal("5.10"))),
        ("n=true", ("n", True)),
        ("n=null", ("n", None)),
        ('n="5"', ("n", "5")),
        ("n=abc", ("n", "abc")),
        ("n=", ("n", "")),
        ("n=a=b", ("n", "a=b")),
        ("n=NaN", ("n", "NaN")),
        ("n=[1, 2", ("n", "[1, 2")),
        ("n:=[1]", ("n", [1])),
        ("a.b=x\ny", ("a.b", "x\ny")),
        ("n=" + "[" * 100_000, ("n", "[" * 100_000)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_value_is_json_and_else_text(text, expected):
    assert assignment(text) == expected


@pytest.mark.parametrize("text", ["n", "=5", "n:=abc", ""])
def test_what_is_no_assignment(text):
    with pytest.raises(typer.BadParameter):
        assignment(text)


def test_parameters_may_have_their_dollar():
    assert parameters(["$a=1", "b=x"]) == {"a": 1, "b": "x"}
