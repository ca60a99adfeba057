"""The messages of a watched source: the newest ones, numbered, and never more than a screen's owner can afford.

A maintainer keeps one rule: what is kept is a message as it was received. What it is decoded to is many times as large, so that whoever looks at one
looks at a copy.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from megaql.broker.message import Message

#: The most messages that are kept.
MOST: Final = 10_000

#: The most that their bodies take together. Characters.
MOST_TEXT: Final = 64 * 1024 * 1024


class Store:
    """The newest messages, each with its number from 1. Any thread may call it."""

    def __init__(self, most: int = MOST, most_text: int = MOST_TEXT) -> None:
        self._most = most
        self._most_text = most_text
        self._lock = threading.Lock()
        self._messages: deque[Message] = deque()
        self._text = 0
        self._last = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def first(self) -> int:
        """The number of the oldest message that is kept."""
        with self._lock:
            return self._last - len(self._messages) + 1

    @property
    def last(self) -> int:
        """The number of the newest message, 0 before the first."""
        return self._last

    def add(self, message: Message) -> None:
        """Keep a message, and let go of the oldest where there is no room; the newest is kept whatever its size."""
        with self._lock:
            self._messages.append(message)
            self._last += 1
            self._text += len(message.body)
            while len(self._messages) > 1 and (len(self._messages) > self._most or self._text > self._most_text):
                self._text -= len(self._messages.popleft().body)

    def get(self, number: int) -> Message | None:
        """Return a copy of a message, `None` where it is kept no more."""
        found = self.slice(number, 1)
        return found[0][1] if found and found[0][0] == number else None

    def slice(self, number: int, size: int) -> list[tuple[int, Message]]:
        """Return copies of up to `size` messages from a number on, or from the oldest that is kept."""
        with self._lock:
            first = self._last - len(self._messages) + 1
            start = max(number, first)
            found = list(islice(self._messages, start - first, start - first + size))
        return [(start + offset, replace(message)) for offset, message in enumerate(found)]

    def held(self, now: float) -> list[Message]:
        """Return the messages whose lease has not ended by the monotonic clock, the newest first."""
        with self._lock:
            found = []
            for message in reversed(self._messages):
                if message.lease_deadline is None or message.lease_deadline <= now:
                    break
                found.append(message)
            return found
