"""The messages a scan holds: until when each is ours, and giving them back before that.

A standard queue accepts an old receipt handle. A visibility change sent after a message's lease has ended therefore takes it away
from whoever received it since. So a maintainer keeps one rule: nothing is sent for a message at or after its deadline, less a margin
for the request's own travel; such a message comes back by itself. Deadlines count from before the receive was sent, and by
two clocks: the monotonic one stands still while a laptop sleeps, the wall clock can be set back, and either one is enough to say no.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from megaql.broker.guard import sends_only_while
from megaql.broker.message import Message
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from megaql.broker.queue import Queue
    from megaql.scan.journal import LeaseJournal
    from megaql.scan.report import ScanReport

#: A release is sent at least this long before the deadline, since it takes time to arrive. Seconds.
RELEASE_MARGIN: Final = 3.0

#: Messages in one ChangeMessageVisibilityBatch request: what SQS takes.
RELEASE_BATCH: Final = 10

#: After this many failed requests in a row the service is taken for unreachable and the rest is left to its lease.
MAX_RELEASE_FAILURES: Final = 3


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment a lease may end at the earliest, by the monotonic and by the wall clock, in seconds."""

    monotonic: float
    wall: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A receive under way: how many messages it may bring, their lease in seconds, and the deadline they will have."""

    count: int
    lease: float
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Held:
    """A held message without its body: an id and a receipt handle are all that giving it back takes.

    `returns` is the wall clock's time by which its lease has ended at the latest.
    """

    message: Message
    deadline: Deadline
    returns: float


class Holdings:
    """All messages a scan has received and not given back, oldest deadline first. One thread uses it."""

    def __init__(
        self,
        queue: Queue,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        journal: LeaseJournal | None = None,
    ) -> None:
        self._queue = queue
        self._clock = clock
        self._wall = wall
        self._journal = journal
        self._held: dict[str, Held] = {}
        self._asked: Asked | None = None

    def __len__(self) -> int:
        return len(self._held)

    @property
    def first_deadline(self) -> Deadline | None:
        """The earliest deadline of the messages held."""
        return next((held.deadline for held in self._held.values()), None)

    def asking(self, count: int, lease: timedelta) -> None:
        """Note that up to `count` messages are about to be asked for; until `take`, they are in doubt."""
        seconds = lease.total_seconds()
        self._asked = Asked(count, seconds, Deadline(self._clock() + seconds, self._wall() + seconds))

    def take(self, messages: Iterable[Message]) -> None:
        """Note the answer to `asking`. A message that is already held keeps its newest receipt handle only."""
        asked = self._asked
        if asked is None:
            raise RuntimeError("take() without asking()")
        returns = self._wall() + asked.lease
        taken = []
        for message in messages:
            self._held.pop(message.id, None)
            handle = Message(id=message.id, body="", receipt_handle=message.receipt_handle, queue=message.queue)
            self._held[message.id] = Held(handle, asked.deadline, returns)
            taken.append(handle)
        self._asked = None
        if self._journal is not None and taken:
            self._journal.note(taken, asked.deadline)

    def refused(self) -> None:
        """Note that the service has refused what `asking` announced: nothing was handed out, so that nothing is in doubt."""
        self._asked = None

    def ours(self, message: Message) -> bool:
        """Whether a message is held and its lease cannot have ended yet."""
        held = self._held.get(message.id)
        return held is not None and self._ours(held, margin=0)

    def let_go(self, messages: Iterable[Message]) -> None:
        """Take messages off the account that are deleted: nobody has to give them back."""
        for message in messages:
            self._held.pop(message.id, None)
        if self._journal is not None and not self._held:
            self._journal.clear()

    def extend(self, lease: timedelta, report: ScanReport) -> None:
        """Give the messages whose lease is half over a whole one again, in batches, as far as they are still ours.

        What cannot be extended keeps its deadline, and returns by itself unless it is released before.
        """
        seconds = lease.total_seconds()
        due = []
        for held in self._held.values():  # the oldest deadline first
            if self._ours(held, margin=seconds / 2):
                break
            if self._ours(held, margin=RELEASE_MARGIN):
                due.append(held)
        waiting = iter(due)
        while batch := list(islice(waiting, RELEASE_BATCH)):
            self._extend_batch(batch, lease, report)

    def _extend_batch(self, batch: list[Held], lease: timedelta, report: ScanReport) -> None:
        seconds = lease.total_seconds()
        deadline = Deadline(self._clock() + seconds, self._wall() + seconds)
        report.requests += 1
        try:
            with sends_only_while(self._queue.client, lambda: self._ours(batch[0], margin=RELEASE_MARGIN)):
                result = self._queue.set_visibility([held.message for held in batch], lease)
        except BrokerError:
            return
        returns = self._wall() + seconds
        for message in result.done:
            del self._held[message.id]
            self._held[message.id] = Held(message, deadline, returns)
        if self._journal is not None:
            self._journal.note(result.done, deadline)

    def forget_expired(self) -> None:
        """Let go of messages whose lease may have ended: they are not ours any more."""
        for held in list(self._held.values()):
            if not self._ours(held, margin=0):
                del self._held[held.message.id]

    def release(self, report: ScanReport) -> None:
        """Make every message visible again that is still ours, in batches, and account for all of them in `report`.

        Broker errors do not end it: what cannot be given back returns when its lease ends, and the report says so. Whatever else
        ends it, a second signal above all, the report is complete.
        """
        waiting = iter(list(self._held.values()))
        failures = 0
        try:
            while failures < MAX_RELEASE_FAILURES and (batch := list(islice(waiting, RELEASE_BATCH))):
                ours = [held.message for held in batch if self._ours(held, margin=RELEASE_MARGIN)]
                if ours:
                    failures = 0 if self._send(ours, report) else failures + 1
        finally:
            self.account(report)

    def account(self, report: ScanReport) -> None:
        """Enter what is still held into `report`, as returning by itself, and let go of it."""
        returns = [held.returns for held in self._held.values()]
        report.unreleased += len(self._held)
        self._held.clear()
        if self._asked is not None:
            report.in_doubt = self._asked.count
            returns.append(self._wall() + self._asked.lease)
            self._asked = None
        if returns:
            report.returning_at = datetime.fromtimestamp(max(returns), UTC)
        if self._journal is not None:
            self._journal.close(keep=bool(report.unreleased))

    def _ours(self, held: Held, *, margin: float) -> bool:
        """Whether a request that takes up to `margin` seconds arrives before the lease can have ended."""
        deadline = held.deadline
        return self._clock() + margin < deadline.monotonic and self._wall() + margin < deadline.wall

    def _send(self, messages: list[Message], report: ScanReport) -> bool:
        """Release one batch, which the queue tries again where that makes sense; return whether any of it went back."""
        report.requests += 1
        # They are in the order of their deadlines.
        first = self._held[messages[0].id]
        try:
            with sends_only_while(self._queue.client, lambda: self._ours(first, margin=RELEASE_MARGIN)):
                result = self._queue.set_visibility(messages, timedelta(0))
        except BrokerError as error:
            report.release_error = report.release_error or error.what
            return False
        for message in result.done:
            del self._held[message.id]
        report.released += len(result.done)
        if result.failed:
            report.release_error = report.release_error or result.failed[0].code
        return bool(result.done)
