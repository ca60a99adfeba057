"""Every case of the conformance suite, asked of the generated functions."""

from datetime import datetime

import pytest

import megaql
from megaql.lang.compiler.matcher import Matcher
from megaql.lang.verdict import Verdict
from tests.conformance import extended
from tests.conformance.test_conformance import CASES, record_of

VERDICTS = [case for case in CASES if "verdict" in case.values[0]]


@pytest.mark.parametrize("case", VERDICTS)
def test_the_generated_functions_give_the_verdict_of_the_case(case):
    matcher = Matcher(megaql.compile(case["query"], **extended.read(case.get("params", {}))).node)
    record = record_of(case)
    now = datetime.fromisoformat(case["now"]) if "now" in case else None
    verdict = Verdict(case["verdict"])
    assert matcher.evaluate(record, now) is verdict
    assert matcher.matches(record, now) is (verdict is Verdict.MATCH)
