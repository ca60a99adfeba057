"""The log of a run: which messages were sent on, written and on the disk before any of them is deleted.

A maintainer keeps two rules. A line stands for a message that the destination has taken, so that a later run with the same log deletes it and does not
send it a second time. And what a crash cut off at the end of the file is no line, neither for this reader nor for the next line.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from megaql.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: The version that `"megaql_log": 1` names.
VERSION: Final = 1

#: One encoder for all lines: `json.dumps` makes one for each.
_WRITE: Final = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Job:
    """What is done to which messages: `command` with `source` and, unless it deletes, `destination`, both as ARN or URL."""

    command: str
    source: str
    destination: str = ""


class Ledger:
    """The log of one job. A file that is there goes on if it is of the same job."""

    def __init__(self, path: Path, job: Job) -> None:
        self.path = path
        self.job = job
        #: Ids of messages that an earlier run has sent.
        self.sent: set[str] = set()
        self.id = hashlib.sha256(f"{path.absolute()}\0{job}".encode()).hexdigest()
        self._file: BinaryIO | None = None
        self._keep = 0
        if path.exists() and path.stat().st_size:
            self._read()

    def write(self, entries: Iterable[dict[str, Any]]) -> None:
        """Write lines: there when this process is killed, not yet when the machine stops. Raises `ScanError` where they cannot be."""
        self._do(b"".join(_WRITE(entry).encode() + b"\n" for entry in entries), sync=False)

    def sync(self) -> None:
        """Return when all lines are on the disk. Raises `ScanError`."""
        self._do(b"", sync=True)

    def _do(self, data: bytes, *, sync: bool) -> None:
        try:
            file = self._open()
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        except OSError as error:
            raise ScanError(
                "The log cannot be written",
                where=str(self.path),
                why=error.strerror or type(error).__name__,
                hint="what was sent in this batch was not deleted: free the disk, and run the same command again with this log",
            ) from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def open(self) -> None:
        """Make the file, so that a place where nothing can be written shows before the first message is sent."""
        self.sync()

    def _open(self) -> BinaryIO:
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = open(descriptor, "r+b")  # noqa: PTH123, SIM115 - a descriptor; `close` closes it
            # What follows the last whole line was cut off by a crash.
            self._file.truncate(self._keep)
            self._file.seek(self._keep)
            if not self._keep:
                self._file.write(json.dumps({"megaql_log": VERSION, **asdict(self.job)}).encode() + b"\n")
                _sync_folder(self.path.parent)
        return self._file

    def _read(self) -> None:
        try:
            with self.path.open("rb") as file:
                head = file.readline()
                self._check(head)
                self._keep = len(head)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.sent.add(str(json.loads(line)["id"]))
                    self._keep += len(line)
        except OSError as error:
            raise _unusable(self.path, error.strerror or type(error).__name__) from error
        except (ValueError, KeyError, TypeError):
            raise _unusable(self.path, "it is no log of megaql") from None

    def _check(self, head: bytes) -> None:
        found = json.loads(head)
        if found.get("megaql_log") != VERSION:
            raise ValueError
        was = Job(found["command"], found["source"], found["destination"])
        if was != self.job:
            to = f" to {was.destination}" if was.destination else ""
            raise _unusable(self.path, f"it belongs to another job: {was.command} {was.source}{to}")


def _unusable(path: Path, why: str) -> ScanError:
    return ScanError("The log cannot be used", where=str(path), why=why, hint="name another file with --log")


def _sync_folder(folder: Path) -> None:
    """Put a new file's name on the disk as well, where the platform can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
