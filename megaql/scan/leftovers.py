"""Giving back what a read that was killed still hides.

A maintainer keeps the rule of `lease.py`: nothing is sent for a message whose lease may have ended, for a standard queue would take it away from whoever
has it since. Both clocks have to say that it runs, the margin is the same, and a client's own retries are held back as well.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from megaql.broker.guard import sends_only_while
from megaql.broker.message import Message
from megaql.errors import BrokerError
from megaql.scan.lease import RELEASE_BATCH, RELEASE_MARGIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.broker.queue import Queue
    from megaql.scan.journal import Lease, Leftover


@dataclass(slots=True)
class Returned:
    """What became of the messages of one journal: given back, left to leases that are over, or refused by the service (`error` says why)."""

    released: int = 0
    over: int = 0
    failed: int = 0
    error: str = ""


def running(
    found: Leftover, *, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
) -> list[Lease]:
    """Return the leases of a journal that can still be given back."""
    return [lease for lease in found.leases if lease.runs(now=wall(), monotonic=clock(), margin=RELEASE_MARGIN)]


def give_back(
    found: Leftover,
    queue: Queue,
    *,
    clock: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,
) -> Returned:
    """Make a dead read's messages visible again as far as their leases run, and remove the journal unless the service refused."""
    result = Returned()
    # The ones that end first go first.
    leases = sorted(found.leases, key=lambda lease: lease.until)
    for start in range(0, len(leases), RELEASE_BATCH):
        batch = leases[start : start + RELEASE_BATCH]
        ours = [lease for lease in batch if lease.runs(now=wall(), monotonic=clock(), margin=RELEASE_MARGIN)]
        result.over += len(batch) - len(ours)
        if ours:
            _release(queue, ours, result, clock=clock, wall=wall)
    if not result.failed:
        with suppress(OSError):
            found.path.unlink(missing_ok=True)
    return result


def _release(
    queue: Queue, leases: list[Lease], result: Returned, *, clock: Callable[[], float], wall: Callable[[], float]
) -> None:
    messages = [Message(id=lease.id, body="", receipt_handle=lease.receipt_handle) for lease in leases]

    def in_time() -> bool:
        return all(lease.runs(now=wall(), monotonic=clock(), margin=RELEASE_MARGIN) for lease in leases)

    try:
        with sends_only_while(queue.client, in_time):
            answer = queue.set_visibility(messages, timedelta(0))
    except BrokerError as error:
        result.failed += len(leases)
        result.error = result.error or error.what
        return
    result.released += len(answer.done)
    result.failed += len(answer.failed)
    if answer.failed:
        result.error = result.error or answer.failed[0].code
