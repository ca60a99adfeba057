"""Several processes under a supervisor: real ones, killed and signalled under load; what was sent is accounted for."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from megaql.broker import aws, local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection

PROGRAM = Path(__file__).with_name("supervised.py")
ROOT = Path(__file__).parents[2]

#: How long anything may take before the test has failed; nothing here is a measurement. Seconds.
PATIENCE = 60


@dataclass
class Run:
    """A supervisor with its processes, and what they noted."""

    folder: Path
    queue: Queue
    process: subprocess.Popen | None = None

    def start(self, *options, program=False, **environ):
        command = [PROGRAM] if program else ["-m", "megaql.cli.main", "run", "supervised:app"]
        told = {"NOTES": self.folder / "notes", "QUEUE": self.queue.target.text, "MEGAQL_WAIT": "1s"} | environ
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, *map(str, options)],
                cwd=PROGRAM.parent,
                env={**os.environ, "PYTHONPATH": str(ROOT)} | {name: str(value) for name, value in told.items()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        return self

    @property
    def notes(self):
        path = self.folder / "notes"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def pids(self, what):
        return {int(pid) for pid, word, *_ in self.notes if word == what}

    def numbers(self, what):
        return [int(rest[0]) for _, word, *rest in self.notes if word == what]

    def wait_until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.log
            time.sleep(0.01)

    def wait_for(self, count, what="done"):
        self.wait_until(lambda: len(self.numbers(what)) >= count)

    def everyone_works(self, count):
        """Wait until so many processes are done with something, and return their ids."""
        self.wait_until(lambda: len(self.pids("done")) >= count)
        return self.pids("done")

    def end(self):
        """Wait for the end; returns the exit status. One that does not come fails with the log."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it did not end within {PATIENCE} s:\n{self.log}")

    def in_queue(self):
        info = self.queue.info()
        return info.visible + info.in_flight


@pytest.fixture
def run(tmp_path, request):
    """A queue and what is run over it; a parameter may be another visibility timeout than 2 s, or a server instead of the embedded broker."""
    parameter = getattr(request, "param", 2)
    server = request.getfixturevalue("endpoints")(parameter) if isinstance(parameter, str) else None
    client = aws.client("sqs", Connection(region="us-east-1", endpoint_url=server)) if server else local.client()
    visibility = 2 if server else parameter
    url = client.create_queue(QueueName="orders", Attributes={"VisibilityTimeout": str(visibility)})["QueueUrl"]
    made = Run(tmp_path, Queue.open(url if server else "local:orders", client=client))
    yield made
    ended = made.process is None or made.process.poll() is not None
    left = {pid for pid in made.pids("imported") if is_there(pid)}
    if not ended:
        made.process.kill()
        made.process.wait()
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    client.close()
    assert not ended or left == set()


def is_there(pid):
    """Say whether a process runs; one whose end nobody has asked for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        pass
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def send(queue, numbers):
    assert queue.send_batch([Outgoing(json.dumps({"n": number})) for number in numbers]).failed == []


def order(queue, what):
    queue.send_batch([Outgoing(json.dumps({"do": what}))])


def test_all_processes_work_and_the_report_is_their_sum(run):
    send(run.queue, range(200))
    assert run.start("--processes", 3, "--once", TAKES=0.02).end() == 0
    assert sorted(run.numbers("done")) == list(range(200))
    assert len(run.pids("done")) == 3
    # The supervisor has imported the module too, and handles nothing itself.
    assert len(run.pids("imported")) == 4
    assert (run.pids("starts"), run.numbers("starts")) == ({run.process.pid}, [3])
    assert (run.pids("ended"), set(run.numbers("ended"))) == ({run.process.pid}, run.pids("done"))
    assert "received 200, handled 200; stopped: the queue was empty" in run.log
    assert run.in_queue() == 0


@pytest.mark.parametrize("run", [2, "ministack"], indirect=True, ids=["local", "ministack"])
def test_kill_9_of_a_process_under_load_loses_nothing(run):
    sent = set(range(400))
    send(run.queue, sent)
    run.start("--processes", 2, TAKES=0.01)
    killed = 0
    for count in (40, 120, 200):
        run.wait_for(count)
        run.wait_until(lambda: any(map(is_there, run.pids("begun"))))
        victim = next(filter(is_there, run.pids("begun")))
        os.kill(victim, signal.SIGKILL)
        killed += 1
        run.wait_until(lambda pid=victim: f"(pid {pid}) was ended by SIGKILL; another one is started" in run.log)
    run.wait_until(lambda: set(run.numbers("done")) == sent and run.in_queue() == 0)
    run.wait_until(lambda: len(run.pids("imported")) == 1 + 2 + killed)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert f"{killed} processes died" in run.log


def test_sigterm_under_load_finishes_what_runs_and_returns_the_rest(run):
    sent = range(400)
    send(run.queue, sent)
    run.start("--processes", 2, "--concurrency", 2, TAKES=0.02)
    run.everyone_works(2)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert Counter(run.numbers("begun")) == Counter(run.numbers("done"))
    assert run.in_queue() == len(sent) - len(set(run.numbers("done")))
    assert f"handled {len(run.numbers('done'))}" in run.log
    assert "stopped: it was asked to stop\n" in run.log
    assert "died" not in run.log


@pytest.mark.parametrize("run", [600], indirect=True)
def test_a_second_signal_returns_at_once_what_is_running(run):
    send(run.queue, range(2))
    run.start("--processes", 2, "--drain-timeout", "500s", TAKES=600)
    run.wait_for(2, "begun")
    run.process.send_signal(signal.SIGINT)
    run.wait_until(lambda: run.log.count("stopping: ") == 2)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 130
    assert run.numbers("done") == []
    assert "returned 2; stopped: it was asked to stop at once" in run.log
    assert len(run.queue.receive()) == 2


def test_a_process_that_hears_nothing_is_killed_when_its_time_is_up(run):
    send(run.queue, range(100))
    run.start("--processes", 2, "--drain-timeout", "1s", TAKES=0.3)
    victim = run.everyone_works(2).pop()
    os.kill(victim, signal.SIGSTOP)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert f"(pid {victim}) did not end in time and is killed" in run.log
    assert "stopped: it was asked to stop at once, or did not drain in time\n1 process died" in run.log
    # What the victim was done with and had not deleted yet is still there.
    assert run.in_queue() >= 100 - len(set(run.numbers("done")))


def test_signals_to_all_at_once_count_once(run):
    # As a terminal does it, and a service manager that signals a whole control group.
    send(run.queue, range(4))
    run.start("--processes", 2, TAKES=1.5)
    run.wait_for(2, "begun")
    begun = len(run.numbers("begun"))
    for pid in [run.process.pid, *run.pids("begun")]:
        os.kill(pid, signal.SIGINT)
    assert run.end() == 130
    assert len(run.numbers("done")) >= begun
    assert "stopped: it was asked to stop\n" in run.log
    assert run.in_queue() == 4 - len(run.numbers("done"))


def test_a_process_that_is_stopped_by_hand_is_replaced(run):
    send(run.queue, range(100))
    run.start("--processes", 2, TAKES=0.3)
    victim = run.everyone_works(2).pop()
    os.kill(victim, signal.SIGTERM)
    run.wait_until(lambda: f"(pid {victim}) was stopped by SIGTERM; another one is started at once" in run.log)
    run.wait_until(lambda: len(run.pids("imported")) == 4)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert "died" not in run.log


@pytest.mark.parametrize("takes", [0.01, 600])
def test_kill_9_of_the_supervisor_leaves_no_process(run, takes):
    sent = range(5000)  # more than one process gets through before the other has started
    send(run.queue, sent)
    run.start("--processes", 2, "--drain-timeout", "1s", TAKES=takes)
    run.wait_until(lambda: len(run.pids("begun")) == 2)
    run.process.kill()
    assert run.end() == -signal.SIGKILL
    run.wait_until(lambda: not any(map(is_there, run.pids("imported"))))
    assert run.log.count("the supervisor is gone: this process ends") == 2
    # In order: what was begun is done, or back in the queue at once.
    done = set(run.numbers("done"))
    assert run.in_queue() == len(sent) - len(done)


def test_a_process_that_dies_again_and_again_is_started_ever_more_slowly(run):
    run.queue.send_batch([Outgoing('{"do": "die"}') for _ in range(3)])
    run.start("--processes", 2)
    run.wait_until(lambda: run.log.count("was ended by SIGKILL") >= 3)
    starts = [line.rsplit("is started ", 1)[1] for line in run.log.splitlines() if "was ended by SIGKILL" in line]
    assert "at once" in starts
    assert any(start.startswith("in ") for start in starts)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143


def test_a_run_that_should_end_gives_up_on_processes_that_only_die(run):
    # Their module does not import, while the supervisor's own did.
    folder = run.folder / "broken"
    folder.mkdir()
    (folder / "broken.py").write_text(
        "import os, megaql\n"
        "app = megaql.App('local:orders')\n"
        "app.subscribe('exists n')(print)\n"
        "if os.path.exists('started'): raise ValueError('broken')\n"
        "open('started', 'w').close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "megaql.cli.main", "run", "broken:app", "--processes", "2", "--once"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    assert "error: a process died 5 times in a row\n  why: the last one ended with status 2" in done.stderr
    assert "ValueError: broken" in done.stderr


def test_a_limit_is_for_all_processes_together(run):
    send(run.queue, range(30))
    assert run.start("--processes", 3, "--limit", 10).end() == 0
    assert len(run.numbers("done")) == 10
    assert "received 10, handled 10; stopped: the limit was reached" in run.log
    assert run.in_queue() == 20
    assert run.start("--processes", 3, "--limit", 2).end() == 0
    assert run.in_queue() == 18


@pytest.mark.parametrize("run", [600], indirect=True)
def test_a_limit_counts_what_processes_died_of(run):
    # Each message kills its process long before its next report; the lease is so long that none comes a second time.
    run.queue.send_batch([Outgoing('{"do": "die"}') for _ in range(6)])
    assert run.start("--processes", 2, "--limit", 4).end() == 6
    assert run.log.count("; its share of the limit is used up") == 2
    assert "received 4; stopped: the limit was reached\n4 processes died; what was in hand there is not done" in run.log
    assert len(run.queue.receive()) == 2


def test_a_limit_is_kept_over_a_kill(run):
    send(run.queue, range(60))
    run.start("--processes", 2, "--limit", 40, TAKES=0.1)
    os.kill(run.everyone_works(1).pop(), signal.SIGKILL)
    assert run.end() == 6
    assert "received 40, " in run.log
    assert len(run.numbers("begun")) <= 40


@pytest.mark.parametrize("run", [600], indirect=True)
def test_a_run_whose_processes_died_did_not_do_all(run):
    run.queue.send_batch([Outgoing('{"do": "die"}') for _ in range(2)])
    assert run.start("--processes", 2, "--once").end() == 6
    assert (
        "received 2; stopped: the queue had no more to give\n2 processes died; what was in hand there is not done"
        in run.log
    )
    assert "the queue was empty" not in run.log
    assert run.in_queue() == 2


def test_an_application_that_stops_itself_ends_them_all(run):
    order(run.queue, "stop")
    assert run.start("--processes", 3).end() == 0
    assert "handled 1; stopped: it was asked to stop\n" in run.log


def test_a_program_that_runs_its_application_itself(run):
    send(run.queue, range(20))
    assert run.start(program=True).end() == 0
    assert sorted(run.numbers("done")) == list(range(20))
    # What follows on the run is the supervisor's part only.
    assert [(pid, rest) for pid, word, *rest in run.notes if word == "report"] == [(str(run.process.pid), ["20"])]


def test_a_program_that_does_not_come_to_its_run_is_told_so(run):
    assert run.start("--early", program=True).end() == 1
    assert "a process ended before it began to consume" in run.log


TWO_RUNS = """
import os, sys, threading
import megaql
from megaql.errors import ConsumerError

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # whole, whatever the other processes print

say("started", os.getppid())
apps = {name: megaql.App(f"local:{name}") for name in ("orders", "returns")}
for app in apps.values():
    app.subscribe("exists n")(lambda _data: None)
both = threading.Barrier(2)

def run(name):
    both.wait()
    try:
        apps[name].run(processes=2, once=True)
    except ConsumerError as error:
        say("refused", name, error.what)

threads = [threading.Thread(target=run, args=[name]) for name in apps]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_two_supervised_runs_in_one_program(run):
    """One of them is refused, whichever it is, and in its processes as well; none of those supervises anything."""
    local.client().create_queue(QueueName="returns")
    program = run.folder / "two.py"
    program.write_text(TWO_RUNS)
    done = subprocess.run(
        [sys.executable, program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [word for word, *_ in lines].count("started") == 3
    refused = [(name, " ".join(what)) for word, name, *what in lines if word == "refused"]
    assert len({name for name, _ in refused}) == 1
    whys = [what for _, what in refused]
    assert whys.count("this program supervises another run already") == 1
    # A process may end, its own run done, before the other one has been heard.
    assert set(whys) <= {"this program supervises another run already", "this process was started for another run"}


def test_a_start_that_cannot_work_starts_no_process(run):
    run.start("local:nowhere", "--processes", 2)
    assert run.end() == 5
    assert run.log.count("local:nowhere does not exist") == 1
    assert len(run.pids("imported")) == 1


def test_a_process_without_progress_is_seen_and_replaced(run):
    alive = run.folder / "alive"
    options = ("--liveness-file", alive, "--liveness-port", 0, "--liveness-after", "6s", "--restart-after", "9s")
    run.start("--processes", 2, *options, TAKES=0.1)
    run.wait_until(lambda: "liveness is told at http://" in run.log)
    url = run.log.split("liveness is told at ")[1].split()[0]
    send(run.queue, range(20))
    run.everyone_works(2)
    run.wait_until(lambda: probe(url)[0] == 200)
    assert check(alive).returncode == 0
    order(run.queue, "hang")
    run.wait_until(lambda: run.pids("hangs"))
    run.wait_until(lambda: probe(url)[0] == 503)
    told = probe(url)[1]
    # One of the two hangs, the other one polls.
    quiet = {process["pid"]: process["quiet_seconds"] for process in told["processes"]}
    (victim,) = run.pids("hangs")
    assert (told["alive"], told["after_seconds"], len(quiet)) == (False, 6, 2)
    assert quiet[victim] == max(quiet.values()) == told["quiet_seconds"] >= 6
    assert check(alive).returncode == 1
    run.wait_until(lambda: f"(pid {victim}) has shown no progress for" in run.log)
    run.wait_until(lambda: not is_there(victim))
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert not alive.exists()
    assert check(alive).returncode == 1


def probe(url):
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def check(path):
    command = [sys.executable, "-m", "megaql.cli.main", "alive", str(path)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
