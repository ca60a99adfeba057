"""Messages received and not yet started.

On a standard queue any may start. A maintainer keeps one rule for FIFO: of each group one message at a time is out, and the next starts only
after the queue has confirmed that the one before is gone. If it is not — a retry, a lost lease, a failed delete — the rest of the group goes
back, because the queue will give it out again after the one that stays.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.consumer.held import Held


class Buffer:
    """Not thread-safe: the worker's own thread uses it."""

    def __init__(self, *, fifo: bool) -> None:
        self._fifo = fifo
        self._ready: deque[Held] = deque()
        self._behind: dict[str, deque[Held]] = {}  # of each group that has one ready or out, those behind it

    def add(self, messages: Sequence[Held]) -> None:
        """Take messages in, in order of receiving."""
        self._ready.extend(filter(self._is_first, messages) if self._fifo else messages)

    def _is_first(self, held: Held) -> bool:
        """Say whether none of a message's group is in hand; keeps it behind that one otherwise."""
        group = _group(held)
        if group in self._behind:
            self._behind[group].append(held)
            return False
        self._behind[group] = deque()
        return True

    def take(self, most: int) -> list[Held]:
        """Return the next messages that may start, so many at most."""
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def finish(self, held: Held, *, gone: bool) -> list[Held]:
        """Tell that a message which was taken is settled; returns those that have to go back because of it."""
        if not self._fifo or (group := _group(held)) not in self._behind:
            return []
        behind = self._behind[group]
        if gone and behind:
            self._ready.append(behind.popleft())
            return []
        del self._behind[group]
        return list(behind)

    def empty(self) -> list[Held]:
        """Take out all that has not started and return it."""
        rest = [*self._ready, *(held for behind in self._behind.values() for held in behind)]
        self._ready.clear()
        for behind in self._behind.values():
            behind.clear()
        return rest


def _group(held: Held) -> str:
    return held.message.group_id or ""
