"""The thread that reads a watched source into a store.

A maintainer keeps one rule: whatever becomes of the screen, `close` ends the reading after the receive in flight, and everything is given back then, by
the scan's own `with`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from megaql.scan.budget import StopReason
from megaql.scan.stop import StopFlag

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.scan.files import FileScan
    from megaql.scan.live import LiveScan
    from megaql.scan.watching.store import Store

    Scan = LiveScan | FileScan

#: How often a pause looks whether it is over. Seconds.
LOOK: Final = 0.05


class Feed(threading.Thread):
    """One scan under way. `open_scan` is called by the thread, since it may ask a service; the flag it is given ends the scan.

    `error` is what ended the reading, if anything but its end did.
    """

    def __init__(self, open_scan: Callable[[StopFlag], Scan], store: Store) -> None:
        super().__init__(name="megaql-watch-feed", daemon=True)
        self.error: Exception | None = None
        self.scan: Scan | None = None
        self.paused = False
        self.over = False
        self._open = open_scan
        self._store = store
        self._stop_flag = StopFlag()
        self._closing = threading.Event()

    def run(self) -> None:
        """Read until the scan ends or `close` is called, and give back what is held."""
        try:
            self.scan = self._open(self._stop_flag)
            with self.scan:
                for message in self.scan:
                    self._store.add(message)
                    self._wait()
                    if self._closing.is_set():
                        break
        except Exception as error:  # noqa: BLE001 - the thread that shows it raises it again
            self.error = error
        finally:
            report = self.scan.report if self.scan is not None else None
            if report is not None and report.stopped_because is StopReason.SIGNAL:
                report.stopped_because = StopReason.CALLER
            self.over = True

    def close(self) -> None:
        """Ask the reading to end."""
        self._closing.set()
        self._stop_flag.set()

    def _wait(self) -> None:
        while self.paused and not self._closing.wait(LOOK):
            pass
