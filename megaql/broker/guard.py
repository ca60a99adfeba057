"""Holding back a client's own retries once a lease may have ended.

boto3 sends a request again after a timeout or a 5xx, for a minute and more, and does not know that a visibility change must not arrive late. A
maintainer keeps one rule: the check stands before every send, not only before the call. boto3 documents the event that this
hooks, `before-send`; a client without events, the embedded broker, sends nothing twice.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from megaql.errors import ReceiptHandleExpired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from megaql.broker.client import SQSClient

_EVENT: Final = "before-send.sqs.ChangeMessageVisibilityBatch"

#: What has to hold for the call that this thread is making.
_in_time: Final[ContextVar[Callable[[], bool] | None]] = ContextVar("megaql-in-time", default=None)


@contextmanager
def sends_only_while(client: SQSClient, in_time: Callable[[], bool]) -> Iterator[None]:
    """Within the block, let this thread's visibility changes be sent only while `in_time()` holds.

    A send that is held back makes the call raise `ReceiptHandleExpired`.
    """
    events = getattr(getattr(client, "meta", None), "events", None)
    if events is not None:
        # Registered once for a client, however often: botocore knows it by the id.
        events.register_first(_EVENT, check, unique_id="megaql-guard")
    before = _in_time.set(in_time)
    try:
        yield
    finally:
        _in_time.reset(before)


def check(**_event: Any) -> None:
    """Raise `ReceiptHandleExpired` where what this thread's call rests on holds no more."""
    in_time = _in_time.get()
    if in_time is not None and not in_time():
        raise ReceiptHandleExpired(
            "the leases ran out while the request was tried again",
            why="a change that arrives late would take the messages from whoever holds them now",
            hint="nothing to do: they come back by themselves",
        )
