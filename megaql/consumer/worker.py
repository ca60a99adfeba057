"""The one thread that decides: what to receive, what to start, what to tell the queue, when to end.

It learns of everything through one inbox and does nothing that can block, so that it hears a signal however long a request hangs. Polling, handling
and settling are jobs for crews of threads. A maintainer keeps two rules: all state is this thread's alone, so none of it is locked; and every job
ends in an event, so that nothing in hand is forgotten.
"""

from __future__ import annotations

import logging
import queue as queues
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from megaql.consumer.buffer import Buffer
from megaql.consumer.crew import Crew
from megaql.consumer.held import Held
from megaql.consumer.journal import LOGGER, one_line
from megaql.consumer.pace import Pace
from megaql.consumer.report import RunReport, Stopped, Tally
from megaql.consumer.settlement import GIVE_BACK, Settled, Settlement
from megaql.consumer.unmatched import UnmatchedCount

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.broker.message import Message
    from megaql.broker.queue import Queue
    from megaql.consumer.backoff import Backoff
    from megaql.consumer.delivery import Deliverer
    from megaql.consumer.settlement import Entry, Settler

#: How long a receive waits for messages. An idle consumer that is asked to stop needs as long, at worst; the shorter, the more requests.
POLL_WAIT: Final = timedelta(seconds=5)

#: The same for a queue of the embedded broker, where a request costs next to nothing and a person waits for Ctrl-C.
LOCAL_WAIT: Final = timedelta(seconds=1)

#: The same for a run that ends when the queue is empty: SQS answers for all its servers only where it may wait a second.
ONCE_WAIT: Final = timedelta(seconds=1)

#: The part of a lease that a receive may wait, at most.
WAIT_SHARE: Final = 0.25

#: With a shorter lease than this, a receive does not wait: one second, the shortest wait, would be half of it.
SHORTEST_POLLED_LEASE: Final = timedelta(seconds=2)

#: Seconds from the start of an empty receive to the next one, at least: a server that does not wait must not be asked without end.
EMPTY_INTERVAL: Final = 0.1

#: What is kept of the drain timeout for giving back what did not finish in the rest of it.
RELEASE_TIME: Final = timedelta(seconds=2)

#: What there is for giving back even where the drain timeout leaves nothing: one request's time.
LEAST_RELEASE_TIME: Final = timedelta(seconds=0.5)

#: Failed receives in a row after which a run that should end when the queue is empty gives up.
ONCE_FAILURES: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How one run goes; see `App.run`. `lease` is the visibility timeout that is in force, `visibility` the one to ask for."""

    lease: timedelta
    poll_backoff: Backoff
    visibility: timedelta | None = None
    once: bool = False
    limit: int | None = None
    concurrency: int = 1
    drain_timeout: timedelta = timedelta(seconds=25)
    wait: timedelta | None = None
    local: bool = False

    @property
    def poll_wait(self) -> timedelta:
        """How long a receive waits, in whole seconds.

        A lease counts from before its receive, so a message that arrives late in a long poll has the less of it left.
        """
        wait = (
            self.wait if self.wait is not None else ONCE_WAIT if self.once else LOCAL_WAIT if self.local else POLL_WAIT
        )
        seconds = self.lease.total_seconds() * WAIT_SHARE
        return min(wait, timedelta(seconds=max(1, int(seconds)) if self.lease >= SHORTEST_POLLED_LEASE else 0))

    @property
    def release_time(self) -> timedelta:
        """How long giving back may take at the end of a drain timeout."""
        return max(min(RELEASE_TIME, self.drain_timeout / 2), LEAST_RELEASE_TIME)


@dataclass(frozen=True, slots=True)
class _Received:
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class _PollFailed:
    error: Exception


@dataclass(frozen=True, slots=True)
class _Finished:
    held: Held
    settlement: Settlement
    seconds: float


@dataclass(frozen=True, slots=True)
class _Told:
    settled: list[Settled]


@dataclass(frozen=True, slots=True)
class _Stop:
    signal: int | None


@dataclass(frozen=True, slots=True)
class _Broken:
    error: BaseException


_Event = _Received | _PollFailed | _Finished | _Told | _Stop | _Broken


class Worker:
    """One run over one queue."""

    def __init__(
        self, queue: Queue, deliverer: Deliverer, settler: Settler, plan: Plan, *, monotonic: Callable[[], float]
    ) -> None:
        self._queue = queue
        self._deliverer = deliverer
        self._settler = settler
        self._plan = plan
        self._monotonic = monotonic
        self._inbox: queues.SimpleQueue[_Event] = queues.SimpleQueue()
        self._pollers = Crew("megaql-poll", 1, self._inbox, _Broken)
        self._handlers = Crew("megaql-handle", plan.concurrency, self._inbox, _Broken)
        # The second settler is for the end: what has to be given back must not wait behind a request that hangs.
        self._settlers = Crew("megaql-settle", 2, self._inbox, _Broken)
        self._buffer = Buffer(fifo=queue.fifo)
        self._pace = Pace(plan.concurrency, plan.lease)
        self._unmatched = UnmatchedCount(queue.name, monotonic())
        self._open: dict[str, Held] = {}  # by message id: received, and nothing decided yet
        self._running: list[Held] = []  # of those, the ones whose handlers are called
        self._pile: list[Entry] = []  # decided, and the queue does not know yet
        self._settling: list[int] = []  # sizes of the batches that are being told
        self._polling = False
        self._dry = False  # the last receive brought nothing
        self._conclusive = (
            False  # nothing was in hand when it began: what was could have come back, or held up its group
        )
        self._failures = 0  # receives that failed in a row
        self._polled_at = self._poll_at = monotonic()  # when the last receive began, when the next one may
        self._stopped: Stopped | None = None
        self._deadline: float | None = None  # for what is running, then for what is being given back
        self._signal: int | None = None
        self._error: Exception | None = None
        self._counts: Counter[str] = Counter()

    def stop(self, signal: int | None = None) -> None:
        """Ask the run to end; a second time, to end at once. Safe in any thread and in a signal handler."""
        self._inbox.put(_Stop(signal))

    def run(self) -> RunReport:
        """Work until there is a reason to end; returns what was done. Raises what a run with `once` could not get over, and our own faults."""
        try:
            while not self._over():
                self._assign()
                try:
                    self._react(self._inbox.get(timeout=self._patience()))
                except queues.Empty:
                    self._on_time()
        finally:
            for crew in (self._pollers, self._handlers, self._settlers):
                crew.dismiss()
        self._unmatched.tell(self._monotonic())
        if self._error is not None:
            raise self._error
        return RunReport(**self._counts, stopped=self._stopped or Stopped.ASKED, signal=self._signal)

    # What to do

    def _assign(self) -> None:
        """Give every crew the work there is for it."""
        while len(self._running) < self._plan.concurrency and (held := self._buffer.take()):
            self._running.append(held)
            self._handlers.submit(self._job_of_handling(held))
        if self._pile and not self._settling:
            self._settle()
        size = self._receive_size()
        if size:
            self._polling = True
            self._conclusive = not self._in_hand()
            self._polled_at = self._monotonic()
            self._pollers.submit(self._job_of_polling(size))

    def _receive_size(self) -> int:
        """Return how many messages to ask for now; 0 for none."""
        if self._stopped or self._polling or self._monotonic() < self._poll_at:
            return 0
        if self._plan.once and self._dry and self._in_hand():
            return 0
        room = self._pace.room(self._in_hand(), self._plan.concurrency - len(self._running))
        limit = self._plan.limit
        return room if limit is None else min(room, limit - self._counts["received"])

    def _in_hand(self) -> int:
        return len(self._open) + len(self._pile) + sum(self._settling)

    def _settle(self) -> None:
        entries, self._pile = self._pile, []
        self._settling.append(len(entries))
        self._settlers.submit(lambda: _Told(self._settler.settle(entries)))

    def _job_of_handling(self, held: Held) -> Callable[[], _Event]:
        def job() -> _Event:
            started = self._monotonic()
            settlement = self._deliverer.deliver(held)
            return _Finished(held, settlement, self._monotonic() - started)

        return job

    def _job_of_polling(self, size: int) -> Callable[[], _Event]:
        def job() -> _Event:
            try:
                return _Received(self._queue.receive(size, wait=self._plan.poll_wait, visibility=self._plan.visibility))
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker hears of it and tries again
                return _PollFailed(error)

        return job

    # What happened

    def _react(self, event: _Event) -> None:
        match event:
            case _Received():
                self._on_received(event.messages)
            case _PollFailed():
                self._on_poll_failed(event.error)
            case _Finished():
                self._on_finished(event)
            case _Told():
                self._on_told(event.settled)
            case _Stop():
                self._on_stop(event.signal)
            case _Broken():
                # A fault in our own code. What is in hand comes back by itself; going on with half a crew would hide it.
                raise event.error
        self._on_time()

    def _on_received(self, messages: list[Message]) -> None:
        self._polling = False
        self._failures = 0
        self._dry = not messages
        if self._dry and not self._plan.once:
            self._poll_at = self._polled_at + EMPTY_INTERVAL
        now = self._monotonic()
        for message in messages:
            self._counts["received"] += 1
            known = self._open.get(message.id)
            if known is not None:
                # Its lease ended while it was in hand. The new one continues it; a second handler beside the first would help nobody.
                known.renew(message, now)
                self._counts[Tally.EXPIRED.value] += 1
                continue
            held = Held(message, now)
            if self._stopped:
                self._pile.append((held, GIVE_BACK))
            else:
                self._open[message.id] = held
                self._buffer.add(held)
        if self._plan.limit is not None and self._counts["received"] >= self._plan.limit:
            self._end(Stopped.LIMIT)
        elif self._plan.once and self._dry and self._conclusive:
            self._end(Stopped.EMPTY)

    def _on_poll_failed(self, error: Exception) -> None:
        self._polling = False
        self._failures += 1
        delay = self._plan.poll_backoff.delay(self._failures).total_seconds()
        self._poll_at = self._monotonic() + delay
        level = logging.WARNING if getattr(error, "retryable", False) else logging.ERROR
        LOGGER.log(
            level, "receive failed, again in %.1f s: %s", delay, one_line(error), extra={"queue": self._queue.name}
        )
        if self._plan.once and self._failures >= ONCE_FAILURES:
            self._error = error
            self._end(Stopped.EMPTY)

    def _on_finished(self, event: _Finished) -> None:
        if event.held not in self._running:
            return  # given back meanwhile, at the end of the drain timeout
        self._running.remove(event.held)
        del self._open[event.held.message.id]
        self._pace.observe(event.seconds)
        if event.settlement.unmatched:
            self._unmatched.add(*event.settlement.unmatched)
        self._pile.append((event.held, event.settlement))

    def _on_told(self, settled: list[Settled]) -> None:
        self._settling.remove(len(settled))
        for one in settled:
            self._counts[one.settlement.tally.value] += 1
            self._counts["undone"] += one.failed
            if one.settlement is not GIVE_BACK:
                self._give_back(self._buffer.finish(one.held, gone=one.gone))

    def _on_stop(self, signal: int | None) -> None:
        self._signal = self._signal or signal
        if self._stopped is Stopped.ASKED:
            self._abandon()
        elif self._stopped is not Stopped.AT_ONCE:
            LOGGER.info(
                "stopping: %d messages are being handled", len(self._running), extra={"queue": self._queue.name}
            )
            self._end(Stopped.ASKED)
            drain = self._plan.drain_timeout - self._plan.release_time
            self._deadline = self._monotonic() + max(0.0, drain.total_seconds())
            self._give_back(self._buffer.empty())

    # The end

    def _end(self, why: Stopped) -> None:
        """Receive no more; what is in hand goes on."""
        if self._stopped not in {Stopped.ASKED, Stopped.AT_ONCE}:
            self._stopped = why

    def _abandon(self) -> None:
        """Give back even what is being handled, and wait for nothing else."""
        if self._running:
            LOGGER.warning(
                "%d messages are given back while their handlers run",
                len(self._running),
                extra={"queue": self._queue.name},
            )
        self._stopped = Stopped.AT_ONCE
        self._give_back(self._running)
        self._running = []
        self._deadline = self._monotonic() + self._plan.release_time.total_seconds()
        if self._pile:
            self._settle()

    def _give_back(self, messages: list[Held]) -> None:
        for held in messages:
            del self._open[held.message.id]
            self._pile.append((held, GIVE_BACK))

    def _over(self) -> bool:
        if self._stopped is None:
            return False
        if self._stopped is Stopped.AT_ONCE and self._deadline is not None and self._monotonic() >= self._deadline:
            return True
        waiting = self._polling and self._stopped is not Stopped.AT_ONCE
        return not (waiting or self._open or self._pile or self._settling)

    # The time

    def _on_time(self) -> None:
        now = self._monotonic()
        due = self._unmatched.due()
        if due is not None and now >= due:
            self._unmatched.tell(now)
        if self._stopped is Stopped.ASKED and self._deadline is not None and now >= self._deadline:
            self._abandon()

    def _patience(self) -> float | None:
        """Return for how many seconds nothing is to be done unless something happens; `None` for as long as it takes."""
        now = self._monotonic()
        times = [time for time in (self._unmatched.due(), self._deadline) if time is not None]
        if not self._stopped and not self._polling and self._poll_at > now:
            times.append(self._poll_at)
        return max(0.0, min(times) - now) if times else None
