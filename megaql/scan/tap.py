"""A copy of a topic's new messages, read through a temporary queue that is gone afterwards.

A maintainer keeps three rules. No queue but our own is read, and no subscription but our own is made or ended. Every way out of the `with` block removes
both, a second signal aside, and then the report says what is left and who removes it. And what the filter policy lets through is asked the whole query
again: a policy takes its time to hold everywhere, and it may say less than the query.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from megaql.consumer.pushdown import Pushdown, pushdown
from megaql.errors import BrokerError
from megaql.scan.budget import Budget, StopReason
from megaql.scan.report import ScanReport
from megaql.scan.stop import SecondSignal, StopFlag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from megaql.broker.message import Message
    from megaql.broker.temporary import TemporaryQueue
    from megaql.lang.verdict import Verdict
    from megaql.query import Query

#: How long a receive waits for a message. Ctrl-C takes effect when the receive in flight has ended.
POLL_WAIT: Final = timedelta(seconds=1)

#: How long the temporary queue hides what was received; what is shown is deleted with the next receive.
LEASE: Final = timedelta(seconds=60)

#: Messages asked for in one receive: the most SQS gives.
RECEIVE_BATCH: Final = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A query as `pushdown` takes it."""

    query: Query
    name: str = "the query"
    decoder: None = None


def pushed(
    query: Query | None, *, json_bodies: bool = False, exposed: Sequence[str] = (), small_numbers: bool = False
) -> Pushdown:
    """Return what SNS can ask for a query; the promises are `pushdown`'s."""
    if query is None:
        return Pushdown(reasons=("there is no query, so that every message comes",))
    return pushdown([Question(query)], json_bodies=json_bodies, exposed=exposed, small_numbers=small_numbers)


def attributes_of(found: Pushdown) -> dict[str, str]:
    """Return the attributes of the subscription that filters by what was found; none where it lets everything through."""
    if found.policy is None:
        return {}
    return {"FilterPolicyScope": found.scope, "FilterPolicy": json.dumps(found.policy, ensure_ascii=False)}


class Tap:
    """A topic's new messages: a context manager, and within it an iterator.

    `gone` says whether whoever reads the output has left, which would show at the next message only. `left` is the error that kept the temporary queue
    from being removed. Raises what the broker raises, after the removal.
    """

    def __init__(
        self,
        temporary: TemporaryQueue,
        found: Pushdown,
        budget: Budget,
        *,
        stop: StopFlag | None = None,
        gone: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.temporary = temporary
        self.left: BrokerError | None = None
        self.report = ScanReport(source=temporary.topic.name)
        self._found = found
        self._budget = budget
        self._stop = stop if stop is not None else StopFlag()
        self._gone = gone
        self._clock = clock
        self._started = clock()
        self._shown: list[Message] = []

    def __enter__(self) -> Self:
        try:
            self.temporary.make()
            if not self._stop:
                self.temporary.subscribe(attributes_of(self._found))
        except BaseException as error:
            self.report.stopped_because = StopReason.of(error)
            self._end(error)
            raise
        self._started = self._clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.report.stopped_because is None:
            self.report.stopped_because = self._reason_to_stop_now() or StopReason.of(error)
        self._end(error)

    def __iter__(self) -> Iterator[Message]:
        while (reason := self._reason_to_stop()) is None:
            for message in self._receive():
                if (reason := self._reason_to_stop_now()) is not None:
                    break
                self.report.seen += 1
                yield message
                self._shown.append(message)
        self.report.stopped_because = reason

    def tally(self, verdict: Verdict) -> None:
        """Count the verdict on the message that was just looked at; call it once a message."""
        self.report.tally(verdict)

    def _reason_to_stop_now(self) -> StopReason | None:
        if self._stop:
            return StopReason.SIGNAL
        return self._budget.reached(matched=self.report.matched, seen=self.report.seen)

    def _reason_to_stop(self) -> StopReason | None:
        if (reason := self._reason_to_stop_now()) is not None:
            return reason
        if self._gone():
            return StopReason.CLOSED
        duration = self._budget.duration
        if duration is not None and self._clock() - self._started >= duration.total_seconds():
            return StopReason.TIME
        return None

    def _receive(self) -> list[Message]:
        """Receive once; what was shown before is deleted first, so that a FIFO queue gives its groups' next messages."""
        queue = self.temporary.queue
        if self._shown:
            self.report.requests += 1
            queue.delete(self._shown)
            self._shown = []
        self.temporary.renew()
        self.report.requests += 1
        batch = self.temporary.settled(lambda: queue.receive(RECEIVE_BATCH, wait=POLL_WAIT, visibility=LEASE))
        self.report.received += len(batch)
        return batch

    def _end(self, error: BaseException | None) -> None:
        """Remove what was made. Errors do not hide the one that ended the tap; they are told as `left`."""
        if isinstance(error, SecondSignal):
            return
        try:
            self.temporary.remove()
        except BrokerError as failed:
            self.left = failed
