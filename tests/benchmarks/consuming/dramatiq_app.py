"""dramatiq with dramatiq-sqs, with the middleware of its page but for Prometheus, which is not part of it."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries, TimeLimit
from dramatiq_sqs import SQSBroker

from tests.benchmarks.consuming.counting import handler

count = handler()

broker = SQSBroker(
    middleware=[AgeLimit(), TimeLimit(), Callbacks(), Pipelines(), Retries(max_retries=96)],
    endpoint_url=os.environ["AWS_ENDPOINT_URL"],
)
dramatiq.set_broker(broker)


@dramatiq.actor(actor_name="item.added", queue_name=os.environ["BENCH_NAME"])
def handle(**_event: object) -> None:
    """Do nothing."""
    count()


def send() -> None:
    """Send one message."""
    handle.send(quantity=5, item_id="0" * 32, tags=["new", "sale"])
