"""The messages of a run as records with what became of each, in a file: `run --record`.

A maintainer keeps three rules. A message is masked before it is anywhere but in this process's memory. A record is appended, in one write, so that a consumer which starts
again, and several processes, lose nothing of each other. And what cannot be written is told once and never a message's trouble.
"""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from megaql.cli.messages.fields import read_field
from megaql.consumer.middleware import Middleware
from megaql.consumer.settlement import SUPERSEDED, Action
from megaql.errors import MegaQLError
from megaql.scan.masking import Masks
from megaql.scan.records import dump_line, to_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from megaql.broker.message import Message
    from megaql.consumer.matching import Match
    from megaql.consumer.middleware import Handling
    from megaql.consumer.settlement import Settled


class RecordFile:
    """Appends records to a file that only the user can read. A context manager, and thread-safe."""

    def __init__(self, path: str, mask: Sequence[str]) -> None:
        self.path = path
        self._masks = Masks([read_field(text, "--mask").path for text in mask]) if mask else None
        self._writing = threading.Lock()
        self._descriptor = -1

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise MegaQLError(
                "The file to record to cannot be written",
                where=self.path,
                why=error.strerror or type(error).__name__,
                hint="nothing was received; name a file in a folder that is there and that you may write to",
            ) from error
        if hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.fchmod(self._descriptor, 0o600)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def add(self, message: Message, run: dict[str, Any]) -> None:
        """Write a message, and what a run did with it."""
        record = to_record(message if self._masks is None else self._masks.masked(message))
        line = f"{dump_line(record | {'run': run})}\n".encode()
        with self._writing:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError as error:
                raise MegaQLError(
                    "A record cannot be written",
                    where=self.path,
                    why=error.strerror or type(error).__name__,
                    hint="make room on the disk, or record to another file; the messages are none the worse for it",
                ) from error


def told(match: Match) -> dict[str, Any]:
    """Return what is recorded of who takes a message. Reasons name paths and kinds, never values."""
    verdict = "match" if match.taken else "unknown" if match.undecided or match.unread else "no match"
    record: dict[str, Any] = {"verdict": verdict, "subscriptions": [one.name for one, _ in match.taken]}
    if match.undecided:
        record["undecided"] = [cause._asdict() for cause in match.undecided]
    return record


@dataclass(slots=True)
class _Begun:
    """What is known so far of a message in hand."""

    message: Message
    match: dict[str, Any]
    handlers: list[dict[str, Any]] = field(default_factory=list)


class Recorder(Middleware):
    """Records each message of a run when the queue has been told what became of it."""

    def __init__(self, file: RecordFile) -> None:
        self._file = file
        self._begun: dict[str, _Begun] = {}

    def after_match(self, message: Message, match: Match) -> None:
        """Take note of who takes a message."""
        self._begun[message.id] = _Begun(message, told(match))

    def after_handle(self, handling: Handling) -> None:
        """Take note of what a handler said and how long it took."""
        if (begun := self._begun.get(handling.message.id)) is not None:
            said: dict[str, Any] = {"subscription": handling.subscription}
            said["outcome"] = handling.outcome.name.lower() if handling.outcome else None
            said["seconds"] = round(handling.seconds, 6)
            if handling.error is not None:
                said["error"] = type(handling.error).__qualname__
            begun.handlers.append(said)

    def after_settle(self, settled: Settled) -> None:
        """Write the record, except of a copy that a newer one of the same message has taken the place of."""
        if settled.settlement is SUPERSEDED:
            return
        message = settled.message
        begun = self._begun.pop(message.id, None) or _Begun(message, {"verdict": None, "subscriptions": []})
        action = Action.RETURN if settled.kept else settled.settlement.action
        became = {"became": settled.tally.value, "action": action.value}
        self._file.add(begun.message, {**begun.match, "handlers": begun.handlers, **became, "told": not settled.failed})
