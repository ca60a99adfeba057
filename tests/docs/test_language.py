"""The language reference is true: every example on the page gives the answer beside it."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import megaql
from megaql import query as queries
from megaql.lang import budget, evaluator, functions, limits, vocabulary
from megaql.lang.record import ENVELOPE_FIELDS, MISSING, Record
from tests.conformance import extended

PAGE = (Path(__file__).parents[2] / "docs/language.md").read_text("utf-8")
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
BLOCK = re.compile(r"^```(json document|json mega|json envelope|megaql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"(?P<query>.*?)\s+# => (?P<verdict>match|no match|unknown|error)(?:: (?P<reason>.*))?")


def examples():
    record = None
    for block in BLOCK.finditer(PAGE):
        name, text = block.groups()
        if name == "megaql":
            for line in text.splitlines():
                example = LINE.fullmatch(line)
                assert example, f"no '# =>' in {line!r}"
                yield pytest.param(record, *example.groups(), id=example["query"])
            continue
        value = extended.read(json.loads(text, parse_float=Decimal))
        if name == "json mega":
            record = queries.record_of(value)
            assert record.mega
        else:
            record = Record(value) if name == "json document" else Record(MISSING, value)


EXAMPLES = list(examples())


@pytest.mark.parametrize(("record", "query", "verdict", "reason"), EXAMPLES)
def test_example(record, query, verdict, reason):
    if verdict == "error":
        with pytest.raises(megaql.QueryError):
            megaql.compile(query)
        return
    finding = evaluator.decide(megaql.compile(query).node, record, now=NOW)
    assert finding.verdict.value == verdict
    if reason:
        assert finding.reason == reason


def test_the_page_has_examples_of_every_answer():
    assert {example.values[2] for example in EXAMPLES} == {"match", "no match", "unknown", "error"}
    assert len(EXAMPLES) > 90


@pytest.mark.parametrize("name", ENVELOPE_FIELDS)
def test_every_envelope_field_is_on_the_page(name):
    assert f"`@{name}" in PAGE


@pytest.mark.parametrize("name", [*vocabulary.FUNCTIONS, "count"])
def test_every_function_is_on_the_page(name):
    assert f"`{name}(" in PAGE


def test_the_evaluator_has_every_function_of_the_language():
    assert {*functions.FUNCTIONS, "now"} == set(vocabulary.FUNCTIONS)


def test_the_limits_on_the_page_are_the_limits():
    rows = re.findall(r"^\| ([\d,]+(?: KiB)?) \| (.*?) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (f"{limits.SOURCE_BYTES // 1024} KiB", "the text"),
        (f"{limits.NESTING}", "levels of nesting"),
        (f"{limits.NODES:,}", "clauses and values"),
        (f"{limits.LIST_ITEMS:,}", "items of a list"),
        (f"{limits.REGEX_BYTES // 1024} KiB", "a regex"),
        (f"{limits.QUANTIFIER_NESTING}", "quantifiers inside one another"),
        (f"{limits.PATH_SEGMENTS}", "segments of a path"),
    ]
    assert f"{limits.ALL_LIST_ITEMS:,} items, a number {limits.NUMBER_DIGITS:,} digits" in PAGE
    assert f"exponent of {limits.NUMBER_EXPONENT:,}, the JSON form {limits.JSON_BYTES >> 20} MiB" in PAGE
    assert f"{budget.STEPS:,} steps" in PAGE
    assert f"{budget.CHARACTERS:,} characters searched" in PAGE
    assert f"visit {budget.DEEP_VISITS:,} values" in PAGE
