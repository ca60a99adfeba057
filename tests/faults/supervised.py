"""A consumer for the tests of several processes: `megaql run supervised:app`, or this file as a program with `--processes`.

It notes in the file that NOTES names what it begins and is done with, and by which process, each in one call of the operating system.
"""

import os
import signal
import sys
import time
from datetime import timedelta

from megaql import App, Middleware

notes = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def note(*words):
    os.write(notes, (" ".join(map(str, (os.getpid(), *words))) + "\n").encode())


class Processes(Middleware):
    def before_processes(self, processes):
        note("starts", processes)

    def after_process(self, pid):
        note("ended", pid)


app = App(os.environ["QUEUE"], middleware=[Processes()])

note("imported")


@app.subscribe("exists n")
def handle(data):
    note("begun", data.data["n"])
    time.sleep(float(os.environ.get("TAKES", "0")))
    note("done", data.data["n"])


@app.subscribe('do == "die"')
def die():
    os.kill(os.getpid(), signal.SIGKILL)


@app.subscribe('do == "stop"')
def stop():
    app.stop()


@app.subscribe('do == "hang"')
def hang():
    note("hangs")
    time.sleep(600)


if __name__ == "__main__":
    if "--early" in sys.argv:
        sys.exit(0 if "MEGAQL_SUPERVISED" in os.environ else app.run(processes=2).died)
    report = app.run(processes=2, once=True, wait=timedelta(seconds=1))
    note("report", report.handled)
