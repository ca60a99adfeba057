"""The engine of redrive, move, copy and delete: receive, match, send, write the log, delete.

A maintainer keeps these rules, each of which has a test. A message is deleted only when the destination has said that it took it, the log line
that says so is on the disk, and its lease still runs. Whatever was not selected is neither sent nor changed, and is given back as a read gives back. Between any two
calls the process may die: a message is then in the source, in the destination, or in both, and never in neither. To a FIFO destination nothing of a group is sent after one
of it that could not be, until the run's end. And nothing grows with the number of messages that were moved.
"""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from megaql.broker import faults
from megaql.broker.batches import MAX_ENTRIES, BatchResult
from megaql.broker.queue import Queue
from megaql.errors import BrokerError, ScanError
from megaql.lang.verdict import Verdict
from megaql.scan.again import again
from megaql.scan.budget import StopReason
from megaql.scan.bulk.edits import CannotEdit, Edit, edited
from megaql.scan.bulk.plan import Plan, body_hash
from megaql.scan.bulk.report import BulkReport, NotDone
from megaql.scan.live import TOGETHER, LiveScan
from megaql.scan.rewriting import with_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from megaql.broker.message import Message
    from megaql.broker.outgoing import Outgoing
    from megaql.broker.topic import Topic
    from megaql.scan.bulk.ledger import Job, Ledger
    from megaql.scan.files import FileScan
    from megaql.scan.stop import StopFlag

#: Receives of one batch, each of ten messages: the log is put on the disk once for all of them, which takes as long as many requests do.
TURN: Final = 64

#: The same where requests go side by side; so many do.
LANES: Final = 8

#: The lease of what is received. It is extended while the run goes on, so that it only says how long a crash hides messages.
LEASE: Final = timedelta(seconds=60)

#: The same on a FIFO queue, where a hidden message holds up its group.
FIFO_LEASE: Final = timedelta(seconds=30)

#: A message that was sent this long after the run began is none of those that were there. Clocks differ by less.
LATE: Final = timedelta(seconds=5)

#: After so many late messages the run ends: the queue is being filled faster than it is emptied, or what was moved comes back.
MAX_LATE: Final = 100

#: Messages of a file that are sent together.
FILE_BATCH: Final = 100

#: Failures that are kept with their reasons; all are counted.
KEPT_FAILURES: Final = 20

#: How often a wait looks whether the run is to stop. Seconds.
NAP: Final = 0.1

_T = TypeVar("_T")
_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done to which messages.

    `judge` says which messages are selected, unless a `plan` lists them. `destination` is None where they are only deleted, and
    `deletes` is False where they are copied. `group` is the message group of what has none, for a FIFO destination. `rate` is messages a second.
    """

    job: Job
    source: Queue | None
    destination: Queue | Topic | None
    deletes: bool
    judge: Callable[[Message], Verdict] = lambda _: Verdict.MATCH
    edits: Sequence[Edit] = ()
    plan: Plan | None = None
    limit: int | None = None
    group: str | None = None
    rate: int | None = None


def side_by_side(queue: Queue) -> bool:
    """Whether the requests of a batch go at the same time: on AWS, where most of a request's time is its way.

    Not to a FIFO queue, for the sake of order; to the embedded broker, whose writers take turns; or to any other server, since some lose messages
    then (moto).
    """
    return not queue.fifo and ".amazonaws.com" in queue.place.endpoint


def turn_of(queue: Queue) -> int:
    """Return how many receives make a batch. One on a FIFO queue, where what is received holds up its group."""
    return 1 if queue.fifo else LANES if side_by_side(queue) else TURN


class BulkRun:
    """One run over an open scan, whose `with` block gives back what is left.

    `look` yields what is selected and does nothing else; `apply` does the work and needs a ledger. `save` is given messages before they are written into
    the log, and `watch` is called after each batch. `wall`, `clock` and `sleep` are
    for tests.
    """

    def __init__(
        self,
        work: Work,
        scan: LiveScan | FileScan,
        stop: StopFlag,
        ledger: Ledger | None = None,
        *,
        save: Callable[[Sequence[Message]], None] | None = None,
        watch: Callable[[BulkReport], None] = lambda _: None,
        side_by_side: bool = False,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._work = work
        self._scan = scan
        self._stop = stop
        self._ledger = ledger
        self._save = save
        self._watch = watch
        self._clock = clock
        self._sleep = sleep
        self._to_fifo = work.destination is not None and work.destination.fifo
        fifo = self._to_fifo or (work.source is not None and work.source.fifo)
        self._lanes = LANES if side_by_side and not fifo else 1
        self._pool: ThreadPoolExecutor | None = None
        self._late = datetime.fromtimestamp(wall(), UTC) + LATE
        self._began = clock()
        self._chosen = 0
        self._waiting_plan = dict(work.plan.messages) if work.plan is not None else {}
        #: Groups of a FIFO destination in which a message was not sent, and that message.
        self._stuck: dict[str, NotDone] = {}
        self.report = BulkReport(scan.report)

    def look(self) -> Iterator[tuple[Message, Message]]:
        """Yield each selected message with what would be sent for it; one that cannot be is counted as failed."""
        for batch in self._batches():
            for message, changed, _ in self._ready(self._selected(batch)):
                self.report.planned += 1
                yield message, changed
            self._watch(self.report)
        self.report.missing = len(self._waiting_plan)

    def apply(self) -> None:
        """Do the work, a batch at a time, until the scan ends. What the services raise passes through; what was done by then is in the report."""
        if self._ledger is None:
            raise TypeError("a run that is applied has a ledger")
        try:
            self._ledger.open()
            with ExitStack() as stack:
                if self._lanes > 1:
                    self._pool = stack.enter_context(ThreadPoolExecutor(self._lanes, "megaql-bulk"))
                for batch in self._batches():
                    if chosen := self._selected(batch):
                        self._carry(chosen, self._ledger)
                    self._watch(self.report)
        finally:
            self.report.missing = len(self._waiting_plan)
            self._ledger.close()

    def _batches(self) -> Iterator[list[Message]]:
        if isinstance(self._scan, LiveScan):
            for batch in self._scan.batches(self._room):
                yield batch
                if self.report.late >= MAX_LATE:
                    self._scan.report.stopped_because = StopReason.LATE
                    return
            return
        messages = iter(self._scan)
        while not self._stop and (batch := list(islice(messages, min(FILE_BATCH, self._room())))):
            yield batch

    def _room(self) -> int:
        """Return how many messages may be received next; where there is a rate, when it is time for them."""
        room = TURN * MAX_ENTRIES
        if (rate := self._work.rate) is not None:
            due = self._began + self._chosen / rate
            while not self._stop and (left := due - self._clock()) > 0:
                self._sleep(min(left, NAP))
            room = min(room, rate)
        return room

    def _selected(self, batch: list[Message]) -> list[Message]:
        """Return the messages of a batch that the work is about, and count the verdict on each."""
        chosen = []
        for message in batch:
            if self._work.limit is not None and self._scan.report.matched >= self._work.limit:
                break
            sent_at = message.sent_at if self._work.source is not None else None
            if sent_at is not None and sent_at > self._late:
                self.report.late += 1
                continue
            verdict = self._verdict(message)
            self._scan.tally(verdict)
            if verdict is Verdict.MATCH:
                chosen.append(message)
        self._chosen += len(chosen)
        return chosen

    def _verdict(self, message: Message) -> Verdict:
        if self._work.plan is None:
            return self._work.judge(message)
        return Verdict.NO_MATCH if self._waiting_plan.pop(message.id, None) is None else Verdict.MATCH

    def _as_planned(self, message: Message) -> bool:
        """Whether a message's body is the one that the plan has seen; without a plan every one is."""
        planned = self._work.plan.messages.get(message.id) if self._work.plan is not None else None
        return planned is None or planned.sha256 == body_hash(message)

    def _ready(self, messages: Iterable[Message]) -> Iterator[tuple[Message, Message, Outgoing | None]]:
        """Yield what can be sent, as it is to be, with what is sent for it; the rest is counted, and holds back its group."""
        for message in messages:
            if self._waits(message):
                continue
            if not self._as_planned(message):
                self.report.changed += 1
                self._hold(message, NotDone(message.id, "its body is not the plan's"))
                continue
            try:
                changed = self._changed(message)
                outgoing = self._outgoing(message, changed)
            except CannotEdit as error:
                self._fail(message, str(error))
            else:
                yield message, changed, outgoing

    def _changed(self, message: Message) -> Message:
        """Return a message as it is to be, by the plan's own body and the edits. Raises `CannotEdit`."""
        planned = self._work.plan.messages.get(message.id) if self._work.plan is not None else None
        if planned is not None and planned.body is not None:
            message = with_body(message, planned.body)
        return edited(message, self._work.edits)

    def _outgoing(self, message: Message, changed: Message) -> Outgoing | None:
        """Return what is sent for a message, nothing where it is only deleted. Raises `CannotEdit` where it cannot be."""
        to, fifo = self._work.destination, self._to_fifo
        if to is None:
            return None
        outgoing = again(
            changed,
            fifo=fifo,
            topic=not isinstance(to, Queue),
            dedup_id=self._dedup_id(message, changed) if fifo else "",
            group=self._work.group if self._work.group and not message.group_id else None,
        )
        if fifo and not outgoing.group_id:
            raise CannotEdit("it has no message group, which a FIFO queue needs; --group gives it one")
        return outgoing

    def _dedup_id(self, message: Message, changed: Message) -> str:
        """Return an id that the same message gets again when a run is repeated after a crash, so that the queue drops the second one.

        A copy made twice is meant twice, unless it is the same log that goes on.
        """
        job = self._work.job
        parts = [job.source, job.destination, message.id, body_hash(changed)]
        if not self._work.deletes and self._ledger is not None:
            parts.append(self._ledger.id)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _carry(self, chosen: list[Message], ledger: Ledger) -> None:
        """Send the messages of a batch, write down what was taken, and delete that."""
        gone = [message for message in chosen if self._gone(message, ledger)]
        self.report.resumed += len(gone)
        sent: list[Message] = []
        error: BrokerError | None = None
        try:
            error = self._send([message for message in chosen if not self._gone(message, ledger)], ledger, sent)
            if sent:
                if self._save is not None:
                    self._save(sent)
                ledger.sync()
        except (ScanError, OSError):
            self.report.undeleted += len(sent) + len(gone) if self._work.deletes else 0
            raise
        finally:
            self.report.sent += len(sent) if self._work.destination is not None else 0
        if self._work.deletes:
            self._delete([*gone, *sent])
        else:
            self.report.copied += len(gone) + len(sent)
        if error is not None:
            raise error

    def _gone(self, message: Message, ledger: Ledger) -> bool:
        """Whether an earlier run has sent a message, as its log says."""
        return bool(message.id) and message.id in ledger.sent and self._as_planned(message)

    def _send(self, messages: list[Message], ledger: Ledger, sent: list[Message]) -> BrokerError | None:
        """Send messages, and add those that were taken to the log and to `sent` as soon as that is known.

        Returns an error that keeps all others from being sent.
        """
        to = self._work.destination
        if to is None:
            sent += [message for message, _, _ in self._ready(messages)]
            ledger.write(_line(message, "") for message in sent)
            return None
        pairs = [(message, outgoing) for message, _, outgoing in self._ready(messages) if outgoing is not None]
        broken: BrokerError | None = None
        # All at once to a FIFO queue, whose client keeps the order of what it is given together.
        step = max(1, len(pairs)) if to.fifo else MAX_ENTRIES
        for some, result in self._side_by_side(pairs, lambda some: _send(to, [one for _, one in some]), step):
            if isinstance(result, BrokerError):
                if len(some) == 1 and faults.short_code(result.code) in faults.CONTENT_CODES:
                    # A request of one message is refused as a whole for what is in it; of several, that one stands among the failures.
                    self._fail(some[0][0], f"{result.code}: {result.why or result.what}")
                    continue
                broken = broken or result
                if self._pool is None:
                    break
                continue
            message_of = {id(outgoing): message for message, outgoing in some}
            taken = [message_of[id(entry)] for entry in result.done]
            sent += taken
            ledger.write(_line(message, sent_as) for message, sent_as in zip(taken, result.message_ids, strict=True))
            for failure in result.failed:
                # In the order of their group: the first was refused, and those behind it were kept back by the queue's client.
                if not self._waits(message := message_of[id(failure.entry)]):
                    self._fail(message, f"{failure.code}: {failure.message}")
        return broken

    def _delete(self, messages: list[Message]) -> None:
        """Delete what is still ours; of the rest the log knows that it was sent."""
        source, scan = self._work.source, self._scan
        if source is None or not isinstance(scan, LiveScan):
            raise TypeError("only messages of a queue are deleted")
        ours = [message for message in messages if scan.ours(message)]
        deleted = 0
        broken: BrokerError | None = None
        step = MAX_ENTRIES * TOGETHER if source.joins and self._pool is None else MAX_ENTRIES

        def delete(some: list[Message]) -> BatchResult[Message]:
            with source.together():
                return source.delete(some)

        for _, result in self._side_by_side(ours, delete, step):
            if isinstance(result, BrokerError):
                broken = broken or result
                continue
            scan.let_go(result.done)
            deleted += len(result.done)
        self.report.deleted += deleted
        self.report.undeleted += len(messages) - deleted
        if broken is not None:
            raise broken

    def _side_by_side(
        self, entries: list[_T], call: Callable[[list[_T]], BatchResult[_E]], step: int = MAX_ENTRIES
    ) -> Iterator[tuple[list[_T], BatchResult[_E] | BrokerError]]:
        """Call with so many entries at a time, in as many lanes as there are; an error of the service is an answer, so that none is lost."""

        def answer(some: list[_T]) -> tuple[list[_T], BatchResult[_E] | BrokerError]:
            try:
                return some, call(some)
            except BrokerError as error:
                return some, error

        parts = [entries[start : start + step] for start in range(0, len(entries), step)]
        answers = map(answer, parts) if self._pool is None else self._pool.map(answer, parts)
        for some, result in answers:
            self._scan.report.requests += 1 if isinstance(result, BrokerError) else result.requests
            yield some, result

    def _group(self, message: Message) -> str | None:
        """Return the group of the destination whose order a message stands in."""
        return message.group_id or self._work.group if self._to_fifo else None

    def _waits(self, message: Message) -> bool:
        """Whether a message stands behind one of its group that was not sent; it is counted then, and stays."""
        first = self._stuck.get(self._group(message) or "") if self._stuck else None
        if first is None:
            return False
        first.held_back += 1
        self.report.held_back += 1
        return True

    def _hold(self, message: Message, why: NotDone) -> None:
        if (group := self._group(message)) is not None:
            self._stuck[group] = why

    def _fail(self, message: Message, why: str) -> None:
        self.report.failed += 1
        failure = NotDone(message.id, why)
        self._hold(message, failure)
        if len(self.report.first_failures) < KEPT_FAILURES:
            self.report.first_failures.append(failure)


def _send(to: Queue | Topic, entries: list[Outgoing]) -> BatchResult[Outgoing]:
    if isinstance(to, Queue):
        return to.send_batch(entries, apart=to.fifo)
    return to.publish_batch(entries, apart=to.fifo)


def _line(message: Message, sent_as: str) -> dict[str, Any]:
    line = {"id": message.id, "sha256": body_hash(message)}
    return {**line, "sent_as": sent_as} if sent_as else line
