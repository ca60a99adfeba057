"""A message in hand: received, not yet settled.

A maintainer keeps one rule: whoever is about to act on a message asks first whether its lease is still ours. A standard queue accepts an old
receipt handle, so acting late would take the message from whoever holds it now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from megaql.broker.message import Message


@dataclass(slots=True, eq=False)
class Held:
    """The newest copy of a message and when that was received, on the monotonic clock, in seconds.

    Where a message arrives again while it is in hand, the new copy takes the old one's place: its receipt handle and its lease are the ones
    that count.
    """

    message: Message
    received_at: float

    def renew(self, message: Message, now: float) -> None:
        """Take a new copy's receipt handle and lease."""
        self.message = message
        self.received_at = now

    def lease_ended(self, now: float) -> bool:
        """Return whether the queue may have given the message to someone else by now."""
        deadline = self.message.lease_deadline
        return deadline is not None and now >= deadline
