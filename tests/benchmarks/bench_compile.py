"""What a query takes before it answers: read, checked, and made a function; and how that and its answers grow with its clauses."""

from __future__ import annotations

import itertools
import json
import sys
from typing import TYPE_CHECKING

import megaql
from megaql.lang import evaluator
from megaql.lang.record import Record
from tests.benchmarks import peers, shapes
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import time_ns, time_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.timing import Options

#: What a fresh process prints: ms of the import, of the first query, and of a second one. The numbers in the queries differ.
_FRESH = """
import json, time
clock = time.perf_counter
times = [clock()]
import megaql
times.append(clock())
for number in (1, 2):
    megaql.compile(f'object.current.total > {number} and event.name ~ /^user/').matches({})
    times.append(clock())
print(json.dumps([(after - before) * 1000 for before, after in zip(times, times[1:])]))
"""


def tables(options: Options) -> Iterator[Table]:
    """Yield the first query of a process, one more, and the growth."""
    yield first(options)
    yield further(options)
    yield growth(options)


def first(options: Options) -> Table:
    """Return what the first query of a process takes, the best of some processes."""
    runs = 1 if options.quick else 7
    samples = []
    for _ in range(runs):
        process = time_processes({"fresh": [sys.executable, "-c", _FRESH]}, quick=True)["fresh"]
        samples.append(json.loads(process.output))
    table = Table("The first query of a process, ms", ["step", "ms"])
    for step, times in zip(("import megaql", "first query", "second query"), zip(*samples, strict=True), strict=True):
        table.rows.append([step, min(times)])
    table.note = f"The best of {runs} processes. A query: its text read, checked, made a function, and asked once."
    return table


def further(options: Options) -> Table:
    """Return what one more query takes, read and checked, and made a function; and what the peers take for theirs."""
    others = peers.installed()
    names = ["read", "function", *(peer.title for peer in others)]
    table = Table("One more query, µs", ["question", *names[:2], "both, at best", *names[2:]])
    for shape in shapes.SHAPES:
        node = megaql.compile(shape.query).node
        functions: dict[str, Callable[..., object]] = {
            "read": lambda text=shape.query: megaql.compile(text),
            "function": lambda node=node: megaql.Query(node).matches({}),
        }
        for peer in others:
            if text := shape.peers.get(peer.language):
                functions[peer.title] = _never_seen(peer, text)
        times = time_ns(functions, quick=options.quick, rounds=7)
        cells = [times[name] / 1000 if name in times else None for name in names]
        table.rows.append([shape.name, *cells[:2], (times["read"].best + times["function"].best) / 1000, *cells[2:]])
    table.note = (
        "`read` is `megaql.compile`, `function` is the function that the first answer makes; what both take at best says what the machine "
        "does when it does nothing else. A peer's text differs each time; "
        "mongoquery compiles nothing, and JSONata leaves most of it to the first answer."
    )
    return table


def _never_seen(peer: peers.Peer, text: object) -> Callable[[], object]:
    """Return a function that compiles a text which a cache has not seen; what is no text is compiled as it is."""
    if not isinstance(text, str):
        return lambda: peer.compile(text)
    numbers = itertools.count()
    return lambda: peer.compile(text + " " * (next(numbers) % 10_000))


def growth(options: Options) -> Table:
    """Return what more clauses make of it: all are asked, and all match."""
    table = Table(
        "A query of so many clauses joined by `and`",
        ["clauses", "read, ms", "function, ms", "by hand, µs", "megaql, µs", "evaluator, µs"],
    )
    for count in (1, 3, 10, 30, 100, 300):
        document = {f"f{number}": number for number in range(count)}
        text = " and ".join(f"{name}=={number}" for name, number in document.items())
        query = megaql.compile(text)
        assert query.matches(document)
        once = time_ns(
            {
                "read": lambda text=text: megaql.compile(text),
                "function": lambda node=query.node, document=document: megaql.Query(node).matches(document),
            },
            quick=options.quick,
            rounds=3,
        )
        asked = time_ns(
            {
                "by hand": by_hand(dict(document)),
                "megaql": query.matches,
                "evaluator": lambda document, node=query.node: evaluator.evaluate(node, Record(document)),
            },
            document,
            quick=options.quick,
            rounds=7,
        )
        table.rows.append([count, *(time / 1e6 for time in once.values()), *(time / 1e3 for time in asked.values())])
    table.note = "By hand it is a loop over names and values. A query holds 1,000 clauses, paths and values at most, so that this is near the end."
    return table


def by_hand(expected: dict[str, int]) -> Callable[[dict[str, object]], bool]:
    """Return a predicate that compares each field."""

    def predicate(document: dict[str, object]) -> bool:
        return all(document.get(name) == value for name, value in expected.items())

    return predicate
