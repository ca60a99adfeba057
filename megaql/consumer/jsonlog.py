"""Log records as JSON, one line each, for programs that collect logs.

    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level="INFO", handlers=[handler])

A maintainer keeps two rules. A record takes one line, whatever is in it. And an exception is told by its type and place: its text may quote what it
failed on, and that may be a message; whoever wants it says so.
"""

from __future__ import annotations

import json
import logging
import math
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Frames of a traceback that are told, the innermost ones.
MOST_FRAMES: Final = 20

#: Exceptions behind an exception that are told.
MOST_CAUSES: Final = 5

#: Levels of nesting in what a program logs as `extra`.
DEEPEST: Final = 5

#: What every record has of its own accord; the rest is `extra`.
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_OURS: Final = str(Path(__file__).resolve().parents[1])


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object on one line, in ASCII.

    Always there: `time` (UTC, milliseconds), `level`, `logger`, `message`, `process`. From `extra`, where there: `queue`, `subscription`, `message_id`, and whatever
    else a program adds. Of an exception `error`: `type`, `where`, `stack` (innermost first) and `causes`, and with
    `exception_text` its `text`.
    """

    def __init__(self, *, exception_text: bool = False) -> None:
        super().__init__()
        self._exception_text = exception_text

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record, without a line break at its end."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {
            "time": when.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL and name not in told}
        told |= {name: _plain(value) for name, value in extra.items()}
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = self._error(record.exc_info[1])
        return json.dumps(told)

    def _error(self, error: BaseException) -> dict[str, Any]:
        frames = traceback.extract_tb(error.__traceback__)
        theirs = [frame for frame in frames if not frame.filename.startswith(_OURS)] or list(frames)
        stack = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(theirs[-MOST_FRAMES:])]
        told: dict[str, Any] = {"type": type(error).__qualname__, "where": stack[0] if stack else "", "stack": stack}
        if causes := [type(cause).__qualname__ for cause in _causes(error)]:
            told["causes"] = causes
        if self._exception_text:
            told["text"] = str(error)
        return told


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions behind one, as a traceback would show them."""
    for _ in range(MOST_CAUSES):
        behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if behind is None:
            return
        yield behind
        error = behind


def _plain(value: object, depth: int = DEEPEST) -> object:
    """Return a value as JSON can say it; of anything else its type, since its text may be a payload's."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict) and depth:
        return {str(name): _plain(one, depth - 1) for name, one in value.items()}
    if isinstance(value, (list, tuple)) and depth:
        return [_plain(one, depth - 1) for one in value]
    return _type_name(value)


def _type_name(value: object) -> str:
    return f"<{type(value).__qualname__}>"
