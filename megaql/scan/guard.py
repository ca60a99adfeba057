"""Holding back a client's own retries once a lease may have ended.

boto3 sends a request again after a timeout or a 5xx, for a minute and more, and does not know that a release must not arrive late. A
maintainer keeps one rule: the check stands before every send, not only before the call. boto3 documents the event that this
hooks, `before-send`; a client without events, the embedded broker, sends nothing twice.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from megaql.errors import ReceiptHandleExpired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from megaql.broker.client import SQSClient

_EVENT: Final = "before-send.sqs.ChangeMessageVisibilityBatch"


@contextmanager
def sends_only_while(client: SQSClient, in_time: Callable[[], bool]) -> Iterator[None]:
    """Within the block, let the client send visibility changes only while `in_time()` holds.

    A send that is held back makes the call raise `ReceiptHandleExpired`. Another thread's calls on this client are held back with it.
    """
    events = getattr(getattr(client, "meta", None), "events", None)
    if events is None:
        yield
        return

    def check(**_event: Any) -> None:
        if not in_time():
            raise ReceiptHandleExpired(
                "the leases ran out while the release was tried again",
                why="a release that arrives late would take the messages from whoever holds them now",
                hint="nothing to do: they come back by themselves",
            )

    events.register_first(_EVENT, check)
    try:
        yield
    finally:
        events.unregister(_EVENT, check)
