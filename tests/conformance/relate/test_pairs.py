"""Pairs of queries and how they relate, with and without arrays where a path meets one that the query does not ask for.

The words: `implies` says that the second matches all that the first matches, and more; `implied` the other way round; `excludes` and
`overlaps` that neither holds; `never first` that the first can never match.
"""

import json
from pathlib import Path

import pytest

import megaql
from megaql.lang.relate import relate

CASES = json.loads(Path(__file__).with_name("pairs.json").read_text(encoding="utf-8"))

#: (implies, implied, overlaps) by the word for it.
WORDS = {
    "equivalent": (True, True, True),
    "never": (True, True, False),
    "implies": (True, False, True),
    "implied": (False, True, True),
    "never first": (True, False, False),
    "never second": (False, True, False),
    "excludes": (False, False, False),
    "overlaps": (False, False, True),
}


@pytest.mark.parametrize("arrays", [True, False], ids=["arrays", "no arrays"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['first']} | {case['second']}")
def test_pair(case, arrays):
    first, second = megaql.compile(case["first"]), megaql.compile(case["second"])
    relation = relate(first.node, second.node, arrays=arrays)
    word = case["with_arrays" if arrays else "without_arrays"]
    assert (relation.implies, relation.implied, relation.overlaps) == WORDS[word]
    turned = relate(second.node, first.node, arrays=arrays)
    assert (turned.implied, turned.implies, turned.overlaps) == WORDS[word]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['first']} | {case['second']}")
def test_witnesses_are_payloads(case):
    """What a record shows also holds for the payload that it is read from, where its envelope says nothing but the kind."""
    first, second = megaql.compile(case["first"]), megaql.compile(case["second"])
    relation = relate(first.node, second.node)
    for found, verdicts in (
        (relation.both, (True, True)),
        (relation.first_only, (True, False)),
        (relation.second_only, (False, True)),
    ):
        record = found.record
        if record is None or not isinstance(record.body, dict | list) or record.envelope.keys() - {"kind"}:
            continue
        assert (first.matches(record.body), second.matches(record.body)) == verdicts
