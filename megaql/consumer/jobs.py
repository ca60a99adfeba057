"""What the worker has done for it, and the events in which that ends.

Every job ends in an event, so that nothing in hand is forgotten. A job may be begun by the worker's own thread, which waits for nothing: then
a thread of a crew is needed only where its request did not go well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import timedelta

    from megaql.broker.begun import Begun
    from megaql.broker.message import Message
    from megaql.consumer.extension import Extender, Extension
    from megaql.consumer.held import Held
    from megaql.consumer.hooks import Receive
    from megaql.consumer.plan import Plan
    from megaql.consumer.settlement import Entry, Settled, Settlement, Settler


@dataclass(frozen=True, slots=True)
class Received:
    """A receive brought messages, or none."""

    asked: int
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class PollFailed:
    """A receive failed."""

    asked: int
    error: Exception


@dataclass(slots=True)  # not frozen, which takes three times as long: one is made for every message
class Finished:
    """A message was handled; that took so many seconds."""

    held: Held
    settlement: Settlement
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """The queue was told of settlements."""

    settled: list[Settled]


@dataclass(frozen=True, slots=True)
class Extended:
    """Leases were extended, or not."""

    extensions: list[Extension]


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody asked the run to end."""

    signal: int | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A fault in our own code."""

    error: BaseException


class Job(Protocol):
    """What a crew's thread does."""

    def __call__(self) -> Event:
        """Do it, or what is left of it; waits for as long as it takes."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The request with which a job was begun is over."""

    job: Receiving | Settling


Event = Received | PollFailed | Finished | Told | Extended | Stop | Broken | Answered


class BeginReceive(Protocol):
    """`Queue.begin_receive`."""

    def __call__(self, limit: int, *, wait: timedelta, visibility: timedelta | None) -> Begun | None:
        """Begin a receive, where that can be done without waiting."""


@dataclass(slots=True)
class Receiving:
    """One receive. `begins` is `None` where it must not be begun: someone watches receives, and may take his time."""

    asked: int
    receive: Receive
    begins: BeginReceive | None
    plan: Plan
    begun: Begun | None = None

    def begin(self) -> Begun | None:
        """Send the request, if that waits for nothing."""
        if self.begins is not None:
            self.begun = self.begins(self.asked, wait=self.plan.poll_wait, visibility=self.plan.visibility)
        return self.begun

    def __call__(self) -> Event:
        """Receive."""
        plan = self.plan
        try:
            messages = self.receive(self.asked, wait=plan.poll_wait, visibility=plan.visibility, begun=self.begun)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker hears of it and tries again
            return PollFailed(self.asked, error)
        return Received(self.asked, messages)


@dataclass(slots=True)
class Settling:
    """Telling the queue what became of some messages."""

    entries: list[Entry]
    settler: Settler
    begun: Begun | None = None

    def begin(self) -> Begun | None:
        """Send the request, if that waits for nothing."""
        self.begun = self.settler.begin(self.entries)
        return self.begun

    def __call__(self) -> Event:
        """Tell it."""
        return Told(self.settler.settle(self.entries, self.begun))


@dataclass(frozen=True, slots=True)
class Extending:
    """Making leases longer."""

    messages: list[Held]
    extender: Extender

    def __call__(self) -> Event:
        """Ask for it."""
        return Extended(self.extender.extend(self.messages))
