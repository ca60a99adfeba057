"""A soak: very many messages through consumers whose network, server, processes and handlers fail at random, and an account of it all.

    python -m tests.faults.soak --messages 200000 --seed 1 --server roto

Two queues, one of them FIFO; of the consumers one lives through the whole run, and its memory is measured; the others are killed, stopped, frozen
and started again. The run fails if a message is neither handled nor a dead letter, was deleted before it was decided, or overtook another one
of its group, and if memory grows. The seed decides which faults there are; when they meet which message is the machine's affair.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from megaql.broker import aws, local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.errors import BrokerError
from tests.faults import accounts, injection
from tests.faults.accounts import Account, Watch
from tests.faults.injection import FaultyClient, Plan
from tests.faults.proxy import Proxy
from tests.servers import running

PROGRAM = Path(__file__).with_name("soak_consumer.py")
ROOT = Path(__file__).parents[2]

#: The share of the calls that each kind of fault gets. What is silent costs seconds each time, so it is rare.
SHARES = {
    injection.RESET: 0.01,
    injection.CUT: 0.01,
    injection.THROTTLED: 0.01,
    injection.UNAVAILABLE: 0.005,
    injection.INTERNAL: 0.005,
    injection.PARTIAL: 0.02,
    injection.UNTRUE: 0.02,
    injection.DUPLICATE: 0.02,
    injection.LATE: 0.01,
    injection.SWALLOWED: 0.0005,
    injection.MUTE: 0.0005,
}
#: The part of the messages that goes to the FIFO queue, and its groups.
FIFO_SHARE = 0.1
GROUPS = 50
#: Messages that are sent and not decided, at most.
BACKLOG = 3000
#: How much memory the consumer that lives through it all may take beyond what it has after a quarter of the run. MiB.
GROWTH = 10
#: A run whose memory is judged: in a shorter one, a quarter may be over before the program is loaded. Seconds.
LONG = 60
#: The exit statuses of a consumer that was asked to stop; the second before it had begun.
STOPPED = {128 + signal.SIGTERM, -signal.SIGTERM}
#: After that long without any progress the run has failed. Seconds.
PATIENCE = 120


class Progress:
    """What the notes say so far, read as they grow."""

    def __init__(self, path):
        self._file = path.open("rb")
        self._rest = b""
        self.settled = set()
        self.at = time.monotonic()

    def close(self):
        """Close the file."""
        self._file.close()

    def read(self):
        """Read what has come since the last time; returns how many messages are decided."""
        lines = (self._rest + self._file.read()).split(b"\n")
        self._rest = lines.pop()
        before = len(self.settled)
        for line in lines:
            _, what, number = line.split()
            if what in {b"done", b"rejected"}:
                self.settled.add(int(number))
        if len(self.settled) > before:
            self.at = time.monotonic()
        elif time.monotonic() - self.at > PATIENCE:
            raise RuntimeError(f"no progress for {PATIENCE} s at {before} messages")
        return before


class Consumers:
    """The consumer processes by name; each is started again when it has ended."""

    def __init__(self, targets, notes, seed, shares):
        self._targets = targets
        self._notes = notes
        self._seed = seed
        self._shares = ",".join(f"{kind}={share}" for kind, share in shares.items())
        self.processes = {}
        self.injected = Counter()
        self.started = 0
        for name in targets:
            self.start(name)

    def start(self, name):
        """Start a consumer."""
        self.started += 1
        command = [sys.executable, PROGRAM, self._targets[name], self._notes, "--seed", str(self._seed + self.started)]
        self.processes[name] = subprocess.Popen(
            [*command, "--shares", self._shares],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self, name, with_signal):
        """End a consumer by a signal; returns its exit status."""
        process = self.processes.pop(name)
        process.send_signal(with_signal)
        output, _ = process.communicate(timeout=PATIENCE)
        for line in output.splitlines():
            kind, call, count = line.split()
            self.injected[kind, call] += int(count)
        return process.returncode

    def memory(self, name):
        """Return a consumer's resident memory. MiB."""
        pages = int(Path(f"/proc/{self.processes[name].pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Soak:
    """One run."""

    def __init__(self, server, messages, seed, lease, *, folder, url):
        self.server, self.messages, self.seed, self.lease = server, messages, seed, lease
        self.chance = random.Random(seed)
        self.notes = folder / "notes"
        self.account = Account(self.notes)
        self.progress = Progress(self.notes)
        self.plan = Plan(seed, SHARES)
        self.events = Counter()
        self.memory = []
        self.sending = True
        self._folder = folder
        self._direct = (
            local.client() if url is None else aws.client("sqs", Connection(region="us-east-1", endpoint_url=url))
        )
        self.proxy = None if url is None else Proxy(url, self.plan, Watch(self.account))
        self._sending = self._faulty_client()
        self.queues = {name: self._queue(name) for name in ("orders", "orders.fifo")}
        targets = {name: self._target(queue) for name, queue in self.queues.items()}
        self.consumers = Consumers(
            {"steady": targets["orders"], "victim": targets["orders"], "ordered": targets["orders.fifo"]},
            self.notes,
            seed,
            SHARES if url is None else {},
        )

    def close(self):
        """Kill what is left of the consumers, and close everything."""
        for process in self.consumers.processes.values():
            process.kill()
            process.communicate()
        if self.proxy:
            self.proxy.__exit__()
        for each in (self.progress, self.account, self._direct, self._sending):
            each.close()

    def _queue(self, name):
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
        dead = self._direct.create_queue(QueueName=f"dead-{name}", Attributes=fifo)["QueueUrl"]
        arn = self._direct.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 100})
        settings = {"VisibilityTimeout": str(self.lease), "RedrivePolicy": policy}
        url = self._direct.create_queue(QueueName=name, Attributes=fifo | settings)["QueueUrl"]
        return Queue.open(f"local:{name}" if self.proxy is None else url, client=self._direct)

    def _target(self, queue):
        return queue.target.text if self.proxy is None else self.proxy.queue_url(queue.url)

    def run(self):
        """Send everything, break everything, and wait until all is decided and gone; returns what was broken."""
        sender = threading.Thread(target=self._send, daemon=True)
        sender.start()
        breaker = threading.Thread(target=self._break, daemon=True)
        breaker.start()
        began = time.monotonic()
        while True:
            time.sleep(1)
            settled = self.progress.read()
            self.memory.append((time.monotonic() - began, self.consumers.memory("steady")))
            if len(self.memory) % 10 == 0:
                sys.stdout.write(
                    f"{self.memory[-1][0]:5.0f} s  {settled} of {self.messages}  {self.memory[-1][1]:.0f} MiB\n"
                )
                sys.stdout.flush()
            if settled >= self.messages:
                break
        self.seconds = time.monotonic() - began
        self.sending = self.plan.on = False
        breaker.join(PATIENCE)
        while any(self._left(queue) for queue in self.queues.values()):
            self.progress.read()
            time.sleep(0.5)
        statuses = {name: self.consumers.end(name, signal.SIGTERM) for name in list(self.consumers.processes)}
        wrong = {name: status for name, status in statuses.items() if status not in STOPPED}
        broken = [f"{name} ended with status {status}" for name, status in wrong.items()]
        quarter, end = self.memory[len(self.memory) // 4][1], self.memory[-1][1]
        if self.seconds > LONG and end > quarter + GROWTH:
            broken.append(f"memory grew from {quarter:.1f} to {end:.1f} MiB")
        return broken + self.account.broken_promises(self._dead())

    def _left(self, queue):
        info = queue.info()
        return info.visible + info.in_flight + info.delayed

    def _dead(self):
        dead = set()
        for queue in self.queues.values():
            letters = queue.dead_letter_queue()
            while messages := letters.receive():
                dead |= {accounts.number_of(message.body) for message in messages}
                letters.delete(messages)
        return dead

    # The load

    def _send(self):
        """Send in batches, standard messages through the faults; one that failed is sent again, which may double it."""
        plain, ordered = self.queues["orders"], self.queues["orders.fifo"]
        plain = Queue(self._sending, plain.url, plain.target)
        number = 0
        while number < self.messages:
            if number - len(self.progress.settled) > BACKLOG:
                time.sleep(0.02)
                continue
            numbers = range(number, min(number + 100, self.messages))
            number = numbers.stop
            fifo = (number // 100) % round(1 / FIFO_SHARE) == 0
            groups = {one: f"g{one % GROUPS}" if fifo else None for one in numbers}
            self.account.sent.update(groups)
            waiting = [Outgoing(self._body(one), group_id=group) for one, group in groups.items()]
            while waiting:
                try:
                    waiting = [failure.entry for failure in (ordered if fifo else plain).send_batch(waiting).failed]
                except BrokerError as error:
                    if not error.retryable:
                        raise

    def _body(self, number):
        return json.dumps({"n": number, "fill": "x" * (number * 7919 % 2000)})

    def _faulty_client(self):
        if self.proxy is None:
            return FaultyClient(self._direct, self.plan, Watch(self.account))
        return aws.client("sqs", Connection(region="us-east-1", endpoint_url=self.proxy.url))

    # The damage

    def _break(self):
        """Do something bad every few seconds."""
        common = [self._kill, self._terminate, self._freeze]
        own = [self._gone, self._cut_off, self._dark] if self.proxy else [self._lock]
        while self.sending:
            time.sleep(self.chance.uniform(1, 5))
            if self.sending:
                what = self.chance.choice(common + own)
                self.events[what.__name__.strip("_")] += 1
                what()

    def _victim(self):
        return self.chance.choice(["victim", "ordered"])

    def _kill(self):
        name = self._victim()
        self.consumers.end(name, signal.SIGKILL)
        self.consumers.start(name)

    def _terminate(self):
        name = self._victim()
        status = self.consumers.end(name, signal.SIGTERM)
        if status not in STOPPED:
            self.events[f"ended with {status}"] += 1
        self.consumers.start(name)

    def _freeze(self):
        """Stop a process for a while, as a debugger or a full machine does: for longer than leases last, at times."""
        process = self.consumers.processes[self.chance.choice(list(self.consumers.processes))]
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.choice([1, 2, self.lease + 2]))
        process.send_signal(signal.SIGCONT)

    def _gone(self):
        self.proxy.refuse()
        time.sleep(self.chance.uniform(0.5, 4))
        self.proxy.accept()

    def _cut_off(self):
        self.proxy.cut_off()

    def _dark(self):
        self.proxy.cut_off(dark=True)
        time.sleep(self.chance.uniform(1, 4))
        self.proxy.light()

    def _lock(self):
        """Lock the embedded broker's database, as a backup program would."""
        path = Path(os.environ["MEGAQL_HOME"]) / "broker.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as db, contextlib.suppress(sqlite3.OperationalError):
            db.execute("BEGIN IMMEDIATE")
            time.sleep(self.chance.uniform(0.5, 4))
            db.execute("ROLLBACK")

    # The account

    def figures(self):
        """Return what the run went through."""
        by_kind = Counter()
        for (kind, _), count in (self.plan.injected + self.consumers.injected).items():
            by_kind[kind] += count
        memory = [mib for _, mib in self.memory]
        quarter = max(1, len(memory) // 4)
        return {
            "server": self.server,
            "seed": self.seed,
            "messages": self.messages,
            "seconds": round(self.seconds),
            "messages a second": round(self.messages / self.seconds),
            "faults in calls": dict(sorted(by_kind.items())),
            "faults in calls, all": by_kind.total(),
            "events": dict(sorted(self.events.items())),
            "events, all": self.events.total(),
            "handled again": self.account.duplicates(),
            "resident memory, MiB: after a quarter, half, three quarters, at the end, most": [
                round(value, 1)
                for value in (memory[quarter - 1], memory[len(memory) // 2], memory[-quarter], memory[-1], max(memory))
            ],
        }


def soak(server, messages, seed, lease=10):
    """Run a soak with leases of so many seconds; returns its figures and what was broken, which has to be nothing."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = None if server == "local" else stack.enter_context(running(server, folder))
        run = Soak(server, messages, seed, lease, folder=folder, url=url)
        stack.callback(run.close)
        broken = run.run()
        return run.figures(), broken


def main():
    """Run one from the command line."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--messages", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=random.randrange(10**6))
    options.add_argument("--server", choices=["local", "ministack", "roto"], default="roto")
    given = options.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"MEGAQL_HOME": home, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        figures, broken = soak(given.server, given.messages, given.seed)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    for what in broken[:20]:
        sys.stdout.write(f"BROKEN: {what}\n")
    sys.stdout.write("the promise was kept\n" if not broken else f"{len(broken)} breaches\n")
    return bool(broken)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers it started end, too
    sys.exit(main())
