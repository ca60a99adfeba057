"""Celery on SQS, set up for many short tasks as its page on optimizing says: a high prefetch multiplier, no results, no events."""

from __future__ import annotations

import os

from celery import Celery

from tests.benchmarks.consuming.counting import handler

count = handler()

app = Celery("bench", broker=os.environ["AWS_ENDPOINT_URL"].replace("http://", "sqs://bench:bench@") + "//")
app.conf.update(
    broker_transport_options={
        "region": "us-east-1",
        "is_secure": False,
        "wait_time_seconds": 5,
        "predefined_queues": {
            "bench": {"url": os.environ["BENCH_QUEUE"], "access_key_id": "bench", "secret_access_key": "bench"}
        },
    },
    broker_connection_retry_on_startup=True,
    task_default_queue="bench",
    task_ignore_result=True,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=100,
    worker_send_task_events=False,
)


@app.task(name="item.added")  # type: ignore[untyped-decorator] # celery has no types
def handle(**_event: object) -> None:
    """Do nothing."""
    count()


def send() -> None:
    """Send one message."""
    handle.delay(quantity=5, item_id="0" * 32, tags=["new", "sale"])
