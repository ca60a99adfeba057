"""How the consumer writes its log: the logger `megaql.consumer`, one line per record.

A maintainer keeps one rule: a record says which message, subscription and queue it is about, in its text for people and in `extra` for
programs (`message_id`, `subscription`, `queue`), and never what is in the message.
"""

from __future__ import annotations

import logging
import traceback
from typing import Final

from megaql.errors import MegaQLError

LOGGER: Final = logging.getLogger("megaql.consumer")


def one_line(error: BaseException) -> str:
    """Return what an error says, without the parts that need lines of their own."""
    if isinstance(error, MegaQLError):
        return f"{error.what} ({error.why})" if error.why else error.what
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def type_and_place(error: BaseException) -> str:
    """Return what an exception is and where it was raised, without its text: whoever cannot read something quotes it, and that may be a message."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__qualname__}{place}"
