"""How long a consumer does nothing after a fault: measured, as a program, because a timed assertion is no test.

    python -m tests.faults.recovery

For each fault, the time from when the first message could have been handled until it is: for dead connections from the moment they die, for a
server or a database that was gone, from when it is back.
"""

import argparse
import contextlib
import itertools
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

from megaql import App
from megaql.broker import aws, local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from tests.faults import accounts
from tests.faults.accounts import Account, Watch
from tests.faults.durable import DurableServer
from tests.faults.injection import Plan
from tests.faults.proxy import Proxy
from tests.servers import running

#: How long a server or a database is gone. Seconds.
GONE = 20
#: Messages that wait for the consumer. Each receive that dies with its connection takes up to ten of them along until their leases end, and there
#: are up to eight side by side.
WAITING = 200

_numbers = itertools.count(1)


class Consumer:
    """An application in a thread; says when it handled a message."""

    def __init__(self, queue, wait):
        self._handled = threading.Event()
        self.app = App()
        self.app.subscribe("exists n", subscription="note")(lambda _: self._handled.set())
        settings = {"wait": timedelta(seconds=wait), "concurrency": 4}
        self._thread = threading.Thread(target=self.app.run, args=(queue,), kwargs=settings, daemon=True)
        self._thread.start()

    def forget(self):
        """Forget what was handled until now."""
        self._handled.clear()

    def wait(self):
        """Wait for a message that is handled after the last `forget`."""
        self._handled.wait()

    def stop(self):
        """End the run."""
        self.app.stop()
        self._thread.join()


def client(url, *, lean=True):
    """Return a client of a server."""
    return aws.client("sqs", Connection(region="us-east-1", endpoint_url=url), lean=lean)


def send(queue):
    """Send some messages, past all faults."""
    queue.send_batch([Outgoing(accounts.body(number)) for number in range(WAITING)])


def new_queue(server):
    """Make a queue on a server, asked directly."""
    url = server.create_queue(QueueName=f"r{next(_numbers)}", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    return Queue.open(url, client=server)


def black_hole(url, wait, *, lean, chance):
    """Every connection of an idle consumer dies without a word; then messages come."""
    direct = new_queue(client(url))
    with Proxy(url, Plan(), Watch(Account())) as proxy:
        consumer = Consumer(Queue.open(proxy.queue_url(direct.url), client=client(proxy.url, lean=lean)), wait)
        send(direct)
        consumer.wait()
        time.sleep(2 + chance.uniform(0, wait))
        proxy.cut_off()
        consumer.forget()
        began = time.monotonic()
        send(direct)
        consumer.wait()
        seconds = time.monotonic() - began
        consumer.stop()
    return seconds


def plain_boto3(url, wait):
    """The same for a plain loop over boto3's client, with its defaults."""
    import boto3

    direct = new_queue(client(url))
    with Proxy(url, Plan(), Watch(Account())) as proxy:
        plain = boto3.client("sqs", region_name="us-east-1", endpoint_url=proxy.url)
        queue = proxy.queue_url(direct.url)
        plain.receive_message(QueueUrl=queue, WaitTimeSeconds=0)
        threading.Timer(1, proxy.cut_off).start()
        threading.Timer(1.1, send, (direct,)).start()
        began = time.monotonic() + 1
        while not plain.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait).get("Messages"):
            pass
        seconds = time.monotonic() - began
        plain.close()
    return seconds


def refused(url):
    """Nothing listens at the server's port for a while."""
    direct = new_queue(client(url))
    with Proxy(url, Plan(), Watch(Account())) as proxy:
        consumer = Consumer(Queue.open(proxy.queue_url(direct.url), client=client(proxy.url)), 5)
        send(direct)
        consumer.wait()
        proxy.refuse()
        time.sleep(GONE)
        send(direct)
        consumer.forget()
        proxy.accept()
        began = time.monotonic()
        consumer.wait()
        seconds = time.monotonic() - began
        consumer.stop()
    return seconds


def killed(folder):
    """A real server, killed by `kill -9` and started again on the same files."""
    with DurableServer(folder) as server:
        queue = new_queue(client(server.url))
        send(queue)
        consumer = Consumer(queue, 5)
        consumer.wait()
        send(queue)
        server.kill()
        time.sleep(GONE)
        consumer.forget()
        server.start()
        began = time.monotonic()
        send(queue)
        consumer.wait()
        seconds = time.monotonic() - began
        consumer.stop()
    return seconds


def locked():
    """Another program has the embedded broker's database locked."""
    name = f"r{next(_numbers)}"
    queue = Queue.open(f"local:{name}", create=True)
    send(queue)
    consumer = Consumer(queue, 1)
    consumer.wait()
    with contextlib.closing(sqlite3.connect(local.home() / "broker.sqlite3", isolation_level=None)) as foreign:
        foreign.execute("BEGIN EXCLUSIVE")
        time.sleep(GONE)
        consumer.forget()
        foreign.execute("ROLLBACK")
    began = time.monotonic()
    send(queue)
    consumer.wait()
    seconds = time.monotonic() - began
    consumer.stop()
    return seconds


def main():
    """Measure and print a table."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument(
        "faults",
        nargs="*",
        default=["dead", "boto3", "gone"],
        help="dead connections, the same for boto3 alone, servers that are gone",
    )
    faults = options.parse_args().faults
    chance = random.Random(1)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ |= {
            "MEGAQL_HOME": str(folder / "home"),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        servers = {}
        for name in ("roto", "ministack"):
            (folder / name).mkdir()
            servers[name] = stack.enter_context(running(name, folder / name))

        def row(what, server, measured):
            times = " ".join(f"{seconds:.1f}" for seconds in measured)
            sys.stdout.write(f"| {what} | {server} | {times} |\n")
            sys.stdout.flush()

        sys.stdout.write("| fault | server | seconds, each time |\n| --- | --- | --- |\n")
        for name, url in servers.items() if "dead" in faults else ():
            for lean in (True, False):
                for wait, times in ((1, 3), (5, 3), (20, 1)):
                    path = "lean path" if lean else "boto3's path"
                    measured = [black_hole(url, wait, lean=lean, chance=chance) for _ in range(times)]
                    row(f"dead connections, wait {wait} s, {path}", name, measured)
        if "boto3" in faults:
            row("dead connections, wait 5 s, a loop over boto3", "roto", [plain_boto3(servers["roto"], 5)])
        if "gone" not in faults:
            return
        row(f"connections refused for {GONE} s", "ministack", [refused(servers["ministack"]) for _ in range(2)])
        row(f"connections refused for {GONE} s", "roto", [refused(servers["roto"])])
        row(
            f"kill -9 of the server, back after {GONE} s", "roto", [killed(folder / f"data{turn}") for turn in range(2)]
        )
        row(f"database locked for {GONE} s", "embedded", [locked() for _ in range(2)])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers it started end, too
    main()
