"""`megaql peek` over a local queue of 5,000 messages, as a process: start, preflight, scan, match, release.

The goal is 2,000 messages a second.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from megaql.broker import local
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import time_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.timing import Options

ROOT = Path(__file__).parents[2]

_BATCH = 10

CASES = {
    "no filter, all shown": ["--limit", "{messages}"],
    "one in a hundred matches": ["--limit", "{messages}", "-w", 'event.name == "item.removed"'],
    "nothing matches": ["-w", "event.attributes.quantity > 1_000 and event.name ~ /^order/"],
}


def tables(options: Options) -> Iterator[Table]:
    """Yield seconds and messages a second for each case."""
    messages = 50 if options.quick else 5_000
    cases = dict(list(CASES.items())[:1]) if options.quick else CASES
    with tempfile.TemporaryDirectory() as folder:
        world = os.environ | {"PYTHONPATH": str(ROOT), "MEGAQL_HOME": f"{folder}/home", "HOME": folder}
        fill(Path(folder, "home"), messages)
        peek = [sys.executable, "-m", "megaql.cli.main", "peek", "local:bench", "--scan", str(messages), "--for", "30s"]
        commands = {
            name: [*peek, *(given.format(messages=messages) for given in arguments), "-o", "ndjson"]
            for name, arguments in cases.items()
        }
        processes = time_processes(commands, quick=options.quick, rounds=3, env=world, cwd=folder)
    table = Table(f"`megaql peek` over {messages:,} messages", ["case", "s", "messages/s", "shown"])
    for name, process in processes.items():
        shown = sum(line.startswith(b"{") for line in process.output.splitlines())
        table.rows.append([name, process.wall, messages / process.wall, shown])
    yield table


def fill(folder: Path, count: int) -> None:
    """Put MEGA events into the queue `bench`, every hundredth of another name."""
    client = local.client(folder)
    url = client.create_queue(QueueName="bench")["QueueUrl"]
    for start in range(0, count, _BATCH):
        entries = [{"Id": str(i), "MessageBody": event(i)} for i in range(start, start + _BATCH)]
        client.send_message_batch(QueueUrl=url, Entries=entries)
    client.close()


def event(number: int) -> str:
    """Return a body of a usual size, about 400 bytes."""
    name = "item.removed" if number % 100 == 0 else "item.added"
    return json.dumps(
        {
            "protocol": "mega",
            "version": 1,
            "event": {
                "name": name,
                "timestamp": "2020-05-04T03:02:01Z",
                "version": 1,
                "domain": "cart",
                "subject": f"customer-{number % 500}",
                "publisher": "shop",
                "attributes": {"quantity": number % 10, "item_id": f"{number:032x}", "tags": ["new", "sale"]},
            },
            "object": {
                "type": "cart",
                "id": f"{number:x}",
                "version": 1,
                "current": {"items": number % 7, "total": 12.5},
            },
        }
    )
