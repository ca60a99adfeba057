"""The embedded broker beside a bare SQLite table that syncs every commit: `python tests/benchmarks/bench_broker.py`.

Both do the same work in turns, round after round, so that a busy machine slows both; the ratio is what to look at.
Batches of ten, bodies of 300 bytes, one process. Then, by itself: the same with 100,000 messages queued, what an idle
long poll costs, how fast one wakes, and the worst send of four processes at once.
"""

# ruff: noqa: T201 - a benchmark prints its table

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from megaql.broker import local

BODY = '{"event": {"name": "item.added"}, "padding": "' + "x" * 250 + '"}'
BATCH = 10


class Bare:
    """A table with nothing but a body and a mark: the least that could be called a queue."""

    def __init__(self, folder):
        self.db = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, taken INTEGER, body TEXT)")

    @contextlib.contextmanager
    def commit(self):
        self.db.execute("BEGIN IMMEDIATE")
        yield
        self.db.execute("COMMIT")

    def send(self):
        with self.commit():
            self.db.executemany("INSERT INTO message (taken, body) VALUES (0, ?)", [(BODY,)] * BATCH)

    def take_and_delete(self):
        with self.commit():
            rows = self.db.execute("SELECT id, body FROM message ORDER BY id LIMIT ?", (BATCH,)).fetchall()
            self.db.executemany("UPDATE message SET taken = 1 WHERE id = ?", [row[:1] for row in rows])
        with self.commit():
            self.db.executemany("DELETE FROM message WHERE id = ?", [row[:1] for row in rows])


class Broker:
    """The embedded broker, on a standard queue or a FIFO one with fifty groups."""

    def __init__(self, folder, *, fifo=False):
        self.client = local.client(folder)
        more = {"QueueName": "bench.fifo", "Attributes": {"FifoQueue": "true"}} if fifo else {"QueueName": "bench"}
        self.url = self.client.create_queue(**more)["QueueUrl"]
        self.fifo = fifo
        self.sent = 0

    def entry(self, number):
        entry = {"Id": str(number), "MessageBody": BODY}
        if self.fifo:
            self.sent += 1
            entry |= {"MessageGroupId": f"g{self.sent % 50}", "MessageDeduplicationId": str(self.sent)}
        return entry

    def send(self):
        self.client.send_message_batch(QueueUrl=self.url, Entries=[self.entry(number) for number in range(BATCH)])

    def take_and_delete(self):
        messages = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=BATCH)["Messages"]
        entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
        self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)


def rate(work, batches):
    """Return messages a second."""
    start = time.perf_counter()
    for _ in range(batches):
        work()
    return batches * BATCH / (time.perf_counter() - start)


def side_by_side(title, contestants, rounds, batches):
    """Print each contestant's median rates and their ratio to the first one's, taken within a round."""
    rates = {(name, step): [] for name, _ in contestants for step in ("send", "take_and_delete")}
    for _ in range(rounds):
        for step in ("send", "take_and_delete"):
            for name, queue in contestants:
                rates[name, step].append(rate(getattr(queue, step), batches))
    first = contestants[0][0]
    print(f"\n{title}: {rounds} rounds of {batches} batches of {BATCH}; messages a second, median (ratio)")
    for step in ("send", "take_and_delete"):
        for name, _ in contestants:
            ratios = [ours / bare for ours, bare in zip(rates[name, step], rates[first, step], strict=True)]
            print(
                f"  {step.replace('_', ' '):16} {name:16} {statistics.median(rates[name, step]):9,.0f}"
                f"   ({statistics.median(ratios):.2f})   {min(rates[name, step]):9,.0f} … {max(rates[name, step]):,.0f}"
            )


def idle_poll(folder):
    """Print what a long poll that finds nothing costs."""
    client = local.client(folder)
    url = client.create_queue(QueueName="idle")["QueueUrl"]
    client.receive_message(QueueUrl=url)
    cpu, start = time.process_time(), time.perf_counter()
    client.receive_message(QueueUrl=url, WaitTimeSeconds=5)
    share = (time.process_time() - cpu) / (time.perf_counter() - start)
    print(f"\nIdle long poll: {share:.2%} of a core")


def _answer(folder, url, reply):
    client = local.client(folder)
    while (message := client.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0])["Body"] != "stop":
        now = time.perf_counter()
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        reply.send(now)


def wake_up(folder, times=100):
    """Print how long after a send has returned a waiting receive of another process has its message."""
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
    print(f"Wake-up across processes: median {statistics.median(delays):.1f} ms, worst {delays[-1]:.1f} ms")


def _worst(folder, url, seconds, reply):
    client = local.client(folder)
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(BATCH)]
    calls = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        client.send_message_batch(QueueUrl=url, Entries=entries)
        calls.append(time.perf_counter() - start)
    reply.send((len(calls), max(calls)))


def fairness(folder, processes=4, seconds=3):
    """Print what several processes that send at once get, and the worst call of any."""
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
    total = sum(calls for calls, _ in results) * BATCH / seconds
    shares = ", ".join(f"{calls:,}" for calls, _ in results)
    print(
        f"{processes} processes sending: {total:,.0f} messages a second, calls {shares};"
        f" worst call {max(worst for _, worst in results) * 1000:.0f} ms"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--backlog", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare, standard = Bare(folder), Broker(folder / "standard")
        fifo = Broker(folder / "fifo", fifo=True)
        contestants = [("bare table", bare), ("broker", standard), ("broker, FIFO", fifo)]
        side_by_side("Empty queue", contestants, options.rounds, options.batches)
        for _, queue in contestants:
            rate(queue.send, options.backlog // BATCH)
        side_by_side(f"{options.backlog:,} messages queued", contestants, options.rounds, options.batches)
        idle_poll(folder / "idle")
        wake_up(folder / "wake")
        fairness(folder / "fair")


if __name__ == "__main__":
    main()
