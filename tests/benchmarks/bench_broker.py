"""The embedded broker beside a bare SQLite table that syncs every commit.

Both do the same work in turns, round after round, so that a busy machine slows both; the ratio is what to look at.
Batches of ten, bodies of 300 bytes, one process. Then, by itself: the same with 100,000 messages queued, what an idle
long poll costs, how fast one wakes, and the worst send of four processes at once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from megaql.broker import local
from tests.benchmarks.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from tests.benchmarks.timing import Options

BODY = '{"event": {"name": "item.added"}, "padding": "' + "x" * 250 + '"}'
BATCH = 10


class Bare:
    """A table with nothing but a body and a mark: the least that could be called a queue."""

    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, taken INTEGER, body TEXT)")

    @contextlib.contextmanager
    def commit(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        yield
        self.db.execute("COMMIT")

    def send(self) -> None:
        with self.commit():
            self.db.executemany("INSERT INTO message (taken, body) VALUES (0, ?)", [(BODY,)] * BATCH)

    def take_and_delete(self) -> None:
        with self.commit():
            rows = self.db.execute("SELECT id, body FROM message ORDER BY id LIMIT ?", (BATCH,)).fetchall()
            self.db.executemany("UPDATE message SET taken = 1 WHERE id = ?", [row[:1] for row in rows])
        with self.commit():
            self.db.executemany("DELETE FROM message WHERE id = ?", [row[:1] for row in rows])


class Broker:
    """The embedded broker, on a standard queue or a FIFO one with fifty groups."""

    def __init__(self, folder: Path, *, fifo: bool = False) -> None:
        self.client = local.client(folder)
        more = {"QueueName": "bench.fifo", "Attributes": {"FifoQueue": "true"}} if fifo else {"QueueName": "bench"}
        self.url = self.client.create_queue(**more)["QueueUrl"]
        self.fifo = fifo
        self.sent = 0

    def entry(self, number: int) -> dict[str, Any]:
        entry = {"Id": str(number), "MessageBody": BODY}
        if self.fifo:
            self.sent += 1
            entry |= {"MessageGroupId": f"g{self.sent % 50}", "MessageDeduplicationId": str(self.sent)}
        return entry

    def send(self) -> None:
        self.client.send_message_batch(QueueUrl=self.url, Entries=[self.entry(number) for number in range(BATCH)])

    def take_and_delete(self) -> None:
        messages = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=BATCH)["Messages"]
        entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
        self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)


def rate(work: Callable[[], None], batches: int) -> float:
    """Return messages a second."""
    start = time.perf_counter()
    for _ in range(batches):
        work()
    return batches * BATCH / (time.perf_counter() - start)


#: What is measured, and the method that does it.
STEPS = {"send": "send", "take and delete": "take_and_delete"}


def tables(options: Options) -> Iterator[Table]:
    """Yield the rates with an empty queue and with a full one, then what waiting and sharing cost."""
    rounds, batches, backlog = (1, 1, 20) if options.quick else (7, 300, 100_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contestants = {
            "bare table": Bare(folder),
            "broker": Broker(folder / "standard"),
            "broker, FIFO": Broker(folder / "fifo", fifo=True),
        }
        yield side_by_side("an empty queue", contestants, rounds, batches)
        for queue in contestants.values():
            rate(queue.send, backlog // BATCH)
        yield side_by_side(f"{backlog:,} messages queued", contestants, rounds, batches)
        if options.quick:
            return
        table = Table("Waiting for the embedded broker, and sharing it", ["what", "figure"])
        table.rows += [*idle_poll(folder / "idle"), *wake_up(folder / "wake"), *fairness(folder / "fair")]
        yield table


def side_by_side(title: str, contestants: dict[str, Bare | Broker], rounds: int, batches: int) -> Table:
    """Return each contestant's median rates and their ratio to the first one's, taken within a round."""
    rates: dict[tuple[str, str], list[float]] = {(name, step): [] for name in contestants for step in STEPS}
    for _ in range(rounds):
        for step, method in STEPS.items():
            for name, queue in contestants.items():
                rates[name, step].append(rate(getattr(queue, method), batches))
    first = next(iter(contestants))
    table = Table(
        f"The embedded broker with {title}, messages a second", ["step", "queue", "median", "least", "most", "ratio"]
    )
    for step in STEPS:
        for name in contestants:
            own = rates[name, step]
            ratio = statistics.median(ours / bare for ours, bare in zip(own, rates[first, step], strict=True))
            table.rows.append([step, name, statistics.median(own), min(own), max(own), ratio])
    table.note = f"{rounds} rounds of {batches} batches of {BATCH}. The ratio is to the bare table in the same round."
    return table


def idle_poll(folder: Path) -> Iterator[list[str | float]]:
    """Yield what a long poll that finds nothing costs."""
    client = local.client(folder)
    url = client.create_queue(QueueName="idle")["QueueUrl"]
    client.receive_message(QueueUrl=url)
    cpu, start = time.process_time(), time.perf_counter()
    client.receive_message(QueueUrl=url, WaitTimeSeconds=5)
    yield ["idle long poll, % of a core", 100 * (time.process_time() - cpu) / (time.perf_counter() - start)]


def _answer(folder: Path, url: str, reply: Connection) -> None:
    client = local.client(folder)
    while (message := client.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0])["Body"] != "stop":
        now = time.perf_counter()
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        reply.send(now)


def wake_up(folder: Path, times: int = 100) -> Iterator[list[str | float]]:
    """Yield how long after a send has returned a waiting receive of another process has its message."""
    client = local.client(folder)
    url = client.create_queue(QueueName="wake")["QueueUrl"]
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_answer, args=(folder, url, there))
    child.start()
    delays = []
    for _ in range(times):
        time.sleep(0.05)
        client.send_message(QueueUrl=url, MessageBody="wake")
        sent = time.perf_counter()
        delays.append((here.recv() - sent) * 1000)
    client.send_message(QueueUrl=url, MessageBody="stop")
    child.join()
    delays = sorted(delays[5:])
    yield ["wake-up across processes, median ms", statistics.median(delays)]
    yield ["wake-up across processes, worst ms", delays[-1]]


def _worst(folder: Path, url: str, seconds: float, reply: Connection) -> None:
    client = local.client(folder)
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(BATCH)]
    calls = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        client.send_message_batch(QueueUrl=url, Entries=entries)
        calls.append(time.perf_counter() - start)
    reply.send((len(calls), max(calls)))


def fairness(folder: Path, processes: int = 4, seconds: float = 3) -> Iterator[list[str | float]]:
    """Yield what several processes that send at once get, and the worst call of any."""
    client = local.client(folder)
    url = client.create_queue(QueueName="fair")["QueueUrl"]
    context = multiprocessing.get_context("spawn")
    children = []
    for _ in range(processes):
        here, there = context.Pipe()
        child = context.Process(target=_worst, args=(folder, url, seconds, there))
        child.start()
        children.append((child, here))
    results = [here.recv() for _, here in children]
    for child, _ in children:
        child.join()
    calls = [count for count, _ in results]
    yield [f"{processes} processes sending, messages a second", sum(calls) * BATCH / seconds]
    yield [f"{processes} processes sending, the least share of the calls, %", 100 * min(calls) / sum(calls)]
    yield [f"{processes} processes sending, the worst call, ms", max(worst for _, worst in results) * 1000]
