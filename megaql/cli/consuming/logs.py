"""Log lines of a run on standard error: time, level where it matters, text; or JSON, one object a line.

A maintainer keeps two rules: who has set up logging in the application's module keeps it; and of an exception only its type and the user's own
frames are printed, its text only where that was asked for.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from megaql.cli.terminal.style import Style, harmless
from megaql.consumer import raised
from megaql.consumer.journal import LOGGER
from megaql.consumer.jsonlog import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.cli.environment import Environment
    from megaql.consumer.report import RunReport

#: Frames of an exception that people are shown, the innermost ones.
_FRAMES: Final = 4

#: Loggers that tell of every request; their warnings are enough.
_TALKATIVE: Final = ("boto3", "botocore", "urllib3", "asyncio")

_COLORS: Final = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}


def report(done: RunReport, lines: list[str]) -> None:
    """Log what a run did, where people would be told in lines; it is the record that collects all counts."""
    LOGGER.info("; ".join(lines), extra={"report": done.to_dict()})


@contextmanager
def on(
    world: Environment, level: str, *, json: bool = False, exception_text: bool = False, process: int | None = None
) -> Iterator[None]:
    """Show log lines of a level and above within the block, unless the program has handlers of its own; `process` is its number among several."""
    root = logging.getLogger()
    if root.handlers:
        yield
        return
    before = root.level
    handler = (
        _JsonHandler(world, exception_text=exception_text)
        if json
        else _Handler(world, f"[{process}] " if process else "", exception_text=exception_text)
    )
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

    def __init__(self, world: Environment, whose: str, *, exception_text: bool) -> None:
        super().__init__()
        self._world = world
        self._exception_text = exception_text
        self._whose = whose
        self._style = Style(on=world.colors(stderr=True))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line, and under it where the user's code raised."""
        try:
            when = self._world.local_time(datetime.fromtimestamp(record.created, UTC))
            level = f"{record.levelname.lower()}: " if record.levelno != logging.INFO else ""
            painted = self._style(level, _COLORS.get(record.levelno), dim=record.levelno == logging.DEBUG)
            text = harmless(record.getMessage(), keep=chr(10))
            self._world.say(f"{self._style(when, dim=True)} {self._whose}{painted}{text}")
            if found := raised.of(record):
                for line in raised.lines(found.texts() if self._exception_text else found, _FRAMES):
                    self._world.say(self._style(f"         {harmless(line)}", dim=True))
        except Exception:  # noqa: BLE001 - logging must not end what it tells of
            self.handleError(record)


class _JsonHandler(logging.Handler):
    """Writes JSON to the environment's standard error."""

    def __init__(self, world: Environment, *, exception_text: bool) -> None:
        super().__init__()
        self._world = world
        self.setFormatter(JsonFormatter(exception_text=exception_text))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line."""
        try:
            self._world.say(self.format(record))
        except Exception:  # noqa: BLE001 - as above
            self.handleError(record)
