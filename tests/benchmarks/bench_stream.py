"""A large file of events, one a line: `megaql test QUERY FILE` and `jq select(…)` for the same question, in turns.

`python -m tests.benchmarks.bench_stream 1000` takes files of 1,000 MB.
"""

# ruff: noqa: T201 - as a program, it prints its tables

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.tables import Table
from tests.benchmarks.timing import Options, time_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

#: The size of a file. MB.
SIZE = 100

QUERY = 'event.name == "item.added" and event.attributes.quantity > 50'
SELECT = 'select(.event.name == "item.added" and .event.attributes.quantity > 50)'

#: Runs a command and prints the most memory it held, in MiB. A process counts what its parent held when it was started, and this one holds little.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""

#: Different lines of a file; it repeats them.
LINES = 2_000


def tables(options: Options, size: int = SIZE) -> Iterator[Table]:
    """Yield one table for each size of the documents."""
    with tempfile.TemporaryDirectory() as folder:
        for document in (500, 2_000):
            path = Path(folder, f"{document}.ndjson")
            write(path, document, 1 if options.quick else size)
            yield measured(path, document, options)
            path.unlink()


def measured(path: Path, document: int, options: Options) -> Table:
    """Measure all commands on one file."""
    megaql = [sys.executable, "-m", "megaql.cli.main", "test", QUERY, str(path), "-q"]
    commands = {
        "megaql test --count": [*megaql, "--count"],
        "megaql test -o raw": [*megaql, "-o", "raw"],
        "megaql test -o ndjson": megaql,
    }
    if jq := shutil.which("jq"):
        commands["jq -c select(…)"] = [jq, "-c", SELECT, str(path)]
    world = os.environ | {"PYTHONPATH": str(ROOT)}
    times = time_processes(commands, quick=options.quick, rounds=3, env=world, cwd=path.parent)
    size = path.stat().st_size / 1e6
    table = Table(
        f"A file of {size:,.0f} MB, documents of {document:,} bytes",
        ["command", "wall s", "CPU s", "MB/s", "CPU: x jq", "peak MiB"],
        note="One document in eight matches. jq prints the documents as they are, as -o raw does; -o ndjson writes records, which hold "
        "them twice. Medians of 3 runs in turns.",
    )
    other = times.get("jq -c select(…)")
    for name, taken in times.items():
        watched = [sys.executable, "-c", PEAK, *commands[name]]
        peak = subprocess.run(watched, env=world, cwd=path.parent, capture_output=True, text=True, check=True).stdout
        table.rows.append(
            [name, taken.wall, taken.cpu, size / taken.wall, taken.cpu / other.cpu if other else None, float(peak)]
        )
    return table


def write(path: Path, document: int, size: int) -> None:
    """Write events of so many bytes each, one a line, until the file has so many MB."""
    chance = random.Random(4)
    lines = "".join(event(chance, number, document) for number in range(LINES)).encode()
    with path.open("wb") as file:
        while file.tell() < size * 1e6:
            file.write(lines)


def event(chance: random.Random, number: int, size: int) -> str:
    """Return an event as a line of about so many bytes."""
    lines: list[dict[str, object]] = []
    document = {
        "protocol": "mega",
        "version": 1,
        "event": {
            "name": chance.choice(["item.added", "item.removed", "user.updated", "order.paid"]),
            "timestamp": "2026-01-02T03:04:05Z",
            "domain": "shop",
            "subject": str(number),
            "attributes": {"quantity": chance.randint(0, 100), "price": round(chance.random() * 100, 2)},
        },
        "object": {"type": "order", "id": str(number), "current": {"email": f"u{number}@example.com", "lines": lines}},
    }
    while len(json.dumps(document)) < size:
        note = "Zürich, “express”" if chance.random() < 0.1 else "as last time"
        lines.append({"sku": f"SKU-{chance.randint(0, 999_999):06}", "quantity": chance.randint(1, 9), "note": note})
    return json.dumps(document, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for table in tables(Options(), int(sys.argv[1]) if len(sys.argv) > 1 else SIZE):
        print(table.to_text(), flush=True)
