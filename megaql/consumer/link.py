"""A process under a supervisor: how it hears from it and what it tells it.

A maintainer keeps two rules. Whoever has no supervisor any more ends, in order, and if that takes too long at once: nobody would restart or stop it. And
a stop is asked for once however many ask, because a terminal and a service manager signal the supervisor and its processes alike.
"""

from __future__ import annotations

import os
import stat
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from megaql.consumer.journal import LOGGER
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta
    from multiprocessing.connection import Connection

    from megaql.broker.message import Message
    from megaql.consumer.hooks import Receive
    from megaql.consumer.report import RunReport
    from megaql.consumer.worker import Worker

#: What to do where two supervised runs meet.
ONE_A_PROGRAM: Final = (
    "let a program supervise one application: write one for each, or run them in threads without processes="
)

#: The variable that tells a process of its supervisor: the descriptor, the process's number, its share of the limit, `0` for none, and the queue as a target names it.
VARIABLE: Final = "MEGAQL_SUPERVISED"

#: Between two reports to the supervisor. Seconds.
INTERVAL: Final = 1.0

#: What a process that lost its supervisor has beyond its drain timeout. Seconds.
MARGIN: Final = 5.0

#: The exit status of one that has to end at once.
LOST: Final = 1


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process tells: the counts until now, for how long there was no progress, and whether this is the last one."""

    report: RunReport
    quiet: float
    last: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process tells before anything is begun, in a run that is to end: that it was given so many messages more, which count even if it dies of them."""

    messages: int


@dataclass(frozen=True, slots=True)
class Order:
    """What the supervisor wants: an end in order, or at once."""

    at_once: bool
    signal: int | None


class Link:
    """The way to the supervisor. Listening begins at once, so that not even a module that never finishes importing outlives it."""

    def __init__(self, connection: Connection[Beat | Taken, Order], number: int, limit: int | None, queue: str) -> None:
        self.number = number
        self.limit = limit
        self._queue = queue
        self._serving = threading.Lock()
        self._connection = connection
        self._sending = threading.Lock()
        self._stops: _Stops | None = None
        self._drain = 0.0
        threading.Thread(target=self._listen, name="megaql-supervisor", daemon=True).start()

    def check(self, queue: str) -> None:
        """Raise `ConsumerError` for a run over another queue than the supervisor's."""
        if queue != self._queue:
            raise self._another(queue)

    def counting(self, receive: Receive) -> Receive:
        """Return a receive that tells the supervisor of messages before anybody has them; the thread that calls it may wait for that."""

        def counted(limit: int, **settings: Any) -> list[Message]:
            messages = receive(limit, **settings)
            if messages:
                self._send(Taken(len(messages)))
            return messages

        return counted

    @contextmanager
    def over(self, worker: Worker, drain_timeout: timedelta) -> Iterator[Callable[[int], None]]:
        """Serve the supervisor while a worker runs within the block; gives what a signal to this process has to call.

        Raises `ConsumerError` where another one runs already.
        """
        if not self._serving.acquire(blocking=False):
            raise self._another(self._queue)
        self._drain = drain_timeout.total_seconds()
        self._stops = stops = _Stops(worker.stop)
        over = threading.Event()

        def tell() -> None:
            while not over.is_set():
                self._send(Beat(worker.so_far(), worker.vitals.quiet_for()))
                over.wait(INTERVAL)

        thread = threading.Thread(target=tell, name="megaql-beat", daemon=True)
        thread.start()
        try:
            yield stops.in_order
        finally:
            over.set()
            thread.join(INTERVAL)
            self._serving.release()

    def ended(self, report: RunReport) -> None:
        """Tell the supervisor that the run is over."""
        self._send(Beat(report, 0.0, last=True))

    def _another(self, queue: str) -> ConsumerError:
        return ConsumerError(
            "this process was started for another run",
            where=queue,
            why=f"its supervisor runs one application over {self._queue}",
            hint=ONE_A_PROGRAM,
        )

    def _send(self, told: Beat | Taken) -> None:
        with self._sending, suppress(OSError):  # who listens no more is noticed by the other thread
            self._connection.send(told)

    def _listen(self) -> None:
        while True:
            try:
                order = self._connection.recv()
            except (EOFError, OSError):
                self._lose()
                return
            except Exception as error:  # noqa: BLE001 - the supervisor may be of an older MegaQL
                LOGGER.warning("the supervisor says what cannot be read: %s", type(error).__name__)
                continue
            if self._stops is None:
                os._exit(128 + order.signal if order.signal else LOST)  # nothing is in hand yet
            elif order.at_once:
                self._stops.at_once(order.signal)
            else:
                self._stops.in_order(order.signal)

    def _lose(self) -> None:
        if self._stops is None:
            os._exit(LOST)
        LOGGER.error("the supervisor is gone: this process ends")
        self._stops.in_order()
        threading.Event().wait(self._drain + MARGIN)
        os._exit(LOST)


class _Stops:
    """Asks to stop once, and once more for an end at once. A signal handler calls it too, so no lock is ever waited for."""

    def __init__(self, stop: Callable[[int | None], None]) -> None:
        self._stop = stop
        self._first = threading.Lock()
        self._second = threading.Lock()

    def in_order(self, signal: int | None = None) -> None:
        if self._first.acquire(blocking=False):
            self._stop(signal)

    def at_once(self, signal: int | None = None) -> None:
        self.in_order(signal)
        if self._second.acquire(blocking=False):
            self._stop(signal)


_joined: Final[list[Link]] = []
_joining: Final = threading.Lock()


def joined() -> Link | None:
    """Return the link to the supervisor that started this process, `None` without one; the same one at each call and in each thread."""
    with (
        _joining
    ):  # who heard of none while another thread joins would supervise processes of its own, and they the same
        told = os.environ.pop(VARIABLE, None)  # whatever this process starts is not the supervisor's
        if told is not None and not _joined:
            _join(told)
        return _joined[0] if _joined else None


def _join(told: str) -> None:
    *numbers, queue = told.split(":", 3)
    descriptor, number, limit = map(int, numbers)
    with suppress(OSError):
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            from multiprocessing.connection import Connection  # noqa: PLC0415 - a process without a supervisor needs none

            os.set_inheritable(descriptor, False)
            _joined.append(Link(Connection(descriptor), number, limit or None, queue))
