"""The receipt handles a scan holds, on disk, so that a crash does not hide messages until their lease ends.

A scan notes what it receives in a file of its own and removes the file when it has given everything back. The file of a process that was killed stays, and
`megaql release` gives back what stands in it. A maintainer keeps three rules. A scan that cannot write its journal goes on without: it is a
convenience, and leases end by themselves. The file is the user's alone (0600) and holds no bodies. And its writer keeps it locked while it lives: a
process id can be somebody else's by now, a lock cannot.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

try:
    import fcntl
except ImportError:  # Windows: whether a writer lives cannot be told, so that nothing is taken for a leftover
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from megaql.broker.message import Message
    from megaql.scan.lease import Deadline

#: The version that `"megaql_leases": 1` names.
VERSION: Final = 1

_SUFFIX: Final = ".leases"


@dataclass(frozen=True, slots=True)
class Origin:
    """The queue whose messages are held, and how it was reached; no credentials."""

    target: str
    queue: str
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A message's handle, and until when it was ours: by the wall clock and by the monotonic one, noted with what both said then."""

    id: str
    receipt_handle: str
    until: float
    monotonic_until: float
    noted: float
    monotonic_noted: float

    def runs(self, *, now: float, monotonic: float, margin: float) -> bool:
        """Whether a request that takes up to `margin` seconds arrives before the lease can have ended.

        Both clocks have to say so. A monotonic clock that stands before the note is another boot's, or a wall clock before it was set back: then
        nobody can tell, and the answer is no.
        """
        if monotonic < self.monotonic_noted or now < self.noted:
            return False
        return now + margin < self.until and monotonic + margin < self.monotonic_until


def state_home() -> Path:
    """Return the folder of what MegaQL remembers between runs: `megaql` in the user's state folder."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "megaql" / "state"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "megaql" / "state"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "megaql"


class LeaseJournal:
    """The journal of one scan. Made with the first note; every method is harmless where the disk refuses."""

    def __init__(
        self,
        origin: Origin,
        folder: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._origin = origin
        self._folder = folder if folder is not None else state_home() / "leases"
        self._clock = clock
        self._wall = wall
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._broken = False

    def note(self, messages: Iterable[Message], deadline: Deadline) -> None:
        """Write down the handles of messages that are held until `deadline`; of one noted before, the new note counts."""
        line = {
            "until": deadline.wall,
            "monotonic_until": deadline.monotonic,
            "noted": self._wall(),
            "monotonic_noted": self._clock(),
            "handles": [[message.id, message.receipt_handle] for message in messages],
        }
        try:
            self._write(line)
        except OSError:
            self._broken = True

    def clear(self) -> None:
        """Forget all notes: nothing is held any more."""
        if self._file is not None and not self._broken:
            try:
                self._file.truncate(0)
                self._file.seek(0)
                self._write(self._header)
            except OSError:
                self._broken = True

    def close(self, *, keep: bool) -> None:
        """Remove the file; with `keep` leave it, for what could not be given back."""
        if self._file is None:
            return
        with suppress(OSError):
            if self._path is not None and not keep:
                self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._file.close()
        self._file = None

    @property
    def _header(self) -> dict[str, Any]:
        return {"megaql_leases": VERSION, "pid": os.getpid(), **asdict(self._origin)}

    def _write(self, line: dict[str, Any]) -> None:
        if self._broken:
            return
        if self._file is None:
            self._open()
            self._write(self._header)
        if self._file is not None:
            # One write a line, and no buffer: what is written is there whatever becomes of this process.
            self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in leftovers(self._folder):
            sweep(path, wall=self._wall, clock=self._clock)
        self._path = self._folder / f"{uuid.uuid4().hex}{_SUFFIX}"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = open(descriptor, "wb", buffering=0)  # noqa: PTH123, SIM115 - a descriptor; `close` closes it
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True, slots=True)
class Leftover:
    """The journal of a scan: where its messages are, the leases it noted last, and whether its process lives."""

    path: Path
    origin: Origin
    leases: tuple[Lease, ...]
    alive: bool


def leftovers(folder: Path | None = None) -> list[Path]:
    """Return the journals that are there, oldest first."""
    found = []
    with suppress(OSError):
        for path in (folder if folder is not None else state_home() / "leases").glob(f"*{_SUFFIX}"):
            with suppress(OSError):
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found)]


def read_journal(path: Path) -> Leftover | None:
    """Read a journal; None for a file that is none. A line that a crash cut off is passed over."""
    try:
        with path.open("rb") as file:
            alive = _locked(file)
            lines = list(_objects(file))
    except OSError:
        return None
    if not lines or lines[0].get("megaql_leases") != VERSION:
        return None
    head = lines[0]
    try:
        origin = Origin(
            str(head["target"]), str(head["queue"]), head.get("profile"), head.get("region"), head.get("endpoint_url")
        )
        leases = {
            message_id: Lease(
                message_id,
                handle,
                float(line["until"]),
                float(line["monotonic_until"]),
                float(line["noted"]),
                float(line["monotonic_noted"]),
            )
            for line in lines[1:]
            for message_id, handle in line["handles"]
        }
    except (KeyError, TypeError, ValueError):
        return None
    return Leftover(path, origin, tuple(leases.values()), alive)


def sweep(path: Path, *, wall: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic) -> None:
    """Remove the journal of a dead process whose leases are all over."""
    found = read_journal(path)
    if found is None or found.alive:
        return
    if not any(lease.runs(now=wall(), monotonic=clock(), margin=0) for lease in found.leases):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _locked(file: BinaryIO) -> bool:
    """Whether the writer of a journal lives; where that cannot be told it may."""
    alive = fcntl is None
    if fcntl is not None:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            alive = True
    return alive


def _objects(file: BinaryIO) -> Iterator[dict[str, Any]]:
    for line in file:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value
