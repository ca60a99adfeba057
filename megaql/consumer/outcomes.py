"""What a handler can say of a message: done, later, never.

A maintainer keeps one rule: what a handler says by returning, it can say by raising, and it means the same.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum


class Outcome(Enum):
    """What a handler may return; returning `None` is `DONE`."""

    DONE = "done"
    RETRY_LATER = "retry later"
    FATAL_ERROR = "fatal error"


class Retry(Exception):  # noqa: N818 - control flow, not an error
    """Not yet: give me the message again, after a while. Raised or returned by a handler.

    `after` is the least time until then, at most twelve hours (SQS's limit); without it, the subscription's back-off by receive count decides.
    `reason` goes to the log and nowhere else.
    """

    def __init__(self, after: timedelta | None = None, reason: str = "") -> None:
        if after is not None and not isinstance(after, timedelta):
            raise TypeError(f"Retry(after) is a datetime.timedelta, not {type(after).__name__}")
        if after is not None and after < timedelta(0):
            raise ValueError("Retry(after) cannot be negative")
        super().__init__(reason or "the handler asked for the message again later")
        self.after = after
        self.reason = reason


class Reject(Exception):  # noqa: N818 - control flow, not an error
    """This message will never work: put it in the dead-letter queue. Raised or returned by a handler.

    `reason` goes with the message as an attribute, so it must not quote the payload.
    """

    def __init__(self, reason: str = "") -> None:
        if not isinstance(reason, str):
            raise TypeError(f"Reject(reason) is a str, not {type(reason).__name__}")
        super().__init__(reason or "the handler rejected the message")
        self.reason = reason or "the handler rejected the message"
