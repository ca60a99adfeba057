"""Limits: the time in which each hostile query of tests/unit/lang/test_hostile.py, and some more, is refused.

The goal is 100 ms of processor time for each.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import megaql
from megaql.errors import QueryError
from megaql.lang import jsonform, limits, parser
from tests.benchmarks.tables import Table
from tests.unit.lang.test_hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.timing import Options


def of_items(item: str) -> str:
    """Return the JSON form of a query with one list, as long as the form may be."""
    head, tail = '{"megaql": 1, "query": {"in": {"path": ["a"]}, "options": [', "]}}"
    count = (limits.JSON_BYTES - len(head) - len(tail)) // (len(item) + 1)
    return head + ",".join([item] * count) + tail


def with_ids(count: int) -> object:
    """Compile a query with a list of so many items, given in code."""
    return megaql.compile("a in $ids", ids=[1] * count)


CASES: dict[str, tuple[Callable[[Any], object], Any, str]] = HOSTILE | {
    "10 million ids": (with_ids, 10_000_000, "list-length"),
    **{f"JSON list of {item}": (jsonform.from_json, of_items(item), "") for item in ("1", "1.5", '""', "[]", "{}")},
    "JSON list of dates": (jsonform.from_json, of_items('{"date": "2026-01-01"}'), ""),
}


def tables(options: Options) -> Iterator[Table]:
    """Yield the best of five for each query, and the code it is refused with."""
    cases = dict(list(CASES.items())[:3]) if options.quick else CASES
    parser.parse("a == 1")  # makes the parser
    table = Table("Hostile queries, ms of processor time", ["query", "ms", "refused as"])
    for name, (read, query, _) in cases.items():
        times, outcomes = zip(*(refused(read, query) for _ in range(1 if options.quick else 5)), strict=True)
        table.rows.append([name, min(times) * 1000, outcomes[0]])
    yield table


def refused(read: Callable[[Any], object], query: object) -> tuple[float, str]:
    """Return the seconds it took, and the code of the error."""
    outcome = "accepted"
    start = time.process_time()
    try:
        read(query)
    except QueryError as error:
        outcome = error.diagnostics[0].code
        str(error)
    return time.process_time() - start, outcome
