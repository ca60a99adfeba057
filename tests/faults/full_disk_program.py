"""A consumer on a disk that is full for a while: the process may make no file larger than it is, then it may again.

It says on its standard output which numbers it has begun and is done with; a pipe is never full.
"""

import json
import resource
import sys
import threading
from datetime import timedelta

from megaql import App
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.consumer import app as application
from megaql.consumer.backoff import Backoff
from megaql.errors import BrokerError

COUNT = 200

queue = Queue.open("local:orders")
queue.send_batch([Outgoing(json.dumps({"n": number, "fill": "x" * 500})) for number in range(COUNT)])
application.POLL_BACKOFF = Backoff(base=timedelta(seconds=0.1), cap=timedelta(seconds=0.5))
done = set()
full = threading.Event()
app = App(backoff=Backoff(base=timedelta(seconds=1), cap=timedelta(seconds=1)))


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def fill():
    """Let the disk be full, see what a send says, and make room again."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        queue.send(Outgoing('{"n": -1}'))
    except BrokerError as error:
        say("refused", error.code, error.retryable)
    threading.Timer(2, resource.setrlimit, (resource.RLIMIT_FSIZE, limits)).start()


@app.subscribe("exists n")
def handle(data):
    number = data.data["n"]
    say("begun", number)
    if len(done) == COUNT // 4 and not full.is_set():
        full.set()
        fill()
    done.add(number)
    say("done", number)
    if len(done) == COUNT:
        app.stop()


app.run(queue, concurrency=2, drain_timeout=timedelta(seconds=10))
say("ended")
# Messages whose deletes failed come again when their leases end; the ledger keeps their handlers from running again.
while (info := queue.info()).visible + info.in_flight:
    app.run(queue, once=True, wait=timedelta(seconds=1))
