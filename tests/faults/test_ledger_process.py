"""Completions outlive the process that made them: what was done is not done again after `kill -9`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import megaql
from megaql.broker.queue import Queue

ROOT = Path(__file__).parents[2]

PROGRAM = """
import os, signal, sys
from datetime import timedelta
import megaql
from megaql.consumer.ledger import SQLiteLedger

app = megaql.App("local:orders", ledger=SQLiteLedger(sys.argv[1]), visibility=timedelta(seconds=1))
notes = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def note(name):
    os.write(notes, f"{name}\\n".encode())

@app.subscribe("n == 1")
def first(_data):
    note("first")

@app.subscribe("n == 1")
async def second(_data, message):
    note("second")
    return megaql.Outcome.DONE if message.receive_count > 2 else megaql.Retry(timedelta(0))

@app.subscribe("n < 2")
def third(_data, message):
    note("third")
    if message.receive_count == 1:
        os.kill(os.getpid(), signal.SIGKILL)

report = app.run(limit=int(sys.argv[3]))
"""


def test_only_what_was_not_done_runs_again(tmp_path):
    program, notes = tmp_path / "program.py", tmp_path / "notes"
    program.write_text(PROGRAM)
    megaql.Publisher("local:orders").publish({"n": 1})
    statuses = []
    for limit in (1, 2):
        done = subprocess.run(
            [sys.executable, program, tmp_path / "done.db", notes, str(limit)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=60,
            check=False,
        )
        statuses.append(done.returncode)
    assert statuses == [-signal.SIGKILL, 0]
    # Received three times: killed in the third handler, wanted later by the second one, done.
    assert notes.read_text().split() == ["first", "second", "third", "second", "third", "second"]
    info = Queue.open("local:orders").info()
    assert (info.visible, info.in_flight) == (0, 0)
