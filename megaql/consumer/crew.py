"""Threads that do what they are told and report to one inbox.

A maintainer keeps two rules. No thread ends in silence: what a job raises is an event too. And the threads are daemons, because a handler that
never returns must not keep a stopped process alive.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.consumer.inbox import Inbox

Event = TypeVar("Event")
Job = TypeVar("Job", bound="Callable[[], Any]")


class Crew(Generic[Event, Job]):
    """So many threads at most, each started with a job; each job's result goes to the inbox. One thread submits.

    `broken` makes the event of a job that raises.
    """

    def __init__(self, name: str, size: int, inbox: Inbox[Event], broken: Callable[[BaseException], Event]) -> None:
        self._inbox = inbox
        self._broken = broken
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._name = name
        self._size = size
        self._threads: list[threading.Thread] = []

    def submit(self, job: Job) -> None:
        """Give a job to the next idle thread."""
        self._jobs.put(job)
        if len(self._threads) < self._size:
            name = f"{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def dismiss(self) -> None:
        """Let every thread end after the job it is at; does not wait."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                event = job()
            except BaseException as error:  # noqa: BLE001 - whoever reads the inbox has to know
                event = self._broken(error)
            self._inbox.put(event)
