"""`megaql move` of 100,000 messages from one queue to another, beside a plain loop that receives, sends and deletes ten at a time.

All are processes that do all of the work: `megaql move` writes its log and puts that on the disk before it deletes, which the loop does not, and with `-w` it
judges each message. They take turns: what one has moved there, the next moves back. The most memory is the process's own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from megaql.broker import aws, local
from megaql.broker.target import Connection
from tests.benchmarks.bench_client import ENVIRONMENT
from tests.benchmarks.bench_peek import event
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import time_processes
from tests.servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.broker.client import SQSClient
    from tests.benchmarks.timing import Options

ROOT = Path(__file__).parents[2]

_BATCH = 10

#: What somebody writes who has no tool for it; `client` is the one way in which the two servers differ.
LOOP = """
import sys
source, to = sys.argv[1:]
{client}
while True:
    got = client.receive_message(QueueUrl=source, MaxNumberOfMessages=10, WaitTimeSeconds={wait}, AttributeNames=["All"],
                                 MessageAttributeNames=["All"]).get("Messages", [])
    if not got:
        break
    client.send_message_batch(QueueUrl=to, Entries=[
        {{"Id": str(n), "MessageBody": m["Body"], "MessageAttributes": m.get("MessageAttributes", {{}})}} for n, m in enumerate(got)])
    client.delete_message_batch(QueueUrl=source, Entries=[
        {{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]}} for n, m in enumerate(got)])
"""

_CLIENTS = {
    "local": "from megaql.broker import local; client = local.client()",
    "roto": "import boto3; client = boto3.client('sqs', region_name='us-east-1', endpoint_url='{endpoint}')",
}


def tables(options: Options) -> Iterator[Table]:
    """Yield one table for the embedded broker and one for a server over the network."""
    count = 200 if options.quick else 100_000
    with mock.patch.dict(os.environ, ENVIRONMENT):
        for server in ("local", "roto"):
            with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
                url = "" if server == "local" else stack.enter_context(running(server, Path(folder)))
                yield _table(server, url, folder, count)


def _table(server: str, endpoint: str, folder: str, count: int) -> Table:
    world = os.environ | {"PYTHONPATH": str(ROOT), "MEGAQL_HOME": f"{folder}/home", "HOME": folder}
    if server == "local":
        client = local.client(Path(folder, "home"))
    else:
        client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=endpoint))
    here, there = (client.create_queue(QueueName=name)["QueueUrl"] for name in ("here", "there"))
    fill(client, here, count)
    client.close()
    loop = LOOP.format(client=_CLIENTS[server].format(endpoint=endpoint), wait=0 if server == "local" else 1)
    names = ("local:here", "local:there") if server == "local" else (here, there)
    megaql = [sys.executable, "-m", "megaql.cli.main", "move"]
    commands = {
        "a plain loop": [sys.executable, "-c", loop, here, there],
        "`megaql move`": [*megaql, *reversed(names), "--apply", "--yes"],
        "`megaql move -w …`": [*megaql, *names, "-w", "event.attributes.quantity >= 0", "--apply", "--yes"],
    }
    # One run each: a run takes minutes, and the first hundred messages warm whatever can be warmed.
    processes = time_processes(commands, quick=True, env=world, cwd=folder)
    table = Table(
        f"{count:,} messages moved, {'the embedded broker' if server == 'local' else server}",
        ["", "s", "messages/s", "processor s", "most memory MiB"],
    )
    for name, process in processes.items():
        table.rows.append([name, process.wall, count / process.wall, process.cpu, process.peak_mib])
    return table


def fill(client: SQSClient, url: str, count: int) -> None:
    """Put MEGA events into a queue."""
    for start in range(0, count, _BATCH):
        entries = [{"Id": str(i), "MessageBody": event(i)} for i in range(start, min(start + _BATCH, count))]
        client.send_message_batch(QueueUrl=url, Entries=entries)
