"""Our consumer, with a query that a message has to satisfy."""

from __future__ import annotations

import os
import sys

import megaql
from tests.benchmarks.consuming.counting import handler

app = megaql.App(os.environ["BENCH_QUEUE"])
count = handler()


@app.subscribe('event.name == "item.added"')
def handle(_event: megaql.MegaEvent) -> None:
    """Do nothing."""
    count()


if __name__ == "__main__":
    app.run(concurrency=int(sys.argv[1]))
