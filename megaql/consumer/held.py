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
    that count. `fetched` is the message with its payload where that lies elsewhere. `extended_to` is the end of a lease that was extended. `lost` is true when the queue has said that the
    message is not ours any more.
    """

    message: Message
    received_at: float
    extended_to: float | None = None
    lost: bool = False
    fetched: Message | None = None

    @property
    def seen(self) -> Message:
        """The message as queries and handlers see it."""
        return self.fetched or self.message

    @property
    def lease_ends(self) -> float | None:
        """When the lease ends, as far as that is known."""
        return self.message.lease_deadline if self.extended_to is None else self.extended_to

    def renew(self, message: Message, now: float) -> None:
        """Take a new copy's receipt handle and lease."""
        self.message = message
        self.received_at = now
        self.extended_to = None
        self.lost = False

    def lease_ended(self, now: float) -> bool:
        """Return whether the queue may have given the message to someone else by now."""
        ends = self.lease_ends
        return self.lost or (ends is not None and now >= ends)
