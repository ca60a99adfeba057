"""A receive or a delete that was begun, and that the queue's method of the same name ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from megaql.broker.client import PendingCall


@dataclass(slots=True)
class Begun:
    """What `Queue.begin_receive` and `Queue.begin_delete` return; `call` has to be brought to its end before it is handed to `receive` or `delete`.

    `at` is when it began, on the queue's clock, in seconds, `lease` the one that its messages have, and `entries` how many a batch has.
    """

    call: PendingCall
    at: float
    lease: timedelta | None = None
    entries: int = 0

    @property
    def plain(self) -> bool:
        """Whether the call is over and went well for each entry, so that ending it waits for nothing and asks nobody."""
        answer = self.call.answer
        return answer is not None and (not self.entries or len(answer.get("Successful") or ()) == self.entries)
