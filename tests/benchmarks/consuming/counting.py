"""The handlers that do nothing but leave a trace, for every consumer that is measured.

A maintainer keeps one rule: counting costs next to nothing and needs no lock, so that what is measured is the consumer. Each process counts in a
page of its own that it shares with whoever reads the folder.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: The variables that name the folder where the counts are, a file for each process, and the file for the times.
FOLDER: Final = "BENCH_COUNTS"
TIMES: Final = "BENCH_TIMES"

_NUMBER: Final = struct.Struct("q")
_TIME: Final = struct.Struct("d")


def handler() -> Callable[[], None]:
    """Return what to call for each message: it counts or, where a file for times is named, it notes when it was called."""
    return note if TIMES in os.environ else Count()


class Count:
    """Counts its calls."""

    def __init__(self) -> None:
        path = Path(os.environ[FOLDER], str(os.getpid()))
        path.write_bytes(bytes(_NUMBER.size))
        with path.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), _NUMBER.size)).cast("q")

    def __call__(self) -> None:
        """Count one message."""
        self._numbers[0] += 1  # one thread at a time: nothing in this line lets another in


def total(folder: Path) -> int:
    """Return what all processes have counted."""
    return sum(_NUMBER.unpack(path.read_bytes())[0] for path in folder.iterdir())


def note() -> None:
    """Note this moment, on the clock that all processes of a machine share."""
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    with Path(os.environ[TIMES]).open("ab") as file:
        file.write(_TIME.pack(now))


def noted(file: Path) -> list[float]:
    """Return the moments that were noted, in seconds."""
    return [moment for (moment,) in _TIME.iter_unpack(file.read_bytes())]
