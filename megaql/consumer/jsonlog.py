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
from datetime import UTC, datetime
from typing import Any, Final

from megaql.consumer import raised

#: Levels of nesting in what a program logs as `extra`.
DEEPEST: Final = 5

#: What every record has of its own accord; the rest is `extra`.
_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object on one line, in ASCII.

    Always there: `time` (UTC, milliseconds), `level`, `logger`, `message`, `process`. From `extra`, where there: `queue`, `subscription`, `message_id`, and whatever
    else a program adds. Of an exception `error`: `type`, `where`, `stack` (innermost first), `causes` and, of a group,
    `exceptions`; with `exception_text` each has its `text` too.
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
        if found := raised.of(record):
            told["error"] = found.texts() if self._exception_text else found
        return json.dumps(told)


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
