"""Payloads that lie in a bucket while the message points to them, for commands that are asked to show them.

A maintainer keeps one rule: a payload that cannot be fetched costs the person nothing but the payload; the pointer is shown, and standard error says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.broker.large.payloads import LargePayloads
from megaql.cli.complaint import tell
from megaql.errors import BrokerError, MegaQLError

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.broker.message import Message
    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment


def fetching(world: Environment, place: str, connection: Connection) -> Callable[[Message], Message]:
    """Return what fetches a message's payload from a bucket; `BadTarget` where the place names none."""
    large = LargePayloads.of(place, connection)

    def fetch(message: Message) -> Message:
        if large is None:
            return message
        try:
            fetched = large.fetched(message)
        except BrokerError as error:
            tell(world, error, "warning")
            return message
        if fetched is not message and fetched.body == message.body:
            elsewhere = MegaQLError(
                f"the payload of message {message.id} is not fetched",
                where=place,
                why=fetched.decoded.reason,
                hint="name that bucket with --fetch-payloads, if it is one to be trusted",
            )
            tell(world, elsewhere, "warning")
        return fetched

    return fetch
