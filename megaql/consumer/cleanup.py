"""Deleting the payloads of messages that are done, for those who ask for it.

A maintainer keeps one rule: a payload goes after its message is gone from the queue, and only then. A copy in the dead-letter queue points to the same payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.consumer.journal import LOGGER, one_line
from megaql.consumer.middleware import Middleware
from megaql.consumer.settlement import Action
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from megaql.broker.large.payloads import LargePayloads
    from megaql.consumer.settlement import Settled


class PayloadCleanup(Middleware):
    """Deletes what a deleted message pointed to."""

    def __init__(self, large: LargePayloads) -> None:
        self._large = large

    def after_settle(self, settled: Settled) -> None:
        """Delete the payload of a message that is done; one that cannot be is told of, and stays."""
        message = settled.held.message
        if not settled.gone or settled.settlement.action is not Action.DELETE:
            return
        try:
            self._large.delete(message)
        except BrokerError as error:
            LOGGER.warning(
                "the payload of message %s cannot be deleted: %s; it stays",
                message.id,
                one_line(error),
                extra={"queue": message.queue, "message_id": message.id},
            )
