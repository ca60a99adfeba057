"""Limits: the time in which each hostile query of tests/unit/lang/test_hostile.py, and some more, is refused.

Run from the checkout: PYTHONPATH=. python tests/benchmarks/bench_limits.py [runs]
The goal is 100 ms of processor time for each; it is printed, not asserted, since a busy machine is no defect.
"""

# ruff: noqa: T201 - a benchmark prints its table

import sys
import time

import megaql
from megaql.errors import QueryError
from megaql.lang import jsonform, limits, parser
from tests.unit.lang.test_hostile import HOSTILE


def of_items(item):
    """Return the JSON form of a query with one list, as long as the form may be."""
    head, tail = '{"megaql": 1, "query": {"in": {"path": ["a"]}, "options": [', "]}}"
    count = (limits.JSON_BYTES - len(head) - len(tail)) // (len(item) + 1)
    return head + ",".join([item] * count) + tail


def with_ids(count):
    """Compile a query with a list of so many items, given in code."""
    return megaql.compile("a in $ids", ids=[1] * count)


CASES = HOSTILE | {
    "10 million ids": (with_ids, 10_000_000, "list-length"),
    **{f"JSON list of {item}": (jsonform.from_json, of_items(item), "") for item in ("1", "1.5", '""', "[]", "{}")},
    "JSON list of dates": (jsonform.from_json, of_items('{"date": "2026-01-01"}'), ""),
}


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    parser.parse("a == 1")  # makes the parser
    print(f"{'query':24} {'best ms':>8}  refused as")
    for name, (read, query, _) in CASES.items():
        times, outcome = [], "accepted"
        for _ in range(runs):
            start = time.process_time()
            try:
                read(query)
            except QueryError as error:
                outcome = error.diagnostics[0].code
                str(error)
            times.append(time.process_time() - start)
        print(f"{name:24} {min(times) * 1000:8.1f}  {outcome}")


if __name__ == "__main__":
    main()
