"""A request on its way over a connection, and its answer as far as it has come, without anybody waiting.

A maintainer keeps one rule: a socket that would block is no fault, and whatever else goes wrong is the same fault as on the way that blocks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.lean.exchange import CHUNK, Answer, BrokenAnswer, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a socket that would block raises; the ssl module's classes are known by name, since plain endpoints do not need it.
_WAITS: Final = frozenset({"BlockingIOError", "SSLWantReadError", "SSLWantWriteError"})


class PendingRequest:
    """One request. `over` is called at its end with the answer, or with the fault, and returns what it came to.

    `quiet_until` is when it is lost if nothing comes before, on the monotonic clock, in seconds; `timeout` is how long the peer may be silent.
    """

    def __init__(
        self, sock: Any, request: bytes, timeout: float, over: Callable[[Answer | Exception], Answer | Exception]
    ) -> None:
        self._sock = sock
        self._unsent = memoryview(request)
        self._timeout = timeout
        self._reading = Reading()
        self._over = over
        self.quiet_until = time.monotonic() + timeout

    def fileno(self) -> int:
        """Return the socket's number, for `select`."""
        number: int = self._sock.fileno()
        return number

    @property
    def sent(self) -> bool:
        """Whether nothing of the request is left to send."""
        return not self._unsent

    def advance(self) -> Answer | Exception | None:
        """Send or take what can be without waiting; returns what the request came to, `None` while that is open. The first call sends."""
        try:
            if not self.sent:
                self._send()
            elif (answer := self._take()) is not None:
                return self._over(answer)
        except OSError as fault:
            if type(fault).__name__ not in _WAITS:
                return self._over(fault)
        except BrokenAnswer as fault:
            return self._over(fault)
        self.quiet_until = time.monotonic() + self._timeout
        return None

    def lose(self) -> Answer | Exception:
        """End it as one whose peer was silent for too long."""
        return self._over(TimeoutError("timed out"))

    def drop(self) -> None:
        """End it because nobody wants to know any more."""
        self._over(ConnectionAbortedError("given up"))

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except BrokenPipeError:  # refused before all of it was read, and the answer has come
            self._unsent = self._unsent[:0]

    def _take(self) -> Answer:
        while (answer := self._reading.take(self._sock.recv(CHUNK))) is None:
            continue
        return answer
