"""A consumer's processes: started, held still, let go, and what they took of the processor.

A maintainer keeps one rule: nothing is measured inside the consumer. It is stopped while its queue is filled, and its processor time is read
from the system before and after, its start not counted.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[3]
#: How long a consumer may take to stop before it is killed. Seconds.
PATIENCE = 10
_TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own, and end all of it afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tell(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to all processes of a consumer."""
    os.killpg(process.pid, number)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return the processor time, in user space and in the kernel, of all living processes of a consumer and of the dead ones they waited for."""
    folders = (folder for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return sum(_ticks(folder / "stat", process.pid) for folder in folders) / _TICK


def _ticks(path: Path, session: int) -> int:
    """Return what a process took, 0 for one of another session."""
    try:
        fields = path.read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return 0
    # proc(5), counted from `state`, the third: session is the 6th; utime, stime, cutime and cstime are the 14th to the 17th.
    return sum(map(int, fields[11:15])) if int(fields[3]) == session else 0
