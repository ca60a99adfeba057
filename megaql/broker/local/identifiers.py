"""Message ids, receipt handles and sequence numbers.

A maintainer keeps one rule: a receipt handle holds the queue's id, the message's number and which receive it came from,
none of which is ever used twice, so an old handle may fail and can never mean another message. Callers must not read it.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from typing import Final, NamedTuple

from megaql.broker.local.errors import INVALID_HANDLE, Refused

_HANDLE: Final = re.compile(rb"mq1\.(\d{1,18})\.(\d{1,18})\.(\d{1,18})")


class Handle(NamedTuple):
    """What a receipt handle stands for: the `receives`-th receive of message number `message` in queue `queue`."""

    queue: int
    message: int
    receives: int


def new_ids(count: int) -> list[str]:
    """Return random UUIDs (version 4), from one call for randomness."""
    pool = os.urandom(16 * count).hex()
    return [
        f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"
        for text in (pool[start : start + 32] for start in range(0, len(pool), 32))
    ]


def sequence_number(number: int) -> str:
    """Return a message's number as SQS shows sequence numbers: 20 digits, growing."""
    return f"{number:020d}"


def write_handle(handle: Handle) -> str:
    """Return the text of a receipt handle."""
    return base64.urlsafe_b64encode(b"mq1.%d.%d.%d" % handle).decode()


def read_handle(text: str) -> Handle:
    """Return what a receipt handle stands for; refuse a text that this broker never gave out."""
    try:
        found = _HANDLE.fullmatch(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        raise Refused(INVALID_HANDLE, "The input receipt handle is invalid.")
    return Handle(*map(int, found.groups()))
