"""The client: receiving and deleting in batches of ten, over the lean path and through boto3 alone, and the same for sending.

Both do the same work on one server in turns, so that a busy machine slows both; CPU seconds are this process's own, not the server's.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from megaql.broker import aws
from megaql.broker.target import Connection
from tests.benchmarks.tables import Table
from tests.servers import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.timing import Options

SERVERS = ("roto", "ministack")
BODY = '{"event": {"name": "item.added"}, "padding": "' + "x" * 250 + '"}'
BATCH = 10
WAYS = {"boto3": False, "lean": True}
#: Credentials that no server here looks at.
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}


def tables(options: Options) -> Iterator[Table]:
    """Yield one table for each server."""
    messages, rounds = (100, 1) if options.quick else (1_000, 5)
    with mock.patch.dict(os.environ, ENVIRONMENT):
        for server in SERVERS:
            with tempfile.TemporaryDirectory() as folder, running(server, Path(folder)) as url:
                yield _table(server, url, messages, rounds)


def _table(server: str, url: str, messages: int, rounds: int) -> Table:
    connection = Connection(region="us-east-1", endpoint_url=url)
    clients = {way: aws.client("sqs", connection, lean=lean) for way, lean in WAYS.items()}
    queue = clients["boto3"].create_queue(QueueName="bench")["QueueUrl"]
    figures: dict[tuple[str, int, str], list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        for threads in (1, 8):
            for way, client in clients.items():
                taken = {
                    "send": _measured(threads, _send, client, queue, messages // threads),
                    "receive, delete": _measured(threads, _consume, client, queue),
                }
                if number:  # the first round makes connections and templates
                    for work, seconds in taken.items():
                        figures.setdefault((work, threads, way), []).append(seconds)
    for client in clients.values():
        client.close()
    table = Table(
        f"The client on {server}: {messages:,} messages in batches of {BATCH}",
        ["work", "threads", "way", "CPU s per 1,000", "ratio to boto3", "messages/s"],
        note="Median of the rounds; the ratio is the median of the ratios within a round.",
    )
    for (work, threads, way), seconds in figures.items():
        cpu, wall = (statistics.median(each) for each in zip(*seconds, strict=True))
        plain = figures[work, threads, "boto3"]
        ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in zip(seconds, plain, strict=True))
        count = messages // threads // BATCH * BATCH * threads
        table.rows.append([work, threads, way, cpu * 1_000 / count, ratio, count / wall])
    table.rows.sort(key=lambda row: (str(row[0]), row[1]))
    return table


def _measured(threads: int, work: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """Return the CPU seconds and the seconds that work takes when each of some threads does it."""
    workers = [threading.Thread(target=work, args=arguments) for _ in range(threads)]
    cpu, wall = time.process_time(), time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.process_time() - cpu, time.perf_counter() - wall


def _send(client: Any, queue: str, messages: int) -> None:
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(BATCH)]
    for _ in range(messages // BATCH):
        client.send_message_batch(QueueUrl=queue, Entries=entries)


def _consume(client: Any, queue: str) -> None:
    """Receive and delete until the queue is empty."""
    request = {
        "QueueUrl": queue,
        "MaxNumberOfMessages": BATCH,
        "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    }
    while messages := client.receive_message(**request).get("Messages"):
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)
        ]
        client.delete_message_batch(QueueUrl=queue, Entries=entries)
