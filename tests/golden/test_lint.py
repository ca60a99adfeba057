"""Every finding of `check` in full, as people read it: `lint/*.txt`.

A case is a query, a line `---`, and each finding with its code and what its fix makes of the query; a line of `=` ends it. A file that has
samples beside it (`NAME.ndjson`) is checked against them. After a change on purpose, `GOLDEN=write pytest tests/golden` writes what comes out
now; read the difference before you commit it.
"""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from megaql.lang import fixes, parser
from megaql.lang.check import CODES, check
from megaql.query import record_of
from megaql.source import Source

_FOLDER = Path(__file__).parent / "lint"
_WRITING = os.environ.get("GOLDEN") == "write"
_END = "\n" + "=" * 80 + "\n"
_FILES = sorted(_FOLDER.glob("*.txt"))


def _cases(file):
    for case in file.read_text(encoding="utf-8").split(_END):
        if case.strip("\n"):
            query, _, expected = case.partition("\n---\n")
            yield query, expected


def _samples(file):
    lines = file.with_suffix(".ndjson")
    if not lines.exists():
        return []
    return [record_of(json.loads(line, parse_float=Decimal)) for line in lines.read_text("utf-8").splitlines()]


def _outcome(query, samples):
    source = Source(query)
    told = []
    for one in check(parser.parse(source), source, samples):
        told.append(f"[{one.code}] {one.render(source)}")
        if one.fix is not None:
            told.append(f"  fixed: {fixes.apply(query, one)}")
    return "\n".join(told) or "nothing"


@pytest.mark.parametrize(
    ("file", "query", "expected"),
    [pytest.param(file, *case, id=f"{file.stem}-{case[0][:40]}") for file in _FILES for case in _cases(file)],
)
def test_finding(file, query, expected):
    if _WRITING:
        pytest.skip("writing")
    assert _outcome(query, _samples(file)) == expected


def test_there_are_enough_cases():
    told = []
    for file in _FILES:
        cases = list(_cases(file))
        if _WRITING:
            samples = _samples(file)
            text = "".join(f"{query}\n---\n{_outcome(query, samples)}{_END}" for query, _ in cases)
            file.write_text(text, encoding="utf-8")
        assert len(cases) == len({query for query, _ in cases}), "a case stands twice"
        told += [line for _, expected in cases for line in expected.splitlines() if line.startswith("[")]
    assert len(told) >= 100
    assert {line.partition("]")[0][1:] for line in told} == set(CODES), "a code has no case"
