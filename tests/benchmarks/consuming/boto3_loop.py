"""The loop that people write by hand: receive ten, handle them, delete them in one request. It decodes nothing and matches nothing."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from tests.benchmarks.consuming.counting import handler

handle = handler()


def client(target: str) -> tuple[Any, str]:
    """Return boto3's client and the queue's URL; for a local queue the embedded broker's client."""
    if target.startswith("local:"):
        from megaql.broker import local

        broker = local.client()
        return broker, broker.get_queue_url(QueueName=target.removeprefix("local:"))["QueueUrl"]
    import boto3
    from botocore.config import Config

    return boto3.client("sqs", config=Config(max_pool_connections=50)), target


def loop(sqs: Any, url: str) -> None:
    """Receive and delete for ever."""
    while True:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
        for _ in messages:
            handle()
        if messages:
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)


if __name__ == "__main__":
    shared = client(os.environ["BENCH_QUEUE"])
    for _ in range(int(sys.argv[1]) - 1):
        threading.Thread(target=loop, args=shared, daemon=True).start()
    loop(*shared)
