"""PyQS: a process that receives and processes that handle."""

from __future__ import annotations

import os

from pyqs import task

from tests.benchmarks.consuming.counting import handler

count = handler()


@task(queue=os.environ["BENCH_NAME"])  # type: ignore[untyped-decorator] # PyQS has no types
def handle(**_event: object) -> None:
    """Do nothing."""
    count()


def send() -> None:
    """Send one message."""
    handle.delay(quantity=5, item_id="0" * 32, tags=["new", "sale"])
