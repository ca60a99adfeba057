"""Sending messages in chunks, with an account of every one.

A maintainer keeps one rule: a message is either among the ids on standard output or told as failed on standard error, however the sending ends.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Final

from megaql.broker.batches import BatchResult
from megaql.broker.message import Message
from megaql.broker.outgoing import Outgoing
from megaql.cli import complaint
from megaql.cli.status import Status
from megaql.cli.terminal.progress import Progress, how_far
from megaql.cli.terminal.style import harmless, harmless_json
from megaql.errors import MegaQLError
from megaql.plural import counted
from megaql.scan.records import to_line
from megaql.scan.stop import StopFlag, catch_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from megaql.broker.publisher import Publisher
    from megaql.cli.environment import Environment
    from megaql.scan.documents import BadLine

#: Messages that are sent between two looks at whether the user has interrupted.
CHUNK: Final = 100

#: With a rate, messages go out so many times a second.
STEPS: Final = 4

#: A wait looks so often whether somebody has interrupted. Seconds.
NAP: Final = 0.1

#: Failures that are told each; the rest is counted only.
SHOWN_FAILURES: Final = 20


def send(
    world: Environment,
    publisher: Publisher,
    entries: Iterator[Outgoing | BadLine],
    *,
    interactive: bool,
    rate: int | None = None,
    total: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Send everything, `rate` messages a second at most, print ids as they come, and return the exit status.

    `total` is how many there are, as far as that is known before they are read; the progress line says it. With `interactive` the messages come from standard input, which may block for ever, so that a signal ends the process at once.
    """
    # Who types the messages knows how many they were, and would find the line among them.
    watched = world.stderr_isatty and not (interactive and world.stdin_isatty)
    progress = Progress(world, clock=clock) if watched else None
    account = _Account(world, publisher.target.text, progress)
    size = CHUNK if rate is None else min(CHUNK, max(1, rate // STEPS))
    began, asked = clock(), 0
    with nullcontext(StopFlag()) if interactive else catch_signals() as stop:
        try:
            while not stop and (chunk := list(islice(entries, size))):
                if rate is not None and asked:
                    wait_until(began + asked / rate, stop, clock, sleep)
                    if stop:
                        break
                asked += len(chunk)
                good = [entry for entry in chunk if isinstance(entry, Outgoing)]
                account.unreadable += len(chunk) - len(good)
                if good:
                    account.add(_sent(publisher, good), good)
                account.show(total)
            account.done = True
        except MegaQLError as error:
            if not account.sent:
                raise
            account.broken = True
            account.clear()
            complaint.tell(world, error)
        finally:
            account.tell(interrupted=bool(stop))
    return stop.exit_status or account.status


def wait_until(due: float, stop: StopFlag, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """Wait for a point of time on the clock, or until somebody interrupts."""
    while not stop and (left := due - clock()) > 0:
        sleep(min(left, NAP))


def _sent(publisher: Publisher, entries: list[Outgoing]) -> BatchResult[Outgoing]:
    """Send a chunk. One message goes by itself, so that what is wrong with it is an error of four parts."""
    if len(entries) > 1:
        return publisher.publish_batch(entries)
    return BatchResult(entries, [], [{"MessageId": publisher.send(entries[0])}])


def show(world: Environment, entries: Iterator[Outgoing | BadLine], destination: str) -> int:
    """Print what would be sent, as records that `publish --from` reads."""
    total = unreadable = 0
    for entry in entries:
        if not isinstance(entry, Outgoing):
            unreadable += 1
            continue
        total += 1
        given = {"MessageGroupId": entry.group_id, "MessageDeduplicationId": entry.dedup_id}
        system = {name: text for name, text in given.items() if text}
        message = Message(id="", body=entry.body, attributes=entry.attributes, system=system)
        world.out(harmless_json(to_line(message)))
    world.say(f"dry run: {counted(total, 'message')} for {harmless(destination)}; nothing was sent")
    return Status.PARTIAL if unreadable else Status.DONE


class _Account:
    """What became of the messages so far."""

    def __init__(self, world: Environment, destination: str, progress: Progress | None) -> None:
        self._world = world
        self._destination = harmless(destination)
        self._progress = progress
        self.sent = 0
        self.failed = 0
        self.unreadable = 0
        self.broken = False
        self.done = False
        self._read = True

    def add(self, result: BatchResult[Outgoing], entries: list[Outgoing]) -> None:
        """Print the ids of one chunk and its failures, each with its number, counted from 1."""
        base = self.sent + self.failed
        numbers = {id(entry): base + place for place, entry in enumerate(entries, 1)}
        self.sent += len(result.done)
        if result.failed or self._world.stdout_isatty:
            self.clear()
        self._print(result.message_ids)
        for failure in result.failed:
            self.failed += 1
            if self.failed <= SHOWN_FAILURES:
                number = numbers[id(failure.entry)]
                self._world.say(f"message {number:,} was not sent: {failure.code}: {harmless(failure.message)}")

    def show(self, total: int | None) -> None:
        """Say on a terminal how far it is, if it has taken a while."""
        if (progress := self._progress) is not None:
            done, width = self.sent + self.failed, self._world.width
            progress.show(lambda: how_far(f"published {self.sent:,}", done, total, progress.seconds, width, exact=True))

    def clear(self) -> None:
        """Take the progress line off the terminal, before something else is written there."""
        if self._progress is not None:
            self._progress.clear()

    def _print(self, message_ids: list[str]) -> None:
        """Print ids as long as somebody reads them; that nobody does is no reason to send only half."""
        if self._read:
            try:
                for message_id in message_ids:
                    self._world.out(message_id)
                self._world.stdout.flush()
            except BrokenPipeError:
                self._read = False

    def tell(self, *, interrupted: bool) -> None:
        """Say how far it went."""
        self.clear()
        parts = [f"published {counted(self.sent, 'message')} to {self._destination}"]
        if self.failed:
            parts.append(f"not sent: {self.failed:,}")
        if self.unreadable:
            parts.append(f"unreadable lines: {self.unreadable:,}")
        if self.broken or interrupted:
            parts.append(
                "interrupted: what follows was not sent" if interrupted else "broken off: what follows was not sent"
            )
        # Of an error alone that nothing was sent goes without saying.
        if self.done or self.sent or self.failed or self.unreadable:
            self._world.say("; ".join(parts))

    @property
    def status(self) -> Status:
        """The exit status for what became of the messages."""
        return Status.PARTIAL if self.failed or self.unreadable or self.broken else Status.DONE
