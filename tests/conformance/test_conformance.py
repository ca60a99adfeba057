"""The language as data: every case in the JSON files beside this one holds for the reference evaluator and for explain.

A case has a `query`, and either the `verdict` on a `document` (with `params`, `now`, `envelope` and `mega` where they matter, and a
`reason` for UNKNOWN), or the kind of `error` it is refused with (`syntax`, `check` or `limit`) and its `span`. A bug report becomes a case before it is fixed.
"""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

import megaql
from megaql.lang import evaluator, explain
from megaql.lang.record import MISSING, Record
from tests.conformance import extended

HERE = Path(__file__).parent


def cases():
    for file in sorted(HERE.glob("*.json")):
        for number, case in enumerate(json.loads(file.read_text("utf-8"), parse_float=Decimal), 1):
            yield pytest.param(case, id=f"{file.stem}-{number}: {case['query'][:60]}")


def record_of(case):
    envelope = extended.read(case.get("envelope", {}))
    return Record(extended.read(case["document"]) if "document" in case else MISSING, envelope, case.get("mega", False))


CASES = list(cases())

ERRORS = {
    "syntax": megaql.QuerySyntaxError,
    "check": megaql.QueryCheckError,
    "limit": megaql.QueryLimitError,
}


@pytest.mark.parametrize("case", CASES)
def test_case(case):
    params = extended.read(case.get("params", {}))
    if "error" in case:
        with pytest.raises(ERRORS[case["error"]]) as caught:
            megaql.compile(case["query"], **params)
        assert [caught.value.span.start, caught.value.span.end] == case["span"]
        return
    query = megaql.compile(case["query"], **params)
    record = record_of(case)
    now = datetime.fromisoformat(case["now"]) if "now" in case else None
    finding = evaluator.decide(query.node, record, now=now)
    assert finding.verdict.value == case["verdict"], finding.reason
    if "reason" in case:
        assert finding.reason == case["reason"]
    assert explain.explain(query.node, record, now=now).verdict is finding.verdict


def test_size_of_the_suite():
    assert len(CASES) > 1_500
