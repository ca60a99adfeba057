"""Reading a live queue as a stream of messages, and giving every one of them back.

A maintainer keeps these rules, each of which has a test. Each message is received once: nothing is released while the scan runs, and the
scan ends while half of the first lease is left, or extends the leases then, since a message whose lease ends comes back. Receives ask for a real lease
(never a visibility of 0, at which AWS hands out copies). Every way out of the `with` block releases. See docs/safety.md.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from megaql.errors import AccessDenied, CredentialsMissing, QueueNotFound, ScanError, ScanRefused
from megaql.scan.budget import Budget, StopReason
from megaql.scan.lease import Holdings
from megaql.scan.report import ScanReport
from megaql.scan.stop import SecondSignal, StopFlag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from megaql.broker.message import Message
    from megaql.broker.queue import Queue
    from megaql.lang.verdict import Verdict
    from megaql.scan.journal import LeaseJournal
    from megaql.scan.preflight import Preflight

#: The shortest lease: a scan needs time to give back what it read.
MIN_LEASE: Final = timedelta(seconds=10)

#: The lease where nothing asks for another one.
DEFAULT_LEASE: Final = timedelta(seconds=30)

#: The longest lease: after `kill -9` the messages stay hidden this long.
MAX_LEASE: Final = timedelta(seconds=60)

#: The part of the lease in which a scan reads; in the rest it gives back.
READING_SHARE: Final = 0.5

#: How long a receive waits at the service for a message. Long polling asks every server of a queue, which a wait of 0 does not; and Ctrl-C
#: takes effect when the receive in flight has ended, so the wait is the shortest that is long polling.
POLL_WAIT: Final = timedelta(seconds=1)

#: Messages asked for in one receive: the most SQS gives.
RECEIVE_BATCH: Final = 10

#: The scan ends after this many receives in a row that returned nothing.
MAX_EMPTY_POLLS: Final = 3

#: A batch of several receives ends at this size, so that memory is bounded whatever is in the messages. Bytes.
MAX_BATCH: Final = 32 * 1024 * 1024

#: Answers to a receive that say that no message was handed out; after any other error some may be hidden.
REFUSALS: Final = (AccessDenied, CredentialsMissing, QueueNotFound)

#: Receives that an embedded queue answers in one go: nobody else writes there meanwhile.
TOGETHER: Final = 16

#: How many message ids a followed queue's scan remembers, to recognise a message that came back.
REMEMBERED_IDS: Final = 100_000


def lease_for(budget: Budget, *, fifo: bool = False, follow: bool = False) -> timedelta:
    """Return a lease of 10 to 60 seconds in which a scan of this budget can read and give back.

    A FIFO queue gets the shortest, because a held message holds up its group; a followed queue the longest.
    """
    if fifo:
        return MIN_LEASE
    if follow or budget.duration is None:
        return MAX_LEASE
    return min(max(budget.duration / READING_SHARE, DEFAULT_LEASE), MAX_LEASE)


def check_lease(lease: timedelta) -> None:
    """Raise `ScanError` for a lease that no scan asks for."""
    if not MIN_LEASE <= lease <= MAX_LEASE:
        raise ScanError(
            f"A scan's lease is 10 to 60 seconds, not {lease.total_seconds():g}",
            where="the lease that was asked for",
            why="a shorter one ends before the messages are given back, a longer one hides them too long after a crash",
            hint="ask for one of 30 seconds, or for none: the scan chooses one that fits",
        )


class LiveScan:
    """One scan of a queue: a context manager, and within it an iterator over messages.

        with LiveScan(queue, preflight(queue), Budget(limit=20, scan=500), stop=flag) as scan:
            for message in scan:
                scan.tally(query.evaluate(message))
        print(scan.report)

    `tally` counts verdicts, which `Budget.limit` is about. With `follow` the scan goes on when the queue is empty and past its leases:
    messages whose lease has ended are the queue's again, and one that comes back is counted in `report.repeated` and not shown a second
    time; on a queue with a redrive policy it ends the scan. With `extend` leases are extended when they are half over, so that the scan ends for other
    reasons only; a FIFO queue is then received from more than once. `turn` is how many receives make one batch, and `side_by_side` lets them go at the same
    time. `journal` notes what is held.
    `clock` and `wall` return seconds, as `time.monotonic` and `time.time` do. `wait` is how long a receive waits for a message: whole
    seconds, and 0 only for the local broker.

    Raises `ScanError` for a lease outside 10 to 60 seconds, `ScanRefused` for following a FIFO queue, and what the
    queue raises, after the release.
    """

    def __init__(
        self,
        queue: Queue,
        preflight: Preflight,
        budget: Budget,
        *,
        lease: timedelta | None = None,
        stop: StopFlag | None = None,
        follow: bool = False,
        extend: bool = False,
        turn: int = 1,
        side_by_side: bool = False,
        journal: LeaseJournal | None = None,
        wait: timedelta = POLL_WAIT,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if follow and queue.fifo:
            raise ScanRefused(
                "A FIFO queue cannot be followed",
                where=queue.name,
                why="a message that is held holds up the rest of its group",
                hint="leave out --follow; to watch new messages, `megaql tap` its topic",
            )
        self._lease = lease if lease is not None else lease_for(budget, fifo=queue.fifo, follow=follow)
        check_lease(self._lease)
        self._queue = queue
        self._preflight = preflight
        self._budget = budget
        self._receives = budget.receives or (1 if queue.fifo and not extend else None)
        self._extend = extend
        self._most = RECEIVE_BATCH * turn
        self._side_by_side = side_by_side
        self._turn = RECEIVE_BATCH
        self._pool: ThreadPoolExecutor | None = None
        self._stop = stop if stop is not None else StopFlag()
        self._follow = follow
        # A queue that is followed is waited at: asked without end, even the embedded broker must not keep a processor busy.
        self._wait = max(wait, POLL_WAIT) if follow else wait
        self._clock = clock
        self._holdings = Holdings(queue, clock=clock, wall=wall, journal=journal)
        self._remembered: dict[str, None] = {}
        self._started = clock()
        self._receives_done = 0
        self._empty_polls = 0
        self.report = ScanReport(source=queue.name, total=preflight.info.visible, requests=1)

    def __enter__(self) -> Self:
        self._started = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        report = self.report
        if self._pool is not None:
            self._pool.shutdown(wait=not isinstance(error, SecondSignal))
        if report.stopped_because is None:
            # A reader that counts for itself leaves the loop before the scan can say that the limit is reached.
            report.stopped_because = (self._reason_to_stop_now() if error is None else None) or StopReason.of(error)
        if isinstance(error, SecondSignal):
            self._holdings.account(report)
        else:
            self._holdings.release(report)

    def __iter__(self) -> Iterator[Message]:
        while self._reason_to_stop() is None:
            for message in self._receive():
                if self._reason_to_stop_now() is not None:
                    break
                self.report.seen += 1
                yield message
        self.report.stopped_because = self._reason_to_stop()

    def batches(self, most: Callable[[], int] | None = None) -> Iterator[list[Message]]:
        """Yield the messages of one receive after the other, empty ones too; for who decides on them together.

        All of them are held by then, also those beyond the budget. `most` says how many may be asked for next.
        """
        while self._reason_to_stop() is None:
            batch = self._receive(most() if most is not None else None)
            self.report.seen += len(batch)
            yield batch
        self.report.stopped_because = self._reason_to_stop()

    def ours(self, message: Message) -> bool:
        """Whether a message is held and its lease cannot have ended yet."""
        return self._holdings.ours(message)

    def let_go(self, messages: Sequence[Message]) -> None:
        """Note that messages are deleted, so that they are neither given back nor recognised."""
        self._holdings.let_go(messages)
        for message in messages:
            self._remembered.pop(message.id, None)

    def tally(self, verdict: Verdict) -> None:
        """Count the verdict on the message that was just looked at; call it once a message."""
        self.report.tally(verdict)

    def _reason_to_stop_now(self) -> StopReason | None:
        """Return what ends the scan even between two messages of one receive."""
        if self._stop:
            return StopReason.SIGNAL
        return self._budget.reached(matched=self.report.matched, seen=self.report.seen)

    def _reason_to_stop(self) -> StopReason | None:
        """Return why there is to be no further receive. The messages of the last one have been shown: they are held in any case."""
        if (reason := self._reason_to_stop_now()) is not None:
            return reason
        now = self._clock()
        if (reason := self._reason_to_spare()) is not None:
            return reason
        if self._budget.duration is not None and now - self._started >= self._budget.duration.total_seconds():
            return StopReason.TIME
        if self._receives is not None and self._receives_done >= self._receives:
            return StopReason.RECEIVES
        if len(self._holdings) >= self._preflight.max_held:
            return StopReason.HEADROOM
        if self._follow:
            return None
        if self._empty_polls >= MAX_EMPTY_POLLS:
            return StopReason.EMPTY
        first = self._holdings.first_deadline
        if self._extend or first is None:
            return None
        if now >= first.monotonic - self._lease.total_seconds() * (1 - READING_SHARE):
            return StopReason.LEASE
        return None

    def _reason_to_spare(self) -> StopReason | None:
        """Return why a further receive could move messages to the dead-letter queue, where nobody has allowed that."""
        if self._preflight.may_dead_letter or self._preflight.last_life is None:
            return None
        if self.report.last_life:
            return StopReason.LAST_LIFE
        return StopReason.RETURNED if self._follow and self.report.repeated else None

    def _receive_size(self) -> int:
        """How many messages to ask for: never more than the scan can still use, since each one costs a receive count."""
        sizes = [self._turn, self._preflight.max_held - len(self._holdings)]
        if self._budget.scan is not None:
            sizes.append(self._budget.scan - self.report.seen)
        if self._budget.limit is not None and self.report.matched == self.report.seen:
            # Everything has matched so far, so that there may be no filter at all.
            sizes.append(self._budget.limit - self.report.matched)
        return min(sizes)

    def _receive(self, most: int | None = None) -> list[Message]:
        """Receive once; return the messages that were not seen before."""
        if self._follow:
            self._holdings.forget_expired()
        if self._extend:
            self._holdings.extend(self._lease, self.report)
        size = self._receive_size()
        batch = self._ask(size if most is None else max(1, min(size, most)))
        # More receives where there is more to get: an empty queue is not asked by many at once.
        if len(batch) >= self._turn // 2:
            self._turn = min(self._turn * 2, self._most)
        elif not batch:
            self._turn = RECEIVE_BATCH
        self.report.received += len(batch)
        self._receives_done += bool(batch)
        self._empty_polls = 0 if batch else self._empty_polls + 1
        last_life = self._preflight.last_life
        if last_life is not None:
            self.report.last_life += sum((message.receive_count or 0) >= last_life for message in batch)
        return [message for message in batch if self._is_new(message.id)]

    def _ask(self, size: int) -> list[Message]:
        """Receive up to `size` messages, in as many requests as that takes."""
        sizes = [min(RECEIVE_BATCH, size - start) for start in range(0, size, RECEIVE_BATCH)]
        if len(sizes) > 1 and self._side_by_side:
            return self._ask_side_by_side(sizes)
        if len(sizes) > 1 and self._queue.joins and not self._wait:
            return self._ask_together(sizes)
        messages: list[Message] = []
        length = 0
        for each in sizes:
            if messages and (self._stop or length > MAX_BATCH):
                break
            self.report.requests += 1
            self._holdings.asking(each, self._lease)
            try:
                batch = self._queue.receive(each, wait=timedelta(0) if messages else self._wait, visibility=self._lease)
            except REFUSALS:
                self._holdings.refused()
                raise
            self._holdings.take(batch)
            messages += batch
            length += sum(len(message.body) for message in batch)
            if not batch:
                break
        return messages

    def _ask_together(self, sizes: list[int]) -> list[Message]:
        """Receive some times in one go of the queue's; an error of one undoes all of that go, so that none of it is held."""
        messages: list[Message] = []
        length = 0
        for start in range(0, len(sizes), TOGETHER):
            some = sizes[start : start + TOGETHER]
            found: list[Message] = []
            self._holdings.asking(sum(some), self._lease)
            try:
                with self._queue.together():
                    for each in some:
                        self.report.requests += 1
                        batch = self._queue.receive(each, visibility=self._lease)
                        found += batch
                        length += sum(len(message.body) for message in batch)
                        if not batch or length > MAX_BATCH:
                            break
            except BaseException:
                self._holdings.refused()
                raise
            self._holdings.take(found)
            messages += found
            if len(found) < sum(some) or length > MAX_BATCH or self._stop:
                break
        return messages

    def _ask_side_by_side(self, sizes: list[int]) -> list[Message]:
        """Receive with requests at the same time. The error of one of them is raised when the messages of all others are noted."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._most // RECEIVE_BATCH, "megaql-receive")
        self.report.requests += len(sizes)
        self._holdings.asking(sum(sizes), self._lease)
        calls = [
            self._pool.submit(self._queue.receive, each, wait=self._wait, visibility=self._lease) for each in sizes
        ]
        errors = [error for call in calls if (error := call.exception()) is not None]
        batch = [message for call in calls if call.exception() is None for message in call.result()]
        self._holdings.take(batch)
        if errors:
            if doubtful := [error for error in errors if not isinstance(error, REFUSALS)]:
                self._holdings.asking(RECEIVE_BATCH * len(doubtful), self._lease)
            raise errors[0]
        return batch

    def _is_new(self, message_id: str) -> bool:
        if message_id in self._remembered:
            self.report.repeated += 1
            return False
        self._remembered[message_id] = None
        if len(self._remembered) > REMEMBERED_IDS:
            del self._remembered[next(iter(self._remembered))]
        return True
