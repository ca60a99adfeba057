"""The threads that run handlers: as many as the work needs, and all of them as soon as it takes longer.

Waking a thread costs more than handling a small message, and threads that wake together wait for each other. So messages lie on one shelf, from
which every thread that is awake takes the next one by itself, and what is done in a moment is told of together. A maintainer keeps four rules. A thread
says that it rests before it looks at the shelf a last time, so that nothing lies there while all sleep. What is done and not told of yet is looked for once the shelf
is empty, because a thread's last item may take for ever. No thread ends in silence: whatever is raised is an event too. And the threads are daemons, because a
handler that never returns must not keep a stopped process alive.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from megaql.consumer.inbox import Inbox

Item = TypeVar("Item")
Event = TypeVar("Event")

#: The work that is worth waking a thread for. Seconds.
WORTH_WAKING: Final = 0.002

#: What lies on the shelf for longer gets every thread there is: what is ahead of it takes longer than was thought. Seconds.
LONGEST_WAIT: Final = 0.005

#: Where what lies there goes on lying, since all threads are busy, they are looked after more and more seldom, to this. Seconds.
SELDOM: Final = 0.1

#: What a thread gets done in so many seconds is told of together.
TOGETHER: Final = 0.001


class Hands(Generic[Item, Event]):
    """A fixed number of threads, started with the first item. `handle` makes each item's event, `broken` that of one where it raises.

    Whoever reads the inbox gives items, recalls them and keeps an eye on the time, which is on its monotonic clock, in seconds.
    """

    def __init__(
        self,
        name: str,
        size: int,
        inbox: Inbox[Event],
        handle: Callable[[Item], Event],
        broken: Callable[[BaseException], Event],
    ) -> None:
        self._inbox = inbox
        self._handle = handle
        self._broken = broken
        self._shelf: deque[Item] = deque()
        self._calls: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._resting: deque[None] = deque()  # one for each thread that has gone to rest since its giver looked last
        self._awake = 0
        self._help_at = 0.0
        self._help_after = LONGEST_WAIT
        self._open = False  # something was given since the shelf was last seen empty
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(size)
        ]
        self._started = False

    def give(self, items: Iterable[Item], seconds: float | None, now: float) -> None:
        """Put items on the shelf; `seconds` is what one of them takes, `None` where nobody knows."""
        self._shelf.extend(items)
        waiting = len(self._shelf)
        worth = waiting if seconds is None else 1 + int(waiting * seconds / WORTH_WAKING)
        self._wake(min(worth, waiting))
        self._help_after = LONGEST_WAIT
        self._help_at = now + self._help_after
        self._open = True

    def help_at(self) -> float | None:
        """Return when to read the inbox and call `help` though nobody rings; `None` while everything that was given is told of when it is done."""
        return self._help_at if self._open else None

    def help(self, now: float) -> None:
        """Wake a thread for each item that has been waiting for too long."""
        if now < self._help_at:
            return
        self._open = bool(self._shelf)
        if self._open:
            self._wake(self._awake + len(self._shelf))
            self._help_after = min(2 * self._help_after, SELDOM)
            self._help_at = now + self._help_after

    def recall(self) -> list[Item]:
        """Take back what no thread has begun, in order."""
        items: list[Item] = []
        while True:
            try:
                items.append(self._shelf.popleft())
            except IndexError:
                return items

    def dismiss(self) -> None:
        """Let every thread end after the item it is at; does not wait."""
        self.recall()
        for _ in self._threads:
            self._calls.put(False)

    def _wake(self, wanted: int) -> None:
        """Let as many threads be awake, if there are that many."""
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()
        while self._resting:
            self._resting.popleft()
            self._awake -= 1
        while self._awake < min(wanted, len(self._threads)):
            self._awake += 1
            self._calls.put(True)

    def _work(self) -> None:
        while self._calls.get():
            self._clear_the_shelf()
            self._resting.append(None)
            self._clear_the_shelf()

    def _clear_the_shelf(self) -> None:
        ring_at = time.monotonic() + TOGETHER
        while True:
            try:
                item = self._shelf.popleft()
            except IndexError:
                self._inbox.ring()
                return
            try:
                event = self._handle(item)
            except BaseException as error:  # noqa: BLE001 - whoever reads the inbox has to know
                event = self._broken(error)
            self._inbox.leave(event)
            now = time.monotonic()
            if now >= ring_at:
                self._inbox.ring()
                ring_at = now + TOGETHER
