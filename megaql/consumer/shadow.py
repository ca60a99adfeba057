"""What a run would do with a message, without doing it: who takes it, and what becomes of one that nobody takes.

A maintainer keeps one rule: nothing here calls a handler, writes into a ledger, or says anything to the queue. Decoders run, since without them nobody knows who
takes a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from megaql.broker.large.payloads import LargePayloads
    from megaql.broker.message import Message
    from megaql.broker.queue import Queue
    from megaql.consumer.matching import Match, Matching
    from megaql.consumer.unmatched import Policy


@dataclass(frozen=True, slots=True)
class Shadow:
    """A run's queue, and its subscriptions to ask about messages; `unmatched` and `unknown` are what becomes of those that none takes."""

    queue: Queue
    unmatched: Policy
    unknown: Policy
    matching: Matching
    large: LargePayloads | None = None

    def match(self, message: Message) -> tuple[Message, Match]:
        """Return a message as handlers would see it, with its payload where that lies elsewhere, and who would take it.

        Raises `BrokerError` where a payload cannot be fetched.
        """
        seen = message if self.large is None else self.large.fetched(message)
        return seen, self.matching.match(seen)
