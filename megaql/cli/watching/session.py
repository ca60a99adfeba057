"""What `watch` does around its screen: opening the source, the threads, signals, the release, and the report.

A maintainer keeps one rule: the reading is closed and waited for in a `finally` around the screen, so that a crash of the screen gives back what is held
like any other way out.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.cli.reading import report as reports
from megaql.cli.reading.source import Wanted, consent, journal_of
from megaql.cli.terminal.style import Style, harmless
from megaql.errors import MegaQLError
from megaql.scan.budget import Budget
from megaql.scan.files import STDIN, FileScan, check_file
from megaql.scan.stop import SecondSignal, StopFlag, catch_signals
from megaql.scan.target import FileSource, QueueSource, open_source
from megaql.scan.watching.feed import Feed
from megaql.scan.watching.sieve import Sieve
from megaql.scan.watching.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from megaql.broker.message import Message
    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment
    from megaql.query import Query
    from megaql.scan.live import LiveScan

#: How often the end looks whether everything is given back. Seconds.
LOOK: Final = 0.05

#: How long a file's or a pipe's reader may take to notice the end; it holds nothing. Seconds.
FILE_PATIENCE: Final = 1.0


#: How long the screen may take to end after a signal, when all is given back. Seconds.
SCREEN_PATIENCE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """The lease that was asked for, and what the user allowed."""

    lease: timedelta | None = None
    allow_dead_letter: bool = False
    allow_receives: bool = False


class Watched:
    """A source under watch: its messages, the query, and the reading, which may be begun again where it has ended."""

    def __init__(self, name: str, open_scan: Callable[[StopFlag], LiveScan | FileScan], *, live: bool) -> None:
        self.name = name
        self.store = Store()
        self.sieve = Sieve(self.store)
        self.feeds: list[Feed] = []
        self._open = open_scan
        self._live = live

    def start(self, query: Query | None) -> None:
        """Begin to read and to judge."""
        self.sieve.ask(query)
        self.sieve.start()
        self._read()

    def _read(self) -> None:
        self.feeds.append(Feed(self._open, self.store))
        self.feeds[-1].start()

    @property
    def paused(self) -> bool:
        """Whether nothing is received for the moment."""
        return self.feeds[-1].paused

    def pause(self, paused: bool) -> None:
        """Receive nothing more, or go on."""
        self.feeds[-1].paused = paused

    def again(self) -> bool:
        """Read once more; False where that cannot be."""
        if not self._live or not self.feeds[-1].over:
            return False
        self._read()
        return True

    def state(self) -> str:
        """Say in a few words how the reading is."""
        feed = self.feeds[-1]
        again = " (r reads again)" if self._live else ""
        if feed.error is not None:
            what = feed.error.what if isinstance(feed.error, MegaQLError) else type(feed.error).__name__
            return f"ended: {what}" + again
        if feed.over:
            reason = feed.scan.report.stopped_because if feed.scan is not None else None
            return f"ended: {reason.value}{again}" if reason else "ended"
        return "paused" if feed.paused else "reading"

    def held(self, now: float) -> list[Message]:
        """Return the messages that are held, the newest first."""
        return [] if self.feeds[-1].over else self.store.held(now)

    def close(self) -> None:
        """Ask both threads to end."""
        self.sieve.close()
        for feed in self.feeds:
            feed.close()


def watch(
    world: Environment,
    target: str,
    connection: Connection,
    allowed: Allowed,
    query: Query | None,
    compile_text: Callable[[str], Query],
) -> int:
    """Show a source on the whole screen until somebody ends it; return the exit status."""
    app_class = _screen()
    _check_terminal(world, target)
    source = open_source(target, connection)
    watched = _watched(world, source, connection, allowed)
    with catch_signals(patient=True) as stop:
        # Textual asks nobody else.
        if world.colors():
            os.environ.pop("NO_COLOR", None)
        else:
            os.environ["NO_COLOR"] = "1"
        app = app_class(world, watched, str(query) if query is not None else "", compile_text, lambda: bool(stop))
        done = threading.Event()
        guard = threading.Thread(target=_guard, args=(watched, stop, done), name="megaql-watch-guard", daemon=True)
        try:
            watched.start(query)
            guard.start()
            app.run()
        finally:
            done.set()
            watched.close()
            _wait(world, watched, stop)
            _tell(world, watched)
    if app._exception is not None:  # noqa: SLF001 - textual has no other name for what ended it
        raise app._exception  # noqa: SLF001 - as above
    if stop:
        return stop.exit_status
    if watched.feeds[-1].error is not None:
        raise watched.feeds[-1].error
    return 0


def _guard(watched: Watched, stop: StopFlag, done: threading.Event) -> None:
    """Give everything back after a signal though the screen never ends: textual waits for ever for a terminal that is gone."""
    while not done.wait(LOOK):
        if stop:
            watched.close()
            for feed in watched.feeds:
                if not isinstance(feed.scan, FileScan):
                    feed.join()
            if not done.wait(SCREEN_PATIENCE):
                os._exit(stop.exit_status)
            return


def _screen() -> type:
    try:
        from megaql.cli.watching.app import WatchApp  # noqa: PLC0415 - an extra, and heavy
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "textual":
            raise
        raise MegaQLError(
            "`megaql watch` needs the package textual",
            where="megaql watch",
            why="it is not installed: a full screen is an extra of MegaQL",
            hint="pip install 'megaql[tui]'; or follow on one line a message: megaql peek TARGET --follow",
        ) from None
    return WatchApp


def _check_terminal(world: Environment, target: str) -> None:
    # textual draws on standard error.
    if target == STDIN and world.stdin_isatty:
        raise MegaQLError(
            "`megaql watch -` needs messages on standard input",
            where="standard input",
            why="it is the terminal itself, and what is typed there are the keys of the screen",
            hint="megaql tap TOPIC -o ndjson | megaql watch -; or name a queue or a file",
        )
    drawn = world.stdout_isatty and world.stderr_isatty and world.environ.get("TERM") != "dumb"
    if drawn and (world.stdin_isatty or target == STDIN):
        return
    raise MegaQLError(
        "`megaql watch` needs a terminal",
        where="megaql watch",
        why="its screen and its keys have to lead to one that can be drawn on; one of them is a pipe or a file, or TERM is dumb",
        hint="run it in a terminal; in a pipe, use megaql peek TARGET --follow",
    )


def _watched(world: Environment, source: FileSource | QueueSource, connection: Connection, allowed: Allowed) -> Watched:
    if isinstance(source, FileSource):
        if source.path != STDIN:
            check_file(source.path)
        path = _moved_input() if source.path == STDIN else source.path
        name = "standard input" if source.path == STDIN else source.path

        def open_file(_stop: StopFlag) -> FileScan:
            scan = FileScan(path, Budget(), on_bad_line=lambda _line: None)
            scan.report.source = name
            return scan

        return Watched(name, open_file, live=False)
    from megaql.scan.live import LiveScan, check_lease  # noqa: PLC0415 - a file needs none of it

    # What could be wrong is said before there is a screen: on it, it would be a line that is easily missed.
    if allowed.lease is not None:
        check_lease(allowed.lease)
    queue = source.queue
    wanted = Wanted(Budget(), allow_dead_letter=allowed.allow_dead_letter, allow_receives=allowed.allow_receives)
    looked = [consent(world, queue, wanted)]

    def open_scan(stop: StopFlag) -> LiveScan:
        # Asked anew for every further reading; what was agreed to holds.
        found = (
            looked.pop()
            if looked
            else consent(
                world, queue, Wanted(Budget(), allow_dead_letter=allowed.allow_dead_letter, allow_receives=True)
            )
        )
        return LiveScan(
            queue,
            found,
            Budget(),
            lease=allowed.lease,
            stop=stop,
            follow=not queue.fifo,
            journal=journal_of(queue, connection),
            wait=source.wait,
        )

    return Watched(queue.name, open_scan, live=True)


def _moved_input() -> str:
    """Put the terminal in the place of standard input, for the keys, and return the path of what was there."""
    data = os.dup(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0)
    try:
        keys = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise MegaQLError(
            "There is no terminal for the keys",
            where="/dev/tty",
            why=error.strerror or type(error).__name__,
            hint="save the messages to a file and watch that",
        ) from None
    os.dup2(keys, 0)
    os.close(keys)
    return f"/dev/fd/{data}"


def _wait(world: Environment, watched: Watched, stop: StopFlag) -> None:
    """Wait until everything is given back; another signal leaves at once."""
    with catch_signals(patient=True) as late:
        for feed in watched.feeds:
            if isinstance(feed.scan, FileScan):
                feed.join(FILE_PATIENCE)
                continue
            while feed.is_alive():
                feed.join(LOOK)
                if late:
                    with suppress(OSError):
                        world.say(
                            "left at once: what is held returns within 60 seconds; megaql release gives it back before"
                        )
                    raise SecondSignal(late.signum or stop.signum or 2)


def _tell(world: Environment, watched: Watched) -> None:
    """Print the account of each reading; a terminal that is gone hears nothing."""
    style = Style(on=world.colors(stderr=True))
    verdicts = watched.sieve.view
    for feed in watched.feeds:
        if feed.scan is None:
            continue
        report = feed.scan.report
        report.matched = len(verdicts.numbers) if verdicts.query is not None else report.seen
        for line in reports.scan_lines(report, world):
            with suppress(OSError):
                world.say(style(harmless(line), dim=True))
