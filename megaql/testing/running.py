"""An application run over its queue until nothing is left in it.

A maintainer keeps two rules. No wait is waited for: where messages are left that become visible later, the time until then is skipped. And nothing
ends in silence: what a handler raised comes out of here, and messages that keep coming back are a failure that says which and why.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.queue import Queue
from megaql.consumer.report import RunReport, Stopped
from megaql.consumer.unmatched import label
from megaql.errors import ConsumerError
from megaql.testing import contents
from megaql.testing.watching import HandlerError, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.broker.message import Message
    from megaql.broker.target import QueueTarget
    from megaql.consumer.app import App
    from megaql.testing.contents import DeadLetter

#: How often one message may be received before it counts as coming back for ever.
TRIES: Final = 20

#: Messages that a failure names.
NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class DrainReport(RunReport):
    """The counts of all runs together, and what a test wants to know besides."""

    #: What handlers and decoders raised, in order: only what the test expects, and the subscriptions' own `fatal` exceptions.
    errors: tuple[HandlerError, ...] = ()
    #: What came into the dead-letter queue meanwhile.
    dead_letters: tuple[DeadLetter, ...] = ()
    #: The time that was skipped because nothing was due: delays and back-off, in sum.
    skipped: timedelta = timedelta(0)


class NotEmptyError(AssertionError):
    """Messages keep coming back; `report` is what was done until then, `left` are the messages that are still in the queue."""

    def __init__(self, text: str, report: DrainReport, left: Sequence[Message]) -> None:
        super().__init__(text)
        self.report = report
        self.left = tuple(left)


def run_until_empty(
    app: App,
    target: str | QueueTarget | Queue | None = None,
    *,
    expected: type[BaseException] | tuple[type[BaseException], ...] = (),
    tries: int = TRIES,
    concurrency: int = 1,
) -> DrainReport:
    """Run an application until its queue is empty, delayed and returned messages included; returns what was done.

    `target` takes the place of the application's own; it has to be a queue of the embedded broker. Delays and back-off are skipped, not waited for. The
    first exception of a handler, a decoder or a hook ends the run and is raised here, unless it is `expected` or one of the subscription's `fatal`: then the
    message is returned or dead-lettered as in production, and the report has the exception. `Retry` and `Reject` are answers, not errors.

    Raises `NotEmptyError` when one message was received more than `tries` times and is still there, and what `App.run` raises.
    """
    __tracebackhide__ = True
    wanted = _checked(expected, tries)
    stop = _once(app.stop)
    queue = _Counted(_open(app, target), stop, tries)
    watch = Watch(wanted, stop)
    drain = _Drain(app, queue, watch, concurrency)
    with watch.over(app):
        drain.run()
    report = drain.report
    if watch.surprises:
        raise _explained(watch.surprises[0], queue)
    if report.signal == signal.SIGINT:
        raise KeyboardInterrupt
    if queue.exceeded:
        raise drain.failure(report)
    return report


class _Counted(Queue):
    """A queue that counts how often it gave out each message, and asks to stop at one that comes too often."""

    def __init__(self, queue: Queue, stop: Callable[[], None], tries: int) -> None:
        super().__init__(queue.client, queue.url, queue.target, place=queue.place)
        self.given: Counter[str] = Counter()
        self.exceeded = False
        self.tries = tries
        self._stop = stop

    def receive(self, limit: int = 10, **settings: Any) -> list[Message]:
        messages = super().receive(limit, **settings)
        self.given.update(message.id for message in messages)
        if any(self.given[message.id] > self.tries for message in messages):
            self.exceeded = True
            self._stop()
        return messages


class _Drain:
    """Runs and skips of time in turn, until there is a reason to end."""

    def __init__(self, app: App, queue: _Counted, watch: Watch, concurrency: int) -> None:
        self._app = app
        self._queue = queue
        self._watch = watch
        self._concurrency = concurrency
        self._dead_before = {letter.message.id for letter in contents.dead_letters(queue)}
        self._skipped = timedelta(0)
        self._sum = RunReport(stopped=Stopped.EMPTY)

    @property
    def report(self) -> DrainReport:
        """What was done so far."""
        letters = contents.dead_letters(self._queue)
        return DrainReport(
            **{field.name: getattr(self._sum, field.name) for field in fields(RunReport)},
            errors=tuple(self._watch.errors),
            dead_letters=tuple(letter for letter in letters if letter.message.id not in self._dead_before),
            skipped=self._skipped,
        )

    def run(self) -> None:
        """Go on until the queue is empty, somebody asks to stop, or a message came too often."""
        while not self._queue.exceeded:
            run = self._app.run(self._queue, once=True, wait=timedelta(0), concurrency=self._concurrency, processes=1)
            self._sum = run.plus(self._sum)
            if run.stopped is not Stopped.EMPTY or not contents.messages(self._queue):
                return
            self._skipped += contents.skip_time(self._queue)

    def failure(self, report: DrainReport) -> NotEmptyError:
        """Return the error that says which messages keep coming back, and what was said of each."""
        left = contents.messages(self._queue)
        often = sorted(left, key=lambda message: -self._queue.given[message.id])
        lines = [f"  {self._line(message)}" for message in often[:NAMED]]
        if len(often) > NAMED:
            lines.append(f"  and {len(often) - NAMED} more")
        text = "\n".join(
            [
                f"{self._queue.target.text} does not get empty: {len(left)} left, one received more than {self._queue.tries} times",
                *lines,
                "let the handler take, reject or raise in the end, give the queue a dead-letter queue, or allow more tries=",
            ]
        )
        return NotEmptyError(text, report, left)

    def _line(self, message: Message) -> str:
        said = self._watch.said.get(message.id, "no handler said anything of it")
        return f"{message.id} {label(message.payload)}: received {self._queue.given[message.id]} times; {said}"


def _once(stop: Callable[[], None]) -> Callable[[], None]:
    """Let an application be stopped once, however many ask: the second time, it would leave its handlers behind."""
    asked = threading.Lock()

    def stop_once() -> None:
        if asked.acquire(blocking=False):
            stop()

    return stop_once


def _open(app: App, target: str | QueueTarget | Queue | None) -> Queue:
    """Return the queue to run over; refuse one that is not of the embedded broker before anything is asked of it."""
    chosen = app.target if target is None else target
    if chosen is None:
        raise ConsumerError(
            "the application has no queue",
            why="neither App(target) nor run_until_empty(app, target) names one",
            hint='run_until_empty(app, "local:orders"), or a queue of the megaql_broker fixture',
        )
    return contents.opened(chosen)


def _checked(
    expected: type[BaseException] | tuple[type[BaseException], ...], tries: int
) -> tuple[type[BaseException], ...]:
    """Return the expected exceptions as a tuple; refuse settings of another type before the first message."""
    if not isinstance(tries, int) or tries < 1:
        raise ConsumerError(f"tries={tries!r} is out of range", hint="a message is received at least once: tries=20")
    several = expected if isinstance(expected, tuple) else (expected,)
    for one in several:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise ConsumerError(f"expected= takes exception classes, not {one!r}", hint="expected=(KeyError, OSError)")
    return several


def _explained(seen: HandlerError, queue: Queue) -> BaseException:
    """Return an exception with a note that says whose it is; pytest shows it below the traceback."""
    on = f" on message {seen.message_id}, receive {seen.receive_count}" if seen.message_id else ""
    # A hook has no say in what becomes of a message.
    back = "" if seen.subscription.startswith("the hook ") else "; the message is back in the queue"
    seen.error.add_note(f"raised by {seen.subscription}{on}, from {queue.target.text}{back}")
    return seen.error
