"""Telling whoever watches a consumer whether it gets on: a file that is touched, a port that answers.

A maintainer keeps two rules. The file's time is that of the last progress, so that a process which hangs or is gone looks dead without doing anything
for it. And the thread here only reads: should it end, the consumer goes on and looks dead, which is the safe mistake.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql import config
from megaql.consumer.journal import LOGGER
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from megaql.settings import Settings

#: How long without progress is no longer alive. It has to be longer than the slowest handler takes.
AFTER: Final = timedelta(minutes=2)

#: Where the port listens: nobody else's business, unless somebody says so.
ADDRESS: Final = "127.0.0.1"

#: Between two touches of the file. Seconds.
INTERVAL: Final = 1.0

#: How long a client of the port may take. Seconds.
CLIENT_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Liveness:
    """Where to tell of progress. `port` 0 takes a free one, which the log names; `after` is how long without progress is no longer alive."""

    file: str | Path | None = None
    port: int | None = None
    address: str | None = None
    after: timedelta | None = None
    #: Where settings stand that were taken from outside of the code.
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def completed(self, settings: Settings) -> Liveness:
        """Return it with what it leaves open taken from settings, else the defaults."""
        return Liveness(
            settings.liveness_file if self.file is None else self.file,
            settings.liveness_port if self.port is None else self.port,
            self.address or settings.liveness_address or ADDRESS,
            (settings.liveness_after or AFTER) if self.after is None else self.after,
            {
                name: settings.origins.get(f"liveness_{name}", "")
                for name in ("file", "port", "address")
                if getattr(self, name) is None
            },
        )


@dataclass(frozen=True, slots=True)
class Quiet:
    """For how many seconds a process has shown no progress."""

    pid: int
    seconds: float


#: Asked for each look; one entry a process.
Look = Callable[[], Sequence[Quiet]]


@contextmanager
def told(liveness: Liveness, look: Look) -> Iterator[None]:
    """Tell of progress within the block; `ConsumerError` where the file cannot be written or the port is not free."""
    after = (AFTER if liveness.after is None else liveness.after).total_seconds()
    with ExitStack() as stack:
        if liveness.file is not None:
            with config.said_at(liveness.origins.get("file")):
                stack.enter_context(_touching(Path(liveness.file), look, after))
        if liveness.port is not None:
            stands = dict.fromkeys(filter(None, map(liveness.origins.get, ("port", "address"))))
            with config.said_at(" and ".join(stands)):
                stack.enter_context(_listening(liveness.address or ADDRESS, liveness.port, look, after))
        yield


def state(quiet: Sequence[Quiet], after: float) -> dict[str, object]:
    """Return what is told, as JSON has it. Every process has to get on; none at all is no life."""
    longest = max((one.seconds for one in quiet), default=None)
    return {
        "alive": longest is not None and longest <= after,
        "quiet_seconds": None if longest is None else round(longest, 1),
        "after_seconds": after,
        "processes": [{"pid": one.pid, "quiet_seconds": round(one.seconds, 1)} for one in quiet],
    }


# The file


@contextmanager
def _touching(path: Path, look: Look, after: float) -> Iterator[None]:
    if path.exists() and not _is_ours(path):
        raise ConsumerError(
            "the liveness file is something else already",
            where=str(path),
            why="a consumer touches it, and removes it when it ends",
            hint="name a file that nobody else uses; it is made when the consumer starts",
        )
    try:
        path.unlink(missing_ok=True)  # what a killed consumer left says how long that one was given
        _touch(path, look(), after)
    except OSError as error:
        raise ConsumerError(
            "the liveness file cannot be written",
            where=str(path),
            why=error.strerror or type(error).__name__,
            hint="name a file in a folder that exists and that this user may write to; it is made if it is missing",
        ) from None
    over = threading.Event()

    def go_on() -> None:
        complained = False
        while not over.wait(INTERVAL):
            try:
                _touch(path, look(), after)
                complained = False
            except OSError as error:
                if not complained:
                    LOGGER.warning("the liveness file %s cannot be written: %s", path, error.strerror)
                complained = True

    thread = threading.Thread(target=go_on, name="megaql-liveness-file", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(INTERVAL)
        with suppress(OSError):
            path.unlink()


def _touch(path: Path, quiet: Sequence[Quiet], after: float) -> None:
    """Set the file's time to that of the last progress, and make it anew where somebody has cleaned it away."""
    longest = max((one.seconds for one in quiet), default=None)
    if longest is None:
        return
    when = time.time() - longest
    if path.exists():
        os.utime(path, (when, when))
        return
    # Whoever reads it meets all of it or none.
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(json.dumps({"pid": os.getpid(), "after_seconds": after}) + "\n", encoding="utf-8")
    os.utime(new, (when, when))
    new.replace(path)


def _read(path: Path) -> float:
    """Return how many seconds without progress a file allows; `ValueError` for one that no consumer has made."""
    told = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(told, dict) or not isinstance(told.get("after_seconds"), int | float):
        raise ValueError(path)  # noqa: TRY004 - as json says that it is no JSON
    return float(told["after_seconds"])


def _is_ours(path: Path) -> bool:
    try:
        return bool(_read(path))
    except (OSError, ValueError):
        return False


def check(path: Path, *, now: float, after: timedelta | None = None) -> tuple[float, float]:
    """Return for how many seconds a file tells of no progress, and how many are too many; `ConsumerError` for a file that is none, or none at all."""
    try:
        limit, touched = _read(path), path.stat().st_mtime
    except OSError as error:
        raise ConsumerError(
            "there is no liveness file to read",
            where=str(path),
            why=error.strerror or type(error).__name__,
            hint="a consumer makes it when it starts and removes it when it ends: megaql run … --liveness-file PATH",
        ) from None
    except ValueError:
        raise ConsumerError(
            "this is no liveness file of a consumer", where=str(path), hint="name the file that --liveness-file has"
        ) from None
    # A time that lies ahead is as good as none: the clock was set back, or the file is somebody else's work.
    return abs(now - touched), after.total_seconds() if after else limit


# The port


@contextmanager
def _listening(address: str, port: int, look: Look, after: float) -> Iterator[None]:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415 - most runs have no port

    class Answer(BaseHTTPRequestHandler):
        timeout = CLIENT_TIMEOUT
        server_version = "megaql"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            told = state(look(), after)
            text = json.dumps(told).encode() + b"\n"
            self.send_response(HTTPStatus.OK if told["alive"] else HTTPStatus.SERVICE_UNAVAILABLE)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if body:
                self.wfile.write(text)

        def log_message(self, *_about: object) -> None:
            """Say nothing: a probe comes every few seconds."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

        def server_bind(self) -> None:
            # http.server's own looks the host's name up, which may take seconds where there is no name server.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(self.server_address)
            self.server_address = self.socket.getsockname()

        def handle_error(self, *_about: object) -> None:
            """Say nothing: a client that went away is not the consumer's trouble."""

    try:
        server = Server((address, port), Answer)
    except OSError as error:
        raise ConsumerError(
            "the liveness port cannot be opened",
            where=f"{address}, port {port}",
            why=error.strerror or str(error),
            hint="take another port, or 0 for any that is free; an address has to be one of this machine",
        ) from None
    shown = f"[{address}]" if ":" in address else address
    LOGGER.info("liveness is told at http://%s:%d/", shown, server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, name="megaql-liveness-port", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
