"""Signals as a flag: a scan ends where it can give everything back, not in the middle of a receive.

A maintainer keeps two rules. The first signal only sets the flag, so that the receive in flight ends and its messages are known.
And a signal that was ignored when the process started stays ignored: `nohup` and a shell's background jobs rely on it.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

#: The signals that end a scan; SIGHUP does not exist on Windows.
STOP_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class SecondSignal(KeyboardInterrupt):
    """A second signal: leave at once, without giving messages back. `exit_status` is 128 + the signal's number."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_status = 128 + signum


class StopFlag:
    """Whether a scan has been told to end. False until `set`; `signum` is the signal that did it."""

    __slots__ = ("signum",)

    def __init__(self) -> None:
        self.signum: int | None = None

    def __bool__(self) -> bool:
        return self.signum is not None

    def set(self, signum: int = signal.SIGINT) -> None:
        """Ask the scan to end. The first signal decides the exit status."""
        if self.signum is None:
            self.signum = signum

    @property
    def exit_status(self) -> int:
        """The exit status for a process that ended on this flag: 130 for SIGINT, 143 for SIGTERM; 0 while unset."""
        return 0 if self.signum is None else 128 + self.signum


@contextmanager
def catch_signals(*, patient: bool = False) -> Iterator[StopFlag]:
    """Turn SIGINT, SIGTERM and SIGHUP into a `StopFlag` within the block; a second one raises `SecondSignal`, or with `patient` changes nothing.

    Handlers that were there before come back at the end. Outside the main thread, where Python takes no handlers, the
    flag is never set by a signal.
    """
    flag = StopFlag()

    def on_signal(signum: int, _frame: FrameType | None) -> None:
        if flag and not patient:
            raise SecondSignal(signum)
        flag.set(signum)

    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = {each: signal.getsignal(each) for each in STOP_SIGNALS}
    taken = [each for each, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for each in taken:
            signal.signal(each, on_signal)
        yield flag
    finally:
        for each in taken:
            signal.signal(each, before[each])
