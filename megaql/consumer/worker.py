"""The one thread that decides: what to receive, what to start, what to tell the queue, when to end.

It learns of everything through one inbox and does nothing that can block, so that it hears a signal however long a request hangs. Receives and deletes
it begins itself where that waits for nothing; all else, and what went wrong with those, are jobs for crews of threads, as handling is. A maintainer keeps two
rules: all state is this thread's alone, so none of it is locked; and every job ends in an event, so that nothing in hand is forgotten.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final

from megaql.consumer.buffer import Buffer
from megaql.consumer.crew import Crew
from megaql.consumer.hands import Hands
from megaql.consumer.heartbeat import Heartbeat
from megaql.consumer.held import Held
from megaql.consumer.inbox import Inbox
from megaql.consumer.jobs import (
    Answered,
    Broken,
    Event,
    Extended,
    Extending,
    Finished,
    Job,
    PollFailed,
    Received,
    Receiving,
    Settling,
    Stop,
    Told,
)
from megaql.consumer.journal import LOGGER, one_line
from megaql.consumer.pace import Pace
from megaql.consumer.polling import Polling
from megaql.consumer.report import RunReport, Stopped
from megaql.consumer.settlement import GIVE_BACK, SUPERSEDED, Action, Settled, Settlement
from megaql.consumer.unmatched import UnmatchedCount
from megaql.consumer.vitals import Vitals
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.broker.queue import Queue
    from megaql.consumer.delivery import Deliverer
    from megaql.consumer.extension import Extender, Extension
    from megaql.consumer.hooks import Receive
    from megaql.consumer.plan import Plan
    from megaql.consumer.settlement import Entry, Settler

#: Failed receives in a row after which a run that should end when the queue is empty gives up.
ONCE_FAILURES: Final = 5

#: Work that handler threads are given ahead, so that they need not wait for this thread after each message. Seconds of it.
AHEAD: Final = 0.01

#: How long a settled message may wait for others to share its request with. Seconds.
LINGER: Final = 0.02

#: Messages that one request settles.
BATCH: Final = 10

#: Requests that settle messages side by side; one more thread is kept for what has to be given back at the end.
SETTLERS: Final = 8

#: The same for a FIFO queue, where nothing waits for others as long as there are fewer; what has to wait then shares a request, which is paid for.
FIFO_SETTLERS: Final = 3

#: While receives come back full, what happens within so many seconds is heard together: to wake costs more than most of what there is to hear.
LULL: Final = 0.005

#: Requests that extend leases side by side.
EXTENDERS: Final = 2

#: Messages that are decided and that the queue does not know of yet; with more than that, nothing is received.
MOST_UNTOLD: Final = 100


class Worker:
    """One run over one queue."""

    def __init__(
        self,
        queue: Queue,
        deliverer: Deliverer,
        settler: Settler,
        extender: Extender,
        plan: Plan,
        *,
        monotonic: Callable[[], float],
        receive: Receive | None = None,
    ) -> None:
        self._queue = queue
        self._receive = receive or queue.receive
        self._begin_receive = queue.begin_receive if self._receive == queue.receive else None
        self._deliverer = deliverer
        self._settler = settler
        self._extender = extender
        self._plan = plan
        self._monotonic = monotonic
        self.vitals = Vitals(queue.name, plan.lease, monotonic=monotonic)
        self._inbox: Inbox[Event] = Inbox(monotonic)
        self._pollers: Crew[Event, Job] = Crew("megaql-poll", plan.most_pollers, self._inbox, Broken)
        self._handlers: Hands[Held, Event] = Hands("megaql-handle", plan.concurrency, self._inbox, self._handle, Broken)
        self._settlers: Crew[Event, Job] = Crew("megaql-settle", SETTLERS + 1, self._inbox, Broken)
        # By themselves: an extension must not wait behind a delete that hangs.
        self._extenders: Crew[Event, Job] = Crew("megaql-extend", EXTENDERS, self._inbox, Broken)
        self._fifo = queue.fifo
        self._most_settling = FIFO_SETTLERS if self._fifo else SETTLERS
        self._buffer = Buffer(fifo=self._fifo)
        self._pace = Pace(plan.concurrency, plan.lease)
        self._polling = Polling(plan.most_pollers, plan.poll_backoff, monotonic())
        self._heartbeat = Heartbeat(plan.lease, plan.longest_handling)
        self._unmatched = UnmatchedCount(queue.name, monotonic())
        self._open: dict[str, Held] = {}  # by message id: received, and nothing decided yet
        self._running: dict[Held, None] = {}  # of those, in order, the ones that handlers were given
        self._pile: list[Entry] = []  # decided, and the queue does not know yet
        self._piled_at = 0.0  # since when the oldest of them waits
        self._settling: list[int] = []  # sizes of the batches that are being told
        self._extending: dict[Held, Settlement | None] = {}  # what becomes of those whose lease is being extended
        self._stopped: Stopped | None = None
        self._deadline: float | None = None  # for what is running, then for what is being given back
        self._signal: int | None = None
        self._error: Exception | None = None
        self._counts: Counter[str] = Counter()

    def stop(self, signal: int | None = None) -> None:
        """Ask the run to end; a second time, to end at once. Safe in any thread and in a signal handler."""
        self._inbox.put(Stop(signal))

    def run(self) -> RunReport:
        """Work until there is a reason to end; returns what was done. Raises what a run with `once` could not get over, and our own faults."""
        with self._inbox:
            try:
                while not self._over():
                    self._assign()
                    for event in self._inbox.take(self._patience(), self._lull()):
                        self._react(event)
                    self._on_time()
            finally:
                for crew in (self._pollers, self._handlers, self._settlers, self._extenders):
                    crew.dismiss()
        self._unmatched.tell(self._monotonic())
        if self._error is not None:
            raise self._error
        return self.so_far()

    def so_far(self) -> RunReport:
        """Return what was done until now. Safe in any thread: each counter is copied in one step."""
        return RunReport(
            **dict(self._counts),
            unknown_causes=self._unmatched.causes.copy(),
            stopped=self._stopped or Stopped.ASKED,
            signal=self._signal,
        )

    # What to do

    def _assign(self) -> None:
        """Begin the work there is, or give it to a crew."""
        room = self._plan.concurrency + self._pace.ahead(AHEAD) - len(self._running)
        given = self._buffer.take(room)
        self._running |= dict.fromkeys(given)
        while self._may_settle():
            self._settle(BATCH)
        while size := self._receive_size():
            self._polling.begin(size, self._monotonic(), in_hand=self._in_hand())
            self._begin(Receiving(size, self._receive, self._begin_receive, self._plan))
        if given:  # last, since a thread that wakes wants the interpreter, and would take it at the next request
            self._handlers.give(given, self._pace.usual, self._monotonic())

    def _begin(self, job: Receiving | Settling) -> None:
        """Begin a job here if that waits for nothing, and leave it to a crew otherwise."""
        begun = job.begin()
        if begun is None:
            self._submit(job)
        else:
            self._inbox.watch(begun.call, Answered(job))

    def _submit(self, job: Receiving | Settling) -> None:
        (self._pollers if isinstance(job, Receiving) else self._settlers).submit(job)

    def _on_answered(self, job: Receiving | Settling) -> None:
        """End a job that was begun; what waits for anything, since the request did not go well, is left to a crew."""
        if job.begun is not None and job.begun.plain:
            self._react(job())
        else:
            self._submit(job)

    def _handle(self, held: Held) -> Event:
        """Run the handlers of a message; a handler's thread does that."""
        started = self._monotonic()
        settlement = self._deliverer.deliver(held)
        return Finished(held, settlement, self._monotonic() - started)

    def _receive_size(self) -> int:
        """Return how many messages to ask for now; 0 for none."""
        if self._stopped or not self._polling.may_begin(self._monotonic()):
            return 0
        if self._plan.once and self._polling.dry and self._in_hand():
            return 0
        if len(self._pile) + sum(self._settling) > MOST_UNTOLD:
            return 0
        coming = self._polling.pending
        idle = self._plan.concurrency - len(self._running) - coming
        size = self._pace.room(len(self._open) + coming, idle, receives=self._polling.wanted)
        limit = self._plan.limit
        return size if limit is None else max(0, min(size, limit - self._counts["received"] - coming))

    def _in_hand(self) -> int:
        return len(self._open) + len(self._pile) + sum(self._settling) + self._held_back()

    def _held_back(self) -> int:
        """Return how many messages are decided and wait for an extension to end."""
        return sum(settlement is not None for settlement in self._extending.values())

    def _may_settle(self) -> bool:
        """Say whether to tell the queue what is decided, or to wait for more that can share the request."""
        if not self._pile or len(self._settling) >= self._most_settling:
            return False
        in_time = len(self._pile) < BATCH and self._running and self._monotonic() < self._piled_at + LINGER
        return bool(self._stopped or self._fifo or not in_time)

    def _settle(self, most: int) -> None:
        entries, self._pile = self._pile[:most], self._pile[most:]
        self._settling.append(len(entries))
        self._begin(Settling(entries, self._settler))

    def _decide(self, held: Held, settlement: Settlement) -> None:
        """Take a message out of hand; the queue is told soon.

        What goes back waits for an extension that is under way: arriving late, it would change the lease of whoever has the message by then.
        """
        del self._open[held.message.id]
        self._heartbeat.forget(held)
        if held in self._extending and settlement.action is not Action.DELETE:
            self._extending[held] = settlement
        else:
            self._put(held, settlement)

    def _put(self, held: Held, settlement: Settlement) -> None:
        if not self._pile:
            self._piled_at = self._monotonic()
        self._pile.append((held, settlement))

    # What happened

    def _react(self, event: Event) -> None:
        match event:
            case Finished():
                self._on_finished(event)
            case Received():
                self._on_received(event)
            case Answered():
                self._on_answered(event.job)
            case Told():
                self._on_told(event.settled)
            case Extended():
                self._on_extended(event.extensions)
            case PollFailed():
                self._on_poll_failed(event)
            case Stop():
                self._on_stop(event.signal)
            case Broken():
                # A fault in our own code. What is in hand comes back by itself; going on with half a crew would hide it.
                raise event.error

    def _on_received(self, event: Received) -> None:
        if failures := self._polling.failures:
            name = self._queue.name
            LOGGER.warning(
                "%s answers again, after %s", name, counted(failures, "failed receive"), extra={"queue": name}
            )
        self._polling.received(event.asked, len(event.messages), pause=not self._plan.once)
        if len(self._running) < self._plan.concurrency:  # else nobody is there to handle what comes
            self.vitals.got_on()
        self._counts["received"] += len(event.messages)
        now = self._monotonic()
        fresh: list[Held] = []
        for message in event.messages:
            known = self._open.get(message.id)
            if known is not None:
                # Its lease ended while it was in hand. The new one continues it; a second handler beside the first would help nobody.
                known.renew(message, now)
                if known not in self._extending:  # else the heartbeat goes on when that has ended
                    self._heartbeat.watch(known, now)
                self._put(Held(message, now), SUPERSEDED)
                continue
            self._open[message.id] = held = Held(message, now)
            fresh.append(held)
        if self._stopped:
            self._give_back(fresh)
        else:
            self._buffer.add(fresh)
            self._heartbeat.watch_all(fresh, now)
        if self._plan.limit is not None and self._counts["received"] >= self._plan.limit:
            self._end(Stopped.LIMIT)
        elif self._plan.once and self._polling.dry and self._polling.conclusive:
            self._end(Stopped.EMPTY)

    def _on_poll_failed(self, event: PollFailed) -> None:
        delay = self._polling.failed(event.asked, self._monotonic())
        error = event.error
        level = logging.WARNING if getattr(error, "retryable", False) else logging.ERROR
        LOGGER.log(
            level, "receive failed, again in %.1f s: %s", delay, one_line(error), extra={"queue": self._queue.name}
        )
        if self._plan.once and self._polling.failures >= ONCE_FAILURES:
            self._error = error
            self._end(Stopped.EMPTY)

    def _on_finished(self, event: Finished) -> None:
        if event.held not in self._running:
            return  # given back meanwhile, at the end of the drain timeout
        del self._running[event.held]
        self._pace.observe(event.seconds)
        self.vitals.took(event.seconds)
        self.vitals.got_on()
        if event.settlement.unmatched:
            self._unmatched.add(event.settlement.unmatched)
        self._decide(event.held, event.settlement)

    def _on_told(self, settled: list[Settled]) -> None:
        self._settling.remove(len(settled))
        for one in settled:
            self._counts[one.tally] += 1
            if one.failed:
                self._counts["undone"] += 1
            if self._fifo and one.settlement is not GIVE_BACK and one.settlement is not SUPERSEDED:
                self._give_back(self._buffer.finish(one.held, gone=one.gone))

    def _on_extended(self, extensions: list[Extension]) -> None:
        now = self._monotonic()
        for one in extensions:
            held = one.held
            if one.message is held.message:  # no newer copy has come meanwhile
                held.extended_to = one.until or held.extended_to
                held.lost = one.lost
            settlement = self._extending.pop(held)
            if settlement is not None:
                self._put(held, settlement)
            elif self._open.get(held.message.id) is held and not held.lost:
                self._heartbeat.watch(held, now, soon=one.until is None)

    def _on_stop(self, signal: int | None) -> None:
        self._signal = self._signal or signal
        if self._stopped is Stopped.ASKED:
            self._abandon()
        elif self._stopped is not Stopped.AT_ONCE:
            waiting = self._handlers.recall()
            for held in waiting:
                del self._running[held]
            LOGGER.info(
                "stopping: %s being handled",
                counted(len(self._running), "message is", "messages are"),
                extra={"queue": self._queue.name},
            )
            self._end(Stopped.ASKED)
            drain = self._plan.drain_timeout - self._plan.release_time
            self._deadline = self._monotonic() + max(0.0, drain.total_seconds())
            self._give_back(waiting + self._buffer.empty())

    # The end

    def _end(self, why: Stopped) -> None:
        """Receive no more; what is in hand goes on."""
        if self._stopped not in {Stopped.ASKED, Stopped.AT_ONCE}:
            self._stopped = why

    def _abandon(self) -> None:
        """Give back even what is being handled, and wait for nothing else."""
        if self._running:
            LOGGER.warning(
                "%s given back while handlers run",
                counted(len(self._running), "message is", "messages are"),
                extra={"queue": self._queue.name},
            )
        self._stopped = Stopped.AT_ONCE
        self._give_back(list(self._running))
        self._running = {}
        self._deadline = self._monotonic() + self._plan.release_time.total_seconds()
        if self._pile:
            self._settle(len(self._pile))

    def _give_back(self, messages: list[Held]) -> None:
        for held in messages:
            self._decide(held, GIVE_BACK)

    def _over(self) -> bool:
        if self._stopped is None:
            return False
        if self._stopped is Stopped.AT_ONCE and self._deadline is not None and self._monotonic() >= self._deadline:
            return True
        waiting = self._polling.asked and self._stopped is not Stopped.AT_ONCE
        return not (waiting or self._in_hand())

    # The time

    def _on_time(self) -> None:
        now = self._monotonic()
        due = self._unmatched.due()
        if due is not None and now >= due:
            self._unmatched.tell(now)
        if self._stopped is Stopped.ASKED and self._deadline is not None and now >= self._deadline:
            self._abandon()
        self._handlers.help(now)
        if late := self._heartbeat.due(now):
            self._extending |= dict.fromkeys(late)
            self._extenders.submit(Extending(late, self._extender))

    def _lull(self) -> float:
        """Return for how many seconds not even to look: none where a thread might wait meanwhile, since it has not enough of work ahead.

        A message of a FIFO group waits for what becomes of the one before.
        """
        usual = self._pace.usual
        supplied = usual is not None and usual <= AHEAD
        return LULL if supplied and self._polling.wanted > 1 and not self._fifo else 0

    def _patience(self) -> float | None:
        """Return for how many seconds nothing is to be done unless something happens; `None` for as long as it takes."""
        now = self._monotonic()
        times = [self._unmatched.due(), self._deadline, self._heartbeat.next_at()]
        if self._running:
            times.append(self._handlers.help_at())
        if not self._stopped:
            times.append(self._polling.paused_until(now))
        if self._pile and len(self._settling) < self._most_settling:
            times.append(self._piled_at + LINGER)
        soonest = min((time for time in times if time is not None), default=None)
        return None if soonest is None else max(0.0, soonest - now)
