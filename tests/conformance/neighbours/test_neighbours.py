"""What neighbouring languages promise in their public test suites, said in this one.

Each file holds cases made from one suite by the `rule` it states. `theirs` is whether the message is selected there, `verdict` is ours. Where the two
part, the case names one of the file's deliberate `differences`, so that none comes in unnoticed. The language's own rules decide what is right, not these
cases.
"""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

import megaql
from megaql.lang.record import Record

FILES = {
    file.stem: json.loads(file.read_text("utf-8"), parse_float=Decimal) for file in Path(__file__).parent.glob("*.json")
}

CASES = [
    pytest.param(suite, case, id=f"{name}-{number}: {case['query'][:60]}")
    for name, suite in sorted(FILES.items())
    for number, case in enumerate(suite["cases"], 1)
]


@pytest.mark.parametrize(("suite", "case"), CASES)
def test_case(suite, case):
    verdict = megaql.compile(case["query"]).evaluate(Record(case["document"])).value
    assert verdict == case["verdict"]
    if case["theirs"] == (verdict == "match"):
        assert "difference" not in case
    else:
        assert case["difference"] in suite["differences"]


@pytest.mark.parametrize("name", sorted(FILES))
def test_each_difference_that_is_listed_has_a_case(name):
    suite = FILES[name]
    seen = Counter(case["difference"] for case in suite["cases"] if "difference" in case)
    assert set(seen) == set(suite["differences"])
    assert suite["rule"]


def test_size_of_the_suites():
    assert len(CASES) > 1_000
