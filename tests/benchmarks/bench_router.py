"""The router: how the cost of a message grows with the number of queries."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import TYPE_CHECKING

import megaql
from megaql.lang.record import Record
from megaql.router import Router
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import Time, time_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.query import Query
    from tests.benchmarks.timing import Options

NUMBERS = (10, 100, 1_000, 10_000)

#: What the queries of a workload are, by their number; one or a few of them take the document.
WORKLOADS = {
    "a name each": lambda n: f'event.name == "thing.{n}" and object.current.total > {n % 40}',
    "ten names": lambda n: f'event.name == "thing.{n % 10}" and object.current.customer == "c-{n}"',
    "ranges": lambda n: f"object.current.weight between {10 * n} and {10 * n + 9}",
    "prefixes": lambda n: f'object.current.path startswith "/shop/{n}/"',
    "regexes": lambda n: f'object.current.path ~ /^\\/shop\\/{n}\\/[a-z]+$/ and event.name == "thing.{n % 100}"',
    "alternatives": lambda n: f'event.name in ["thing.{n}", "other.{n}"] or object.current.customer == "d-{n}"',
}


def tables(options: Options) -> Iterator[Table]:
    """Yield what a message costs, what one of the ways without an index costs, and what changing the index costs."""
    yield routing(options)
    yield beside(options)
    yield changing(options)


def document() -> dict[str, object]:
    """Return a decoded event of 2 KB."""
    current = {"total": 50, "customer": "c-5", "weight": 57, "path": "/shop/5/shoes", "status": "active"}
    history = [{"at": f"2026-01-01T00:{minute:02}:00Z", "by": f"u-{minute}", "to": "active"} for minute in range(25)]
    event = {"name": "thing.5", "timestamp": "2026-01-01T00:00:00Z", "version": 1}
    return {"protocol": "mega", "version": 1, "event": event, "object": {"current": {**current, "history": history}}}


def compiled(workload: str, count: int) -> dict[str, Query]:
    """Return the queries of a workload by name."""
    return {str(number): megaql.compile(WORKLOADS[workload](number)) for number in range(count)}


def router_of(queries: dict[str, Query]) -> Router:
    """Return a router with these queries."""
    router = Router()
    for name, query in queries.items():
        router.add(name, query)
    return router


def routing(options: Options) -> Table:
    """Return microseconds from a decoded message to the names of those that take it, by the number of queries."""
    table = Table("One message among N queries, µs", ["queries", *map(str, NUMBERS), f"{NUMBERS[-1]} / {NUMBERS[0]}"])
    record = Record(document(), {"kind": "mega"}, mega=True)
    for workload in WORKLOADS:
        numbers = NUMBERS[:2] if options.quick else NUMBERS
        routers = {str(count): router_of(compiled(workload, count)) for count in numbers}
        assert all("5" in router.route(record) for router in routers.values()), workload
        times = time_ns({name: router.route for name, router in routers.items()}, record, quick=options.quick)
        cells = [times[str(count)] / 1000 if str(count) in times else None for count in NUMBERS]
        grown = cells[-1] / cells[0] if cells[-1] is not None and cells[0] is not None else None
        table.rows.append([workload, *cells, grown])
    table.note = (
        "The message is a decoded event of 2 KB. One query takes it; with alternatives, one that has it twice. The "
        "index finds the candidates, and each is asked by its compiled function."
    )
    return table


def beside(options: Options) -> Table:
    """Return microseconds of the router, of asking each query, and of a table by hand."""
    ways = ["router", "each query", "a dict by hand"]
    table = Table('"A name each" without an index, µs', ["N", *ways])
    record, body = Record(document(), {"kind": "mega"}, mega=True), document()
    for count in NUMBERS[:2] if options.quick else NUMBERS:
        queries = compiled("a name each", count)
        asked = [(name, query.matcher.matches) for name, query in queries.items()]
        by_name = {f"thing.{number}": (str(number), number % 40) for number in range(count)}
        router = router_of(queries)

        def each(asked: list = asked) -> list[str]:
            return [name for name, matches in asked if matches(record)]

        def by_hand(by_name: dict = by_name) -> list[str]:
            found = by_name.get(body["event"]["name"])
            total = body["object"]["current"].get("total")
            return [found[0]] if found and type(total) is int and total > found[1] else []

        def routed(router: Router = router) -> list[str]:
            return router.route(record)

        assert routed() == each() == by_hand() == ["5"]
        functions = {"router": routed, "each query": each, "a dict by hand": by_hand}
        times = time_ns(functions, quick=options.quick, rounds=5)
        table.rows.append([str(count), *(times[way] / 1000 for way in ways)])
    return table


def changing(options: Options) -> Table:
    """Return microseconds to add one query to many and to take it out again, and the bytes a query takes."""
    table = Table(
        "Changing a router of N queries", ["N", "add, µs", "remove, µs", "bytes a query", "of them the query itself"]
    )
    for count in NUMBERS[:2] if options.quick else NUMBERS:
        gc.collect()
        tracemalloc.start()
        queries = compiled("a name each", count)
        own = tracemalloc.get_traced_memory()[0]
        router = router_of(queries)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        extra = megaql.compile('event.name == "thing.7" and object.current.total > 3')
        adds, removes = [], []
        for _ in range(3 if options.quick else 300):
            start = time.perf_counter()
            router.add("extra", extra)
            added = time.perf_counter()
            router.remove("extra")
            adds.append((added - start) * 1e6)
            removes.append((time.perf_counter() - added) * 1e6)
        table.rows.append([str(count), Time.of(adds), Time.of(removes), round(held / count), round(own / count)])
    return table
