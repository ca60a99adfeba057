"""Several processes of one consumer, started as fresh ones of the same program, watched and replaced.

A maintainer keeps three rules. A process is started and never forked: what threads and connections this one has stay its own. A process that dies is
replaced, at once the first time and ever more slowly if it goes on dying. And the supervisor does nothing that can block, so that it hears signals.
"""

from __future__ import annotations

import os
import queue as queues
import random
import selectors
import signal as signals
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from megaql.consumer.journal import LOGGER
from megaql.consumer.link import ONE_A_PROGRAM, VARIABLE, Beat, Order, Taken
from megaql.consumer.liveness import Quiet
from megaql.consumer.plan import RELEASE_TIME
from megaql.consumer.report import RunReport, Stopped
from megaql.errors import ConsumerError
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta

#: What kind of system this is.
SYSTEM: Final[str] = os.name

#: What processes have to end in beyond their drain timeout before they are killed. Seconds.
MARGIN: Final = 5.0

#: A process that lived so long has got over what its forerunner died of. Seconds.
LONG_LIFE: Final = 60.0

#: The longest wait before a process is started again. Seconds.
LONGEST_DELAY: Final = 30.0

#: Deaths in a row after which a run that is to end by itself gives up.
MOST_DEATHS: Final = 5

#: Between two looks at processes that may have died without closing their end, or show no progress. Seconds.
LOOK_INTERVAL: Final = 1.0


#: How long a process that has closed its end may take to be gone. Seconds.
LAST_BREATH: Final = 0.2


@dataclass(slots=True)
class _Child:
    """One process."""

    process: subprocess.Popen[bytes]
    connection: Connection[Order, Beat | Taken]
    started_at: float
    report: RunReport = field(default_factory=RunReport)
    taken: int = 0  # messages that it was given, as far as it has told of them by themselves
    begun: bool = False  # it has told of itself: the program came to where it consumes
    finished: bool = False  # it has told of its end
    deaf: bool = False  # its end of the connection is closed
    kill_at: float | None = None
    replaced: bool = False  # it shows no progress, and was asked to end for that


@dataclass(slots=True)
class _Slot:
    """A place for one process at a time."""

    number: int
    share: int | None  # of the limit, what is left of it
    progress_at: float
    child: _Child | None = None
    deaths: int = 0  # in a row
    start_at: float | None = 0.0
    over: bool = False


#: Held while this program supervises a run, and the queue of the first one, which each process comes to.
_supervising: Final = threading.Lock()
_supervised: Final[list[str]] = []


@contextmanager
def the_only_one(queue: str) -> Iterator[None]:
    """Refuse a supervised run beside another one, and after one over another queue.

    Each process runs the whole program anew and consumes where it first comes to a supervised run, so all such runs of a program have to be the same.
    """
    if any(first != queue for first in _supervised) or not _supervising.acquire(blocking=False):
        raise ConsumerError(
            "this program supervises another run already",
            where=queue,
            why="each process runs the whole program anew, and consumes where it first comes to app.run(processes=…)",
            hint=ONE_A_PROGRAM,
        )
    try:
        yield
    finally:
        _supervising.release()


class Supervisor:
    """Runs `processes` processes of the program that this one is, over the queue that the target `queue` names; `quiet` may be asked in any thread.

    `on_end` is called with the id of each process that has ended.
    """

    def __init__(
        self,
        processes: int,
        *,
        queue: str,
        once: bool,
        limit: int | None,
        drain_timeout: timedelta,
        restart_after: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
        on_end: Callable[[int], None] = lambda _pid: None,
    ) -> None:
        _check_program()
        self._queue = queue
        self._on_process_end = on_end
        self._command = [sys.executable, *sys.orig_argv[1:]]
        self._ends_itself = once or limit is not None
        self._drain = drain_timeout.total_seconds()
        self._restart_after = restart_after.total_seconds()
        self._monotonic = monotonic
        shares = [None] * processes if limit is None else _shares(limit, processes)
        self._slots = [_Slot(number, share, monotonic()) for number, share in enumerate(shares, 1)]
        self._asked: queues.SimpleQueue[int | None] = queues.SimpleQueue()
        self._woken, self._wake = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._stops = 0
        self._signal: int | None = None
        self._deadline: float | None = None
        self._sum = RunReport()
        self._ends: set[Stopped] = set()
        self._error: ConsumerError | None = None

    def stop(self, signal: int | None = None) -> None:
        """Ask all processes to end in order; a second time, to end at once; a third time, they are killed. Safe in a signal handler."""
        self._asked.put(signal)
        with suppress(OSError):  # full: it will be woken anyway
            self._wake.send(b"!")

    def quiet(self) -> Sequence[Quiet]:
        """Return for how long each process has shown no progress; one that is being replaced counts from its forerunner's last."""
        now = self._monotonic()
        alive = [(slot, slot.child) for slot in self._slots if not slot.over]
        return [Quiet(child.process.pid if child else 0, max(0.0, now - slot.progress_at)) for slot, child in alive]

    def run(self) -> RunReport:
        """Supervise until every process has ended for good; returns the sum of what they did."""
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        _supervised[:] = [self._queue]
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_woken)
        while not all(slot.over for slot in self._slots):
            self._start_due()
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._on_time()
        if self._error is not None:
            raise self._error
        return self._whole()

    def _whole(self) -> RunReport:
        at_once = self._stops > 1 or Stopped.AT_ONCE in self._ends
        if self._stops:
            stopped = Stopped.AT_ONCE if at_once else Stopped.ASKED
        else:
            stopped = Stopped.EMPTY if Stopped.EMPTY in self._ends else Stopped.LIMIT
        return RunReport(stopped=stopped, signal=self._signal).plus(self._sum)

    # Starting

    def _start_due(self) -> None:
        now = self._monotonic()
        for slot in self._slots:
            if slot.start_at is not None and now >= slot.start_at and not slot.over:
                slot.start_at = None
                self._start(slot)

    def _start(self, slot: _Slot) -> None:
        ours, theirs = socket.socketpair()
        told = f"{theirs.fileno()}:{slot.number}:{slot.share or 0}:{self._queue}"
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is the one that started this process
                self._command,
                env=os.environ | {VARIABLE: told},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        except OSError as error:
            ours.close()
            LOGGER.warning("process %d cannot be started: %s", slot.number, error.strerror)
            self._again(slot)
            return
        finally:
            theirs.close()
        child = slot.child = _Child(process, Connection(ours.detach()), self._monotonic())
        self._selector.register(child.connection, selectors.EVENT_READ, lambda: self._on_told(slot, child))
        LOGGER.debug("process %d is started, pid %d", slot.number, process.pid)

    def _again(self, slot: _Slot, before: _Child | None = None) -> str:
        """Let a slot's next process start after a while; returns when that is, in words."""
        now = self._monotonic()
        if before is not None and now - before.started_at >= LONG_LIFE:
            slot.deaths = 0
        slot.deaths += 1
        delay = 0.0 if slot.deaths == 1 else min(LONGEST_DELAY, 2.0 ** (slot.deaths - 2)) * random.uniform(0.5, 1)  # noqa: S311 - jitter
        slot.start_at = now + delay
        return f"another one is started in {delay:.1f} s" if delay else "another one is started at once"

    # Hearing

    def _on_woken(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(64)
        while not self._asked.empty():
            self._on_stop(self._asked.get())

    def _on_told(self, slot: _Slot, child: _Child) -> None:
        try:
            told = child.connection.recv()
        except (EOFError, OSError):
            self._selector.unregister(child.connection)
            child.deaf = True
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(LAST_BREATH)  # its descriptors are closed a moment before it is gone
            self._look_after(slot, child)
            return
        except Exception:  # noqa: BLE001 - it may be a newer MegaQL by now, which was installed while this one runs
            LOGGER.debug("%s tells what cannot be read", _named(slot, child))
            return
        _take(child, told)
        if isinstance(told, Beat):
            slot.progress_at = max(slot.progress_at, self._monotonic() - told.quiet)
        if child.finished and child.kill_at is None:
            child.kill_at = self._monotonic() + MARGIN

    def _on_stop(self, signal: int | None) -> None:
        self._signal = self._signal or signal
        self._stops += 1
        running = [slot.child for slot in self._slots if slot.child]
        if self._stops == 1:
            LOGGER.info("stopping %s", counted(len(running), "process", "processes"))
        for slot in self._slots:
            slot.over = slot.over or slot.child is None
        for child in running:
            self._order(child, Order(self._stops > 1, signal))
        patience = (self._drain + MARGIN, RELEASE_TIME.total_seconds() + MARGIN, 0.0)[min(self._stops, 3) - 1]
        due = self._monotonic() + patience
        self._deadline = due if self._deadline is None else min(due, self._deadline)

    def _order(self, child: _Child, order: Order) -> None:
        with suppress(OSError):  # it is gone, which is noticed where its end is
            child.connection.send(order)

    # Looking

    def _patience(self) -> float:
        now = self._monotonic()
        times = [slot.start_at for slot in self._slots if slot.start_at is not None and not slot.over]
        if self._deadline is not None and self._deadline > now:
            times.append(self._deadline)
        return max(0.0, min([LOOK_INTERVAL, *(at - now for at in times)]))

    def _on_time(self) -> None:
        now = self._monotonic()
        for slot in self._slots:
            child = slot.child
            if child is None:
                continue
            if not self._look_after(slot, child):
                continue
            if self._deadline is not None and now >= self._deadline:
                self._kill(slot, child, "did not end in time")
            elif child.kill_at is not None:
                if now >= child.kill_at:
                    self._kill(slot, child, "did not end")
            elif now - max(slot.progress_at, child.started_at) > self._restart_after:
                self._replace(slot, child, now)

    def _replace(self, slot: _Slot, child: _Child, now: float) -> None:
        quiet = now - max(slot.progress_at, child.started_at)
        LOGGER.error("%s has shown no progress for %.0f s and is replaced", _named(slot, child), quiet)
        child.replaced = True
        child.kill_at = now + RELEASE_TIME.total_seconds() + MARGIN
        self._order(child, Order(at_once=True, signal=None))

    def _kill(self, slot: _Slot, child: _Child, why: str) -> None:
        if not child.finished:
            LOGGER.warning("%s %s and is killed", _named(slot, child), why)
            self._ends.add(Stopped.AT_ONCE)
        child.process.kill()
        child.kill_at = self._monotonic() + MARGIN

    def _look_after(self, slot: _Slot, child: _Child) -> bool:
        """Say whether a process is still there; where it has ended, take note of how."""
        status = child.process.poll()
        if status is None:
            if child.deaf and child.kill_at is None:
                child.kill_at = self._monotonic() + MARGIN  # it has closed the connection and lives on
            return True
        if not child.deaf:
            with suppress(Exception):
                while child.connection.poll():
                    _take(child, child.connection.recv())
            self._selector.unregister(child.connection)
        child.connection.close()
        slot.child = None
        self._on_process_end(child.process.pid)
        # What killed it came after its last report, perhaps.
        received = max(child.report.received, child.taken)
        self._sum = replace(child.report, received=received).plus(self._sum)
        if slot.share is not None:
            slot.share = max(0, slot.share - received)
        self._on_end(slot, child, status)
        return False

    def _on_end(self, slot: _Slot, child: _Child, status: int) -> None:
        """Decide what follows on the end of a process."""
        ended = child.finished and not child.replaced
        if ended:
            self._ends.add(child.report.stopped)
        elif child.begun or not self._stops:  # one that is stopped before it began had nothing in hand
            self._sum = RunReport(died=1).plus(self._sum)
        if self._stops or slot.share == 0:
            slot.over = True
            if not ended and not self._stops:
                LOGGER.warning("%s %s; its share of the limit is used up", _named(slot, child), _how(status))
        elif ended and child.report.signal is None:
            slot.over = True
            if child.report.stopped in {Stopped.ASKED, Stopped.AT_ONCE}:
                self._on_stop(None)  # the application has asked to stop, in one of its processes
        elif ended:
            when = self._again(slot, child)
            LOGGER.info("%s was stopped by %s; %s", _named(slot, child), _signal(child.report.signal or 0), when)
        else:
            self._on_death(slot, child, status)

    def _on_death(self, slot: _Slot, child: _Child, status: int) -> None:
        how = _how(status)
        if status == 0 and not child.begun:
            self._give_up(
                ConsumerError(
                    "a process ended before it began to consume",
                    where=" ".join(self._command),
                    why="each process runs the whole program anew, and it did not come to app.run(processes=…)",
                    hint="start it as `megaql run MODULE:APP --processes N`",
                )
            )
            return
        if self._ends_itself and slot.deaths + 1 >= MOST_DEATHS:
            self._give_up(
                ConsumerError(
                    f"a process died {MOST_DEATHS} times in a row",
                    why=f"the last one {how}",
                    hint="what is above says why; run it with one process to see more. What was in hand comes back when its lease ends",
                )
            )
            return
        LOGGER.warning("%s %s; %s", _named(slot, child), how, self._again(slot, child))

    def _give_up(self, error: ConsumerError) -> None:
        self._error = self._error or error
        if not self._stops:
            self._on_stop(None)

    def close(self) -> None:
        """Let go of everything. Processes that are left, after a fault of ours, end by themselves when they lose the connection."""
        for slot in self._slots:
            if slot.child is not None:
                slot.child.connection.close()
        self._selector.close()
        self._woken.close()
        self._wake.close()


def _check_program() -> None:
    """Refuse to supervise where no process could be started that does the same as this one."""
    import builtins  # noqa: PLC0415 - for one name that interactive shells leave there

    if SYSTEM != "posix":
        raise ConsumerError(
            "processes are not supervised on this system",
            why="a process is handed a descriptor, which only POSIX systems can",
            hint="raise concurrency=, or start several consumers",
        )
    if hasattr(sys, "ps1") or hasattr(builtins, "__IPYTHON__") or len(sys.orig_argv) < 2:
        raise ConsumerError(
            "processes cannot be started from an interactive session",
            why="each one runs the whole program anew, and there is no program",
            hint="put the application into a module and use `megaql run MODULE:APP --processes N`",
        )


def _shares(limit: int, processes: int) -> list[int | None]:
    """Return how many messages each process may take; those that would get none are not started."""
    least, more = divmod(limit, processes)
    return [least + (number < more) for number in range(min(limit, processes))]


def _take(child: _Child, told: Beat | Taken) -> None:
    if isinstance(told, Taken):
        child.taken += told.messages
    else:
        child.report, child.begun, child.finished = told.report, True, told.last


def _named(slot: _Slot, child: _Child) -> str:
    return f"process {slot.number} (pid {child.process.pid})"


def _how(status: int) -> str:
    return f"was ended by {_signal(-status)}" if status < 0 else f"ended with status {status}"


def _signal(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"
