"""`megaql peek` over a local queue of 5,000 messages, as a process: start, preflight, scan, match, release.

Run from the checkout: python tests/benchmarks/bench_peek.py [messages] [runs]
The goal is 2,000 messages a second; it is printed, not asserted.
"""

# ruff: noqa: T201 - a benchmark prints its table

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

CASES = {
    "no filter, all shown": ["--limit", "{messages}"],
    "one in a hundred matches": ["--limit", "{messages}", "-w", 'event.name == "item.removed"'],
    "nothing matches": ["-w", "event.attributes.quantity > 1_000 and event.name ~ /^order/"],
}


def main():
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        world = os.environ | {"PYTHONPATH": str(ROOT), "MEGAQL_HOME": f"{folder}/home", "HOME": folder}
        os.environ["MEGAQL_HOME"] = world["MEGAQL_HOME"]
        fill(messages)
        print(f"{'case':28} {'seconds':>8} {'messages/s':>11}  shown  last line on stderr")
        for name, options in CASES.items():
            given = [option.format(messages=messages) for option in options]
            command = [
                sys.executable,
                "-m",
                "megaql.cli.main",
                "peek",
                "local:bench",
                "--scan",
                str(messages),
                "--for",
                "30s",
                *given,
            ]
            times, run = measure([*command, "-o", "ndjson"], runs, world, folder)
            median = statistics.median(times)
            last = run.stderr.strip().splitlines()[-1] if run.stderr.strip() else ""
            print(f"{name:28} {median:8.2f} {messages / median:11,.0f}  {run.stdout.count(chr(10)):5}  {last}")


def fill(count):
    """Put MEGA events into local:bench, every hundredth of another name."""
    sys.path.insert(0, str(ROOT))
    from megaql.broker.outgoing import Outgoing
    from megaql.broker.queue import Queue

    queue = Queue.open("local:bench", create=True)
    queue.send_batch([Outgoing(body=event(number)) for number in range(count)])
    queue.client.close()


def event(number):
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


def measure(command, runs, world, folder):
    """Return the wall-clock seconds of each run, and the last run."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run = subprocess.run(command, env=world, cwd=folder, capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - start)
    return times, run


if __name__ == "__main__":
    main()
