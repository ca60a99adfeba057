"""A consumer for the soak: handlers that fail, reject and dawdle by chance, and on the embedded broker a client full of faults."""

import argparse
import logging
import random
import sys
import time
from datetime import timedelta

from megaql import App, Reject
from megaql.broker.queue import Queue
from megaql.consumer.backoff import Backoff
from megaql.errors import BrokerError
from tests.faults import accounts
from tests.faults.accounts import Account, Watch
from tests.faults.injection import FaultyClient, Plan

options = argparse.ArgumentParser()
options.add_argument("target")
options.add_argument("notes")
options.add_argument("--seed", type=int, required=True)
options.add_argument("--shares", default="", help="kind=share,… for a client in this process")
given = options.parse_args()

logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr)
account = Account(given.notes)
chance = random.Random(given.seed)
queue = Queue.open(given.target)
shares = {kind: float(share) for kind, _, share in (part.partition("=") for part in given.shares.split(",") if part)}
plan = Plan(given.seed, shares)
if shares:
    queue = Queue(FaultyClient(queue.client, plan, Watch(account)), queue.url, queue.target)
app = App(backoff=Backoff(base=timedelta(seconds=1), cap=timedelta(seconds=2)))


@app.subscribe("exists n", fatal=KeyError)
def handle(data):
    number = data.data["n"]
    account.note(accounts.BEGUN, number)
    roll = random.Random(number).random()  # of the message, so that it is rejected whoever gets it
    if roll < 0.002:
        account.note(accounts.REJECTED, number)
        if roll < 0.001:
            raise KeyError(number)
        raise Reject("by chance")
    roll = chance.random()
    if roll < 0.01:
        raise TimeoutError
    if roll < 0.0102:
        time.sleep(12)
    account.note(accounts.DONE, number)


def consume():
    """Run the application; a run that meets an outage at its very start is an error, and is begun again, as a service manager does."""
    while True:
        try:
            return app.run(queue, concurrency=4, drain_timeout=timedelta(seconds=8))
        except BrokerError as error:
            if not error.retryable:
                raise
            time.sleep(0.2)


report = consume()
for (kind, call), count in sorted(plan.injected.items()):
    sys.stdout.write(f"{kind} {call} {count}\n")
sys.exit(128 + report.signal if report.signal else 0)
