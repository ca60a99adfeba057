"""How the consumer writes its log: the logger `megaql.consumer`, one line per record.

A maintainer keeps one rule: a record says which message, subscription and queue it is about, in its text for people and in `extra` for
programs (`message_id`, `subscription`, `queue`), and never what is in the message. An exception may quote that, so the logger itself sees to it that
only its type and place are told, whoever formats the record.
"""

from __future__ import annotations

import logging
import traceback
from typing import Final

from megaql.consumer.raised import TypesOnly
from megaql.errors import MegaQLError

LOGGER: Final = logging.getLogger("megaql.consumer")
LOGGER.addFilter(TypesOnly())


def one_line(error: BaseException) -> str:
    """Return what an error of MegaQL's or of the system says, without the parts that need lines of their own; any other is unforeseen, and its text stays out."""
    if isinstance(error, MegaQLError):
        return f"{error.what} ({error.why})" if error.why else error.what
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__qualname__}: {error.strerror}"
    return type_and_place(error)


def type_and_place(error: BaseException) -> str:
    """Return what an exception is and where it was raised, without its text: whoever cannot read something quotes it, and that may be a message."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__qualname__}{place}"
