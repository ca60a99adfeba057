"""Opening a target for reading: consent before a queue is touched, one scan, and the report on standard error after every way out.

A maintainer keeps one rule: the report is printed in a `finally`, because what was done to a queue must be said most of all when
something went wrong.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from megaql.cli.completion.remembering import PathNotes
from megaql.cli.overwriting import refuse_appending
from megaql.cli.reading import badlines
from megaql.cli.reading import report as reports
from megaql.cli.status import Status
from megaql.cli.terminal.progress import Progress, how_far
from megaql.cli.terminal.style import Style, harmless
from megaql.scan.budget import Budget, StopReason
from megaql.scan.files import STDIN, FileScan
from megaql.scan.stop import StopFlag, catch_signals
from megaql.scan.target import FileSource, QueueSource, open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from megaql.broker.message import Message
    from megaql.broker.queue import Queue
    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment
    from megaql.lang.verdict import Verdict
    from megaql.query import Query
    from megaql.scan.journal import LeaseJournal
    from megaql.scan.live import LiveScan
    from megaql.scan.preflight import Preflight


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to read: the bounds for a queue and for a file, the lease, what the user allowed, and the end that goes without saying.

    `extend`, `turn` and `side_by_side` are `LiveScan`'s, `hold` bounds what is held in the place of a tenth of the headroom. With `orderly` a
    signal ends the reading of a file as it does that of a queue: between two messages, and not standard input's, which may never end.
    """

    budget: Budget
    file_budget: Budget = Budget()  # noqa: RUF009 - frozen
    lease: timedelta | None = None
    follow: bool = False
    allow_dead_letter: bool = False
    allow_receives: bool = False
    expected: StopReason | None = None
    extend: bool = False
    turn: int = 1
    side_by_side: bool = False
    hold: int | None = None
    orderly: bool = False


class Reading:
    """One scan under way. Iterating it judges nothing: the caller says each message's verdict to `tally`."""

    def __init__(self, world: Environment, scan: LiveScan | FileScan, stop: StopFlag) -> None:
        self._world = world
        self.scan = scan
        self.stop = stop
        #: What turns a message that only points to its payload into one that has it, where that was asked for.
        self.fetch: Callable[[Message], Message] | None = None
        self._progress = Progress(world) if world.stderr_isatty else None

    def __iter__(self) -> Iterator[Message]:
        notes = PathNotes(self._world)
        try:
            for message in self.scan:
                self.show()
                notes.see(message)
                yield message if self.fetch is None else self.fetch(message)
        finally:
            notes.keep()

    def matching(self, query: Query, *, invert: bool) -> Iterator[Message]:
        """Yield the messages of a file that a query matches, or with `invert` the others, and count all verdicts."""
        if not isinstance(self.scan, FileScan):
            raise TypeError("the messages of a queue are judged one by one")
        return self.scan.matching(query, invert=invert, watch=self.show if self._progress is not None else None)

    def show(self) -> None:
        """Say on a terminal how far the scan is, if it has taken a while."""
        if self._progress is not None:
            self._progress.show(self._line)

    def _line(self) -> str:
        report = self.scan.report
        seconds = self._progress.seconds if self._progress is not None else 0
        what = f"seen {report.seen:,}, matched {report.matched:,}"
        return how_far(what, report.seen, report.total, seconds, self._world.width)

    def tally(self, verdict: Verdict) -> None:
        """Count a message's verdict."""
        self.scan.tally(verdict)

    def clear(self) -> None:
        """Take the progress line off the terminal, before something else is written there."""
        if self._progress is not None:
            self._progress.clear()

    def status(self, *, needs_match: bool = False) -> int:
        """Return the exit status for how the scan went: a signal, unreadable lines, no match where one was demanded."""
        if self.stop:
            return self.stop.exit_status
        if self.scan.report.bad_lines:
            return Status.PARTIAL
        return Status.NO_MATCH if needs_match and not self.scan.report.matched else Status.DONE


@contextmanager
def reading(
    world: Environment,
    target: str | FileSource | QueueSource,
    connection: Connection,
    wanted: Wanted,
    *,
    quiet: bool = False,
    looked: Preflight | None = None,
) -> Iterator[Reading]:
    """Open a target and yield the scan of it; afterwards release what is held, and report.

    A file is read under the signals' own meaning. On a queue the first signal ends the scan after the receive in flight. `looked` is what `consent` has
    answered, for who has asked before.
    """
    source = open_source(target, connection) if isinstance(target, str) else target
    with ExitStack() as stack:
        stop = StopFlag()
        scan: LiveScan | FileScan
        if isinstance(source, FileSource):
            refuse_appending(world, source.path)
            if wanted.orderly and source.path != STDIN:
                stop = stack.enter_context(catch_signals())
            scan = FileScan(
                source.path,
                wanted.file_budget,
                stop=stop if wanted.orderly else None,
                on_bad_line=badlines.printer(world, source.path),
            )
        else:
            from megaql.scan.live import LiveScan  # noqa: PLC0415 - a file needs none of it

            # Asked first: while signals are only noted, Ctrl-C would not end the question.
            looked = looked or consent(world, source.queue, wanted)
            stop = stack.enter_context(catch_signals())
            scan = LiveScan(
                source.queue,
                looked,
                wanted.budget,
                lease=wanted.lease,
                stop=stop,
                follow=wanted.follow,
                extend=wanted.extend,
                turn=wanted.turn,
                side_by_side=wanted.side_by_side,
                journal=journal_of(source.queue, connection),
                wait=source.wait,
            )
        now = Reading(world, scan, stop)
        try:
            with scan:
                yield now
        finally:
            now.clear()
            # A file that cannot even be opened has no account to give; the error says it all.
            unopened = (
                scan.report.stopped_because is StopReason.ERROR and scan.report.total is None and not scan.report.seen
            )
            if not quiet and not unopened:
                for line in reports.scan_lines(scan.report, world, wanted.expected):
                    world.say(Style(on=world.colors(stderr=True))(harmless(line), dim=True))


def consent(world: Environment, queue: Queue, wanted: Wanted) -> Preflight:
    """Look at the queue's settings, and ask where reading could do harm; `ScanRefused` where the answer is no."""
    from megaql.scan.preflight import Risk, preflight  # noqa: PLC0415 - a file needs none of it

    looked = preflight(queue, allow_dead_letter=wanted.allow_dead_letter, allow_receives=wanted.allow_receives)
    if looked.risk is Risk.ASK and not agreed(world, looked.question):
        raise looked.refusal()
    return replace(looked, hold=wanted.hold)


def journal_of(queue: Queue, connection: Connection) -> LeaseJournal:
    """Return the journal of the leases that a scan of a queue will hold."""
    from megaql.scan.journal import LeaseJournal, Origin  # noqa: PLC0415 - a file needs none of it

    origin = Origin(queue.target.text, queue.name, connection.profile, connection.region, connection.endpoint_url)
    return LeaseJournal(origin)


def agreed(world: Environment, question: str) -> bool:
    """Ask on a terminal; without one, the answer is no."""
    if not world.asks:
        return False
    world.stderr.write(f"{harmless(question, keep=chr(10))} [y/N] ")
    world.stderr.flush()
    try:
        return world.stdin.readline().strip().lower() in {"y", "yes"}
    except KeyboardInterrupt:
        world.say("")
        raise
