"""`run --reload`: the consumer in a process of its own, which is stopped in order and started anew when a source file changes. For development.

A maintainer keeps three rules. The process that watches imports nothing of the user's, so that no change can break it. A consumer is never killed for a change: it is
asked to stop, and finishes what it has in hand. And it never outlives the process that watches, however that ends: it would go on with old code, and nobody would know.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql.cli.terminal.style import harmless
from megaql.scan.stop import catch_signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from megaql.cli.environment import Environment
    from megaql.scan.stop import StopFlag

#: Set for the process that `--reload` starts again and again: the descriptor of a pipe that ends with the process that watches, and afterwards "1".
RELOADED: Final = "MEGAQL_RELOADED"

#: What is watched, in the current directory and below.
SUFFIXES: Final = (".py", ".mql")
SETTINGS: Final = "megaql.toml"

#: Folders that hold no program of the user's.
PASSED_OVER: Final = frozenset({"__pycache__", "node_modules", "site-packages"})

#: Between two looks at the files, and at the process. Seconds.
INTERVAL: Final = 0.5
NAP: Final = 0.1

Stamps = dict[str, tuple[int, int]]


def sources(folder: Path) -> Stamps:
    """Return when each source file below a folder was changed last, and its size."""
    found: Stamps = {}
    for path in _files(folder):
        try:
            status = path.stat()
        except OSError:  # it is being written anew
            continue
        found[str(path.relative_to(folder))] = (status.st_mtime_ns, status.st_size)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in PASSED_OVER and name[0] != "." and not (Path(root) / name / "pyvenv.cfg").exists()
        ]
        yield from (Path(root) / name for name in names if name.endswith(SUFFIXES) or name == SETTINGS)


def changed(before: Mapping[str, tuple[int, int]], now: Mapping[str, tuple[int, int]]) -> list[str]:
    """Return the files that came, went or changed."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def run(world: Environment) -> int:
    """Run the consumer again and again, until it ends by itself with all done, or somebody stops it; returns its exit status."""
    folder = Path.cwd()
    with catch_signals() as stop:
        while True:
            stamps = sources(folder)
            child, alive = _started()
            try:
                news = _watched(child, folder, stamps, stop)
            finally:
                _ended(child, stop.signum)
                os.close(alive)
            if stop:
                return stop.exit_status
            if not news:
                if child.returncode == 0:
                    return 0
                world.say("the consumer ended; it starts again when a file changes")
                while not stop and not (news := changed(stamps, sources(folder))):
                    time.sleep(INTERVAL)
                if stop:
                    return stop.exit_status
            more = f" and {len(news) - 1:,} more" if len(news) > 1 else ""
            world.say(f"{harmless(news[0])}{more} changed; the consumer starts again")


def _started() -> tuple[subprocess.Popen[bytes], int]:
    """Start the consumer; returns it, and the end of a pipe whose other end tells it that this process is gone."""
    heard, alive = os.pipe()
    try:
        child = subprocess.Popen(  # noqa: S603 - the command is the one that started this process
            [sys.executable, *sys.orig_argv[1:]],
            env=os.environ | {RELOADED: str(heard)},
            pass_fds=(heard,) if os.name == "posix" else (),
            # By itself: Ctrl-C in a terminal would reach it a second time, after the one that is passed on.
            start_new_session=True,
        )
    finally:
        os.close(heard)
    return child, alive


def end_with_the_watcher() -> None:
    """Stop this process in order when the one that watches is gone; called once in the process that `run` starts."""
    heard = os.environ.get(RELOADED, "")
    # Processes of its own get the variable, and not the descriptor.
    os.environ[RELOADED] = "1"
    if os.name != "posix" or not heard.isdecimal() or heard == "1":
        return

    def wait() -> None:
        with suppress(OSError):
            if not os.read(int(heard), 1):
                os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="megaql-reload", daemon=True).start()


def _watched(child: subprocess.Popen[bytes], folder: Path, stamps: Stamps, stop: StopFlag) -> list[str]:
    """Wait for a change, the process's end or a signal; returns the files that changed."""
    looked = time.monotonic()
    while child.poll() is None and not stop:
        time.sleep(NAP)
        if time.monotonic() - looked >= INTERVAL:
            looked = time.monotonic()
            if news := changed(stamps, sources(folder)):
                return news
    return []


def _ended(child: subprocess.Popen[bytes], signum: int | None) -> None:
    """Ask the process to stop and wait until it has. A second signal ends the wait, and reaches the process too."""
    if child.poll() is not None:
        return
    child.send_signal(signum or signal.SIGTERM)
    try:
        child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGTERM)
        child.wait()
        raise
