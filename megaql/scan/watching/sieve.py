"""The thread that asks the present query about the messages of a store.

A maintainer keeps two rules. A new query is heard between two slices, however many messages are still to be judged. And what a screen shows of one
query is of that query alone: numbers, counts and near misses change together, in a `View`.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from megaql.lang.nearmiss import Tally
from megaql.lang.verdict import Verdict
from megaql.query import record_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.broker.message import Message
    from megaql.lang.nearmiss import NearMisses
    from megaql.query import Query
    from megaql.scan.watching.store import Store

#: Messages that are judged before the thread looks up.
SLICE: Final = 100

#: How often the thread looks whether there is something new. Seconds.
LOOK: Final = 0.05


@dataclass(frozen=True, slots=True)
class View:
    """What a query makes of the messages so far: the numbers of those that match, oldest first, how many there are of each verdict, and why not."""

    query: Query | None = None
    numbers: tuple[int, ...] = ()
    verdicts: Mapping[Verdict, int] = field(default_factory=dict)
    misses: NearMisses | None = None
    judged: int = 0


class Sieve(threading.Thread):
    """Judges what comes, and all that is kept again when the query changes. `view` is whole at any time."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="megaql-watch-sieve", daemon=True)
        self.view = View()
        self._store = store
        self._asked: Query | None = None
        self._renewed = False
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._query: Query | None = None
        self._tally: Tally | None = None
        self._numbers: list[int] = []
        self._verdicts: Counter[Verdict] = Counter()
        self._next = 1

    def ask(self, query: Query | None) -> None:
        """Take another query, `None` for every message."""
        self._asked, self._renewed = query, True
        self._wake.set()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._wake.set()

    def run(self) -> None:
        """Judge until `close` is called."""
        while not self._closing.is_set():
            if not self.step():
                self._wake.wait(LOOK)
                self._wake.clear()

    def step(self) -> bool:
        """Judge a slice; False where there was nothing to do."""
        if self._renewed:
            self._renewed = False
            self._begin()
            self.view = View(self._query)
        found = self._store.slice(self._next, SLICE)
        if not found:
            return False
        for number, message in found:
            verdict = self._judge(message)
            self._verdicts[verdict] += 1
            if verdict is Verdict.MATCH:
                self._numbers.append(number)
        self._next = found[-1][0] + 1
        first = self._store.first
        self._numbers = [number for number in self._numbers if number >= first]
        misses = self._tally.result() if self._tally is not None else None
        self.view = View(self._query, tuple(self._numbers), dict(self._verdicts), misses, self._verdicts.total())
        return True

    def _begin(self) -> None:
        self._query = self._asked
        self._tally = Tally(self._query.node) if self._query is not None else None
        self._numbers = []
        self._verdicts = Counter()
        self._next = 1

    def _judge(self, message: Message) -> Verdict:
        if self._tally is None:
            return Verdict.MATCH
        return self._tally.add(record_of(message)).verdict
