"""Patterns in Python as data: every case of `patterns.json` builds the query beside it, whose verdicts `test_conformance` checks.

A pattern is written in JSON: an object with one key `$name` is a call of that function of `megaql.patterns` with these arguments. `$set`,
`$regex` (with flags) and `$day` make a set, a compiled regex and a date; the other notations are those of `extended`.
"""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import megaql
from megaql import patterns
from tests.conformance import extended

CASES = json.loads((Path(__file__).parent / "patterns.json").read_text("utf-8"), parse_float=Decimal)

MAKERS = {
    "$mega": lambda keywords: patterns.mega(**read(keywords)),
    "$set": set,
    "$regex": lambda given: re.compile(given[0], sum(getattr(re, flag.upper()) for flag in given[1])),
    "$day": date.fromisoformat,
}


def read(value):
    """Turn a pattern as JSON into the pattern."""
    if isinstance(value, list):
        return [read(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, inside),) = value.items()
        if name in MAKERS:
            return MAKERS[name](inside)
        if name in extended.READERS:
            return extended.READERS[name](inside)
        if name.startswith("$"):
            return getattr(patterns, name[1:])(*read(inside))
    return {name: read(item) for name, item in value.items()}


@pytest.mark.parametrize("case", {case["query"]: case for case in CASES}.values(), ids=lambda case: case["query"][:60])
def test_pattern(case):
    built = read(case["pattern"])
    query = built if isinstance(built, megaql.Query) else patterns.pattern(built)
    assert query == megaql.compile(case["query"])
    assert str(query) == case["query"]


def test_every_function_is_among_the_cases():
    text = json.dumps([case["pattern"] for case in CASES])
    builders = set(patterns.__all__) - {"Condition", "pattern"}
    assert {name for name in builders if f'"${name}"' not in text} == set()
