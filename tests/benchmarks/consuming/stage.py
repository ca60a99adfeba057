"""A queue on a server, and consumers that are let loose on it one at a time.

A maintainer keeps one rule: a figure stands only for messages that were handled. What a consumer deleted and did not handle is an error here.
"""

from __future__ import annotations

import bisect
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from megaql.broker import aws, local
from megaql.broker.target import Connection
from tests.benchmarks.consuming import counting, processes
from tests.servers import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.benchmarks.consuming.consumers import Consumer

#: Messages that a consumer handles before it is measured.
WARM_UP: Final = 200
#: How long a queue may take to become empty. Seconds.
PATIENCE: Final = 120
#: What an empty queue's consumer gets until it only waits: stopped earlier, it might hold the embedded broker's lock. Seconds.
QUIET: Final = 0.7
#: How often a queue is asked whether it is empty, in seconds.
INTERVAL: Final = 0.02
#: Messages before the first one whose delay counts, and the pauses between them, in seconds.
FIRST: Final = 20
PAUSE: Final = 0.03
_BATCH: Final = 10
_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_EVENT: Final = {
    "protocol": "mega",
    "version": 1,
    "event": {
        "name": "item.added",
        "timestamp": "2020-05-04T03:02:01Z",
        "domain": "cart",
        "attributes": {"quantity": 5, "item_id": "0" * 32, "tags": ["new", "sale"]},
    },
}


@dataclass
class Stage:
    """A service and a queue of it. `client` is the measuring side's own, `prefix` and `environment` are what a consumer is given.

    `answers` is the file in which the proxy on the way notes when it hands bytes to the consumer; `None` where there is no proxy.
    """

    client: Any
    prefix: str
    environment: Mapping[str, str]
    python: str
    url: str = ""
    name: str = ""
    number: int = 0
    answers: Path | None = None

    def clear(self) -> None:
        """Take a new queue: of an old one, a receive may still be waiting whose consumer is gone, and would lose the messages that it gets."""
        if self.url:
            self.client.delete_queue(QueueUrl=self.url)
        self.number += 1
        self.name = f"bench-{self.number}"
        self.url = self.client.create_queue(QueueName=self.name)["QueueUrl"]

    def send(self, body: str, count: int) -> None:
        """Send a body so many times."""
        for first in range(0, count, _BATCH):
            entries = [{"Id": str(number), "MessageBody": body} for number in range(first, min(first + _BATCH, count))]
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                raise RuntimeError(f"not sent: {answer['Failed']}")

    def wait_until_empty(self, what: str, log: Path) -> float:
        """Return the moment at which the queue is empty; raises `RuntimeError` if that takes too long."""
        end = time.perf_counter() + PATIENCE
        while time.perf_counter() < end:
            answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(_COUNTS))
            now = time.perf_counter()
            if not any(int(answer["Attributes"][name]) for name in _COUNTS):
                return now
            time.sleep(INTERVAL)
        raise RuntimeError(f"{what} does not get through:\n{log.read_text(errors='replace')[-2000:]}")

    def body(self, consumer: Consumer) -> str:
        """Return the body of a message as the consumer's own publisher writes it."""
        if not consumer.sample:
            return json.dumps(_EVENT)
        command = [self.python, "-c", f"from {consumer.sample} import send; send()"]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(command, cwd=processes.ROOT, env=self._environment(consumer, Path(folder)), check=True)
        (message,) = self.client.receive_message(QueueUrl=self.url, WaitTimeSeconds=5)["Messages"]
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return str(message["Body"])

    def measured(self, consumer: Consumer, messages: int) -> tuple[float, float]:
        """Return the processor time and the time, in seconds, that a consumer takes for so many messages."""
        self.clear()
        body = self.body(consumer)
        with self.running(consumer) as (process, folder, log):
            self.send(body, WARM_UP)
            time.sleep(INTERVAL)
            self.wait_until_empty(consumer.title, log)
            time.sleep(QUIET)
            processes.tell(process, signal.SIGSTOP)
            self.send(body, messages)
            cpu, start = processes.cpu_seconds(process), time.perf_counter()
            processes.tell(process, signal.SIGCONT)
            seconds = self.wait_until_empty(consumer.title, log) - start
            cpu = processes.cpu_seconds(process) - cpu
            handled = counting.total(folder)
            if handled < messages + WARM_UP:
                raise RuntimeError(f"{consumer.title} handled {handled} of {messages + WARM_UP} messages")
        return cpu, seconds

    def delays(self, consumer: Consumer, messages: int) -> tuple[list[float], list[float]]:
        """Return the seconds from before each send to its handler, of messages that are sent one at a time to an idle consumer; and the consumer's own part.

        That counts from the answer's arrival at the consumer where a proxy notes it, and from the end of the send where there is none.
        """
        self.clear()
        body, delays, known = self.body(consumer), list[float](), list[tuple[float, float]]()
        chance = random.Random(messages)
        with tempfile.TemporaryDirectory() as folder:
            times = Path(folder, "times")
            times.touch()
            with self.running(consumer, **{counting.TIMES: str(times)}) as (_, _, log):
                for number in range(-FIRST, messages):
                    sent = time.clock_gettime(time.CLOCK_MONOTONIC)
                    self.send(body, 1)
                    queued = time.clock_gettime(time.CLOCK_MONOTONIC)
                    end = time.perf_counter() + PATIENCE
                    while len(noted := counting.noted(times)) < number + FIRST + 1:
                        if time.perf_counter() > end:
                            raise RuntimeError(f"{consumer.title} does not get through:\n{log.read_text()[-2000:]}")
                        time.sleep(PAUSE)
                    if number >= 0:
                        delays.append(noted[-1] - sent)
                        known.append((min(queued, noted[-1]), noted[-1]))
                    time.sleep(PAUSE * (1 + chance.random()))
        if self.answers is None:
            return delays, [handled - queued for queued, handled in known]
        # The last bytes before a handler began are its message's: an idle consumer asks for nothing else meanwhile.
        arrivals = counting.noted(self.answers)
        return delays, [handled - arrivals[bisect.bisect_right(arrivals, handled) - 1] for _, handled in known]

    @contextmanager
    def running(self, consumer: Consumer, **more: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
        """Run a consumer; gives its process, the folder of its counts and its log."""
        with tempfile.TemporaryDirectory() as folder:
            counts, log = Path(folder, "counts"), Path(folder, "log")
            counts.mkdir()
            environment = self._environment(consumer, counts) | more
            with processes.started(
                [self.python, *(argument.format(queue=self.name) for argument in consumer.arguments)], environment, log
            ) as process:
                yield process, counts, log

    def _environment(self, consumer: Consumer, counts: Path) -> dict[str, str]:
        world = {"PYTHONPATH": str(processes.ROOT), counting.FOLDER: str(counts)}
        queue = {"BENCH_QUEUE": self.prefix + self.name, "BENCH_NAME": self.name}
        return {**self.environment, **world, **queue, **consumer.environment}


def on_server(url: str, python: str, *, by_way_of: str = "", answers: Path | None = None) -> Stage:
    """Return a stage on a server at a URL; consumers reach it `by_way_of` another URL where one is given, that of a proxy which notes its `answers`."""
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true"}
    with mock.patch.dict(os.environ, keys):
        client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=url))
    shown = by_way_of or url
    regions = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1"}
    environment = {**_plain(), **keys, **regions, "AWS_ENDPOINT_URL": shown}
    return Stage(client, f"{shown}/{ACCOUNT}/", environment, python, answers=answers)


def on_broker(home: str, python: str) -> Stage:
    """Return a stage on the embedded broker, with its files in a folder."""
    return Stage(local.client(Path(home)), "local:", {**_plain(), "MEGAQL_HOME": home}, python)


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MEGAQL_", "PYTHON"))}
