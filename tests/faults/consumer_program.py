"""A consumer for the fault tests: it notes in a file which numbers it has begun and which it is done with.

Notes are written before anything is told to the queue, each in one call of the operating system, so that not even `kill -9` can lose one.
"""

import argparse
import dataclasses
import json
import logging
import os
import sys
import time
from datetime import timedelta

from megaql import App

options = argparse.ArgumentParser()
options.add_argument("target")
options.add_argument("notes")
options.add_argument("--takes", type=float, default=0.0, help="seconds a handler takes")
options.add_argument("--concurrency", type=int, default=1)
options.add_argument("--drain", type=float, default=20.0, help="seconds")
options.add_argument("--once", action="store_true")
given = options.parse_args()

logging.basicConfig(level=logging.INFO, stream=sys.stderr)
notes = os.open(given.notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
app = App(given.target)


@app.subscribe("exists n")
def note(data):
    os.write(notes, f"begun {data.data['n']}\n".encode())
    time.sleep(given.takes)
    os.write(notes, f"done {data.data['n']}\n".encode())


report = app.run(
    once=given.once,
    concurrency=given.concurrency,
    drain_timeout=timedelta(seconds=given.drain),
    wait=timedelta(seconds=1),
)
sys.stdout.write(json.dumps(dataclasses.asdict(report), default=str))
sys.exit(128 + report.signal if report.signal else 0)
