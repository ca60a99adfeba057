"""Bodies: decoded whole, decoded in part, and routed, beside orjson."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

import megaql
from megaql.codec.decode import decode
from megaql.codec.skim import Skimmer
from megaql.router import Router
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import time_ns

try:
    import orjson
except ImportError:  # a peer: the extra `bench` brings it
    orjson = None

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.timing import Options

SIZES = (2_000, 20_000, 200_000)
SUBSCRIPTIONS = 1_000
PATHS = [("kind",), ("detail", "state")]


class Detail(msgspec.Struct):
    """The inner one of two objects that hold what is asked for."""

    state: Any = None


class Event(msgspec.Struct):
    """The outer one."""

    kind: Any = None
    detail: Detail | None = None


def tables(options: Options) -> Iterator[Table]:
    """Yield what reading two paths takes, and what it takes to find the subscriptions that match."""
    yield reading(options)
    yield routing(options)


def body(size: int, kind: str = "order.7") -> str:
    """Return an object of about so many bytes, most of it an array of items."""
    document: dict[str, Any] = {"kind": kind, "detail": {"state": "open", "id": 17}}
    item = {"sku": "a-17", "name": "a thing to buy", "price": 19.5, "count": 3, "tags": ["new", "red"]}
    document["items"] = [item] * ((size - len(json.dumps(document))) // (len(json.dumps(item)) + 2))
    return json.dumps(document)


def reading(options: Options) -> Table:
    """Return microseconds from a body to two of its values."""
    functions = {
        "json": json.loads,
        "decode": decode,
        **({"orjson": orjson.loads} if orjson else {}),
        "msgspec": msgspec.json.Decoder().decode,
        "msgspec struct": msgspec.json.Decoder(Event).decode,
        "skim": Skimmer(PATHS, mega=False).read,
        "skim, mega": Skimmer(PATHS, mega=True).read,
    }
    return _by_size("Reading two values of a body, µs", functions, options)


def routing(options: Options) -> Table:
    """Return microseconds from a body to the one of many subscriptions that matches."""
    router = Router()
    for number in range(SUBSCRIPTIONS):
        router.add(str(number), megaql.compile(f'kind == "order.{number}" and detail.state == "open"'))

    assert router.route_body(body(SIZES[0])) == ["7"]
    if orjson is None:
        return _by_size(
            f"From a body to its subscriptions of {SUBSCRIPTIONS:,}, µs", {"route_body": router.route_body}, options
        )

    def decoded_first(text: str) -> list[str]:
        return router.route(orjson.loads(text))

    assert decoded_first(body(SIZES[0])) == ["7"]
    functions = {"route_body": router.route_body, "orjson + route": decoded_first, "orjson alone": orjson.loads}
    table = _by_size(f"From a body to its subscriptions of {SUBSCRIPTIONS:,}, µs", functions, options)
    table.columns += ["orjson + route / route_body", "orjson / route_body"]
    for row in table.rows:
        row += [row[2] / row[1], row[3] / row[1]]
    return table


def _by_size(title: str, functions: dict[str, Any], options: Options) -> Table:
    table = Table(title, ["bytes", *functions])
    for size in SIZES:
        times = time_ns(functions, body(size), quick=options.quick)
        table.rows.append([str(size), *(time / 1000 for time in times.values())])
    return table
