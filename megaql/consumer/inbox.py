"""Where the worker's thread hears of everything: events from other threads, and calls of its own that have come to their end.

A call that is begun costs a socket to look at, where a thread that waits for it has to be woken, twice, which costs more than all that the call is
about. A maintainer keeps two rules. Whoever reads says that it is about to wait before it looks a last time, so that nothing lies there while it waits.
And nothing here waits for a thread, so that a signal's handler may put something in.
"""

from __future__ import annotations

import math
import selectors
import socket
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from megaql.broker.client import PendingCall

Event = TypeVar("Event")

#: Seconds to wait at most before the reader looks again; `poll` counts milliseconds in 32 bits, which is less than a month.
_LONGEST_WAIT: Final = 86_400.0

#: Of the ways to look at sockets, the one that keeps nothing of them between two looks, so that they may be closed at any time.
_Selector: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Inbox(Generic[Event]):
    """`put`, `leave` and `ring` are for any thread and for signal handlers, at any time; one thread does the rest, within `with`. `monotonic` is in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._events: deque[Event] = deque()
        self._calls: dict[PendingCall, Event] = {}
        self._waiting = False
        self._selector = _Selector()

    def __enter__(self) -> Self:
        """Begin to listen: what was put in before is there."""
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the calls that are under way; what is put in afterwards nobody hears."""
        for call in self._calls:
            call.drop()
        self._calls.clear()
        self._selector.close()
        self._bell.close()
        self._rope.close()

    def put(self, event: Event) -> None:
        """Tell of an event."""
        self._events.append(event)
        self.ring()

    def leave(self, event: Event) -> None:
        """Leave an event to be found when somebody rings, or whoever reads looks for another reason."""
        self._events.append(event)

    def ring(self) -> None:
        """Let whoever reads look now."""
        if self._waiting:
            self._waiting = False
            with suppress(OSError):  # rung often enough, or closed
                self._rope.send(b"!")

    def watch(self, call: PendingCall, event: Event) -> None:
        """Bring a call that was begun to its end, and then tell of `event`."""
        if call.advance():
            self._events.append(event)
            return
        self._calls[call] = event
        self._selector.register(call, selectors.EVENT_READ if call.sent else selectors.EVENT_WRITE, call)

    def take(self, timeout: float | None, lull: float = 0) -> list[Event]:
        """Return what has come, in order; waits for it so many seconds at most, without end for `None`.

        With a `lull` it looks only after so many seconds where calls are under way, and finds more at once.
        """
        if lull and self._calls and not self._events:
            time.sleep(lull)
        self._waiting = True
        quiet_until = min([call.quiet_until for call in self._calls]) if self._calls else math.inf
        if self._events:
            timeout = 0
        elif self._calls:
            quiet = max(0.0, quiet_until - self._monotonic())
            timeout = quiet if timeout is None else min(timeout, quiet)
        if timeout is not None:
            timeout = min(timeout, _LONGEST_WAIT)
        ready = self._selector.select(timeout)
        self._waiting = False
        for key, _ in ready:
            if key.data is None:
                self._hear_the_bell()
            else:
                self._advance(key.data)
        if self._calls and self._monotonic() >= quiet_until:
            self._lose_the_silent()
        return [self._events.popleft() for _ in range(len(self._events))]

    def _hear_the_bell(self) -> None:
        with suppress(BlockingIOError):
            self._bell.recv(64)

    def _advance(self, call: PendingCall) -> None:
        number, sent = call.fileno(), call.sent
        if call.advance():
            self._selector.unregister(number)
            self._events.append(self._calls.pop(call))
        elif call.sent is not sent:
            self._selector.modify(number, selectors.EVENT_READ, call)

    def _lose_the_silent(self) -> None:
        now = self._monotonic()
        for call in [call for call in self._calls if call.quiet_until <= now]:
            self._selector.unregister(call.fileno())
            call.lose()
            self._events.append(self._calls.pop(call))
