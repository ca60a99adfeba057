"""Log lines of a run on standard error: time, level where it matters, text.

A maintainer keeps two rules: who has set up logging in the application's module keeps it; and of an exception only the user's own
frames are printed.
"""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql.cli.style import Style, harmless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from megaql.cli.environment import Environment

_OURS: Final = str(Path(__file__).resolve().parents[1])

#: Loggers that tell of every request; their warnings are enough.
_TALKATIVE: Final = ("boto3", "botocore", "urllib3", "asyncio")

_COLORS: Final = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}


@contextmanager
def on(world: Environment, level: str) -> Iterator[None]:
    """Show log lines of a level and above within the block, unless the program has handlers of its own."""
    root = logging.getLogger()
    if root.handlers:
        yield
        return
    before = root.level
    handler = _Handler(world)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    root.setLevel(level.upper())
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.NOTSET)


class _Handler(logging.Handler):
    """Writes to the environment's standard error."""

    def __init__(self, world: Environment) -> None:
        super().__init__()
        self._world = world
        self._style = Style(on=world.colors(stderr=True))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line, and under it where the user's code raised."""
        try:
            when = self._world.local_time(datetime.fromtimestamp(record.created, UTC))
            level = f"{record.levelname.lower()}: " if record.levelno != logging.INFO else ""
            painted = self._style(level, _COLORS.get(record.levelno), dim=record.levelno == logging.DEBUG)
            self._world.say(f"{self._style(when, dim=True)} {painted}{harmless(record.getMessage(), keep=chr(10))}")
            if record.exc_info and record.exc_info[1] is not None:
                for line in _raised(record.exc_info[1], record.exc_info[2]):
                    self._world.say(self._style(f"         {harmless(line)}", dim=True))
        except Exception:  # noqa: BLE001 - logging must not end what it tells of
            self.handleError(record)


def _raised(error: BaseException, trace: TracebackType | None) -> Iterator[str]:
    frames = [frame for frame in traceback.extract_tb(trace) if not frame.filename.startswith(_OURS)]
    yield f"{type(error).__name__}: {error}"
    for frame in reversed(frames[-4:]):
        yield f"  at {frame.filename}, line {frame.lineno}, in {frame.name}"
