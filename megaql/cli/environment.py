"""The world a command runs in: streams, terminal, environment variables and clock, given as an argument.

A maintainer keeps one rule: commands ask this object and never `sys`, `os.environ` or `datetime.now`, so that a test can be any terminal.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The width of output that goes to no terminal and for which `COLUMNS` says nothing. Characters.
DEFAULT_WIDTH: Final = 80


class Color(StrEnum):
    """What `--color` may say."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _replace_closed_streams() -> None:
    """Give a process that was started with closed streams (`<&-`, `>&-`, a daemon) ones that lead nowhere.

    Python has `None` for them, and the next file that is opened would get their descriptor and whatever is written to it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - it lives as long as the process


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Environment:
    """Where a command reads and writes. `now` returns an aware time; `zone` is the local one (`None`: the machine's)."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    stdin_isatty: bool = False
    stdout_isatty: bool = False
    stderr_isatty: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    width: int = DEFAULT_WIDTH
    now: Callable[[], datetime] = _now
    zone: tzinfo | None = None
    color: Color = Color.AUTO

    @classmethod
    def of_process(cls) -> Environment:
        """Return the world of this process. Text its encoding cannot say is written with escapes, never an error."""
        _replace_closed_streams()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        return cls(
            stdin=sys.stdin,
            stdout=sys.stdout,
            stderr=sys.stderr,
            stdin_isatty=sys.stdin.isatty(),
            stdout_isatty=sys.stdout.isatty(),
            stderr_isatty=sys.stderr.isatty(),
            environ=os.environ,
            width=shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns,
        )

    def colors(self, *, stderr: bool = False) -> bool:
        """Whether a stream is coloured: `--color`, then NO_COLOR, FORCE_COLOR or CLICOLOR_FORCE, TERM=dumb, the terminal."""
        if self.color is not Color.AUTO:
            return self.color is Color.ALWAYS
        if self.environ.get("NO_COLOR"):
            return False
        if any(self.environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            return True
        if self.environ.get("TERM") == "dumb":
            return False
        return self.stderr_isatty if stderr else self.stdout_isatty

    def out(self, text: str = "") -> None:
        """Write a line of data."""
        self.stdout.write(f"{text}\n")

    def say(self, text: str) -> None:
        """Write a line for the person, on standard error, after the data that came before it."""
        with suppress(BrokenPipeError):  # whose reader has left must still be told what was done
            self.stdout.flush()
        self.stderr.write(f"{text}\n")
        self.stderr.flush()

    def reader_has_left(self) -> bool:
        """Whether standard output is a pipe whose reader has closed it; a write would say so too, but there may be nothing to write."""
        try:
            watched = select.poll()
            watched.register(self.stdout.fileno(), 0)
            return any(event & (select.POLLERR | select.POLLNVAL) for _, event in watched.poll(0))
        except (AttributeError, OSError, ValueError):  # no such call on Windows, no descriptor in a test
            return False

    def read_input(self) -> bytes:
        """Return all of standard input, whatever bytes they are; a test's is text."""
        buffer: BinaryIO | None = getattr(self.stdin, "buffer", None)
        return self.stdin.read().encode() if buffer is None else buffer.read()

    @property
    def asks(self) -> bool:
        """Whether somebody is there to answer a question."""
        return self.stdin_isatty and self.stderr_isatty

    def local_time(self, moment: datetime, form: str = "%H:%M:%S") -> str:
        """Return a time as a clock on the wall shows it."""
        return moment.astimezone(self.zone).strftime(form)

    def when(self, moment: datetime | None) -> str:
        """Return a time of today as the time of day and any other as day and minute; nothing for no time."""
        if moment is None:
            return ""
        today = self.local_time(moment, "%Y-%m-%d") == self.local_time(self.now(), "%Y-%m-%d")
        return self.local_time(moment, "%H:%M:%S" if today else "%m-%d %H:%M")
