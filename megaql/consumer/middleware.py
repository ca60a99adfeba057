"""What can be hung around a consumer's work: methods that are called before and after each step.

    class Timing(Middleware):
        def after_handle(self, handling):
            print(handling.subscription, handling.outcome, handling.seconds)

    app = megaql.App("local:orders", middleware=[Timing()])

A maintainer keeps two rules. A hook watches and decides nothing: what it raises is logged, and the message, the poller and the run go on as if
it had not been there. And `around_handle` is the one exception, because it is part of the handler: what it raises, the handler has raised, and what the handler
raised it cannot hide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from megaql.broker.message import Message
    from megaql.codec.payloads import Payload
    from megaql.consumer.matching import Match
    from megaql.consumer.outcomes import Outcome
    from megaql.consumer.rejection import Rejection
    from megaql.consumer.report import RunReport
    from megaql.consumer.settlement import Settled


@dataclass(slots=True, eq=False)
class Handling:
    """One handler at one message, from before the call until what it said is known.

    `outcome` is `None` until the handler has ended, or where it was never called. `error` is what it raised, `None` for `Retry` and `Reject`, which
    are no errors. `seconds` is how long it took, with `around_handle`.
    """

    subscription: str
    message: Message
    payload: Payload = field(repr=False)
    outcome: Outcome | None = None
    error: BaseException | None = field(default=None, repr=False)
    seconds: float = 0.0


class Middleware:
    """The base of all middleware: methods that do nothing. One that is not overridden costs nothing.

    Of several, `before_…` and `around_…` go from the first to the last, `after_…` from the last to the first. Everything about one message may be called
    in several threads side by side for different messages; for one message the steps come one after the other.
    """

    def before_run(self, queue: str) -> None:
        """Prepare a run over a queue; in the thread that called `run`. The only hook that may refuse: what it raises, `run` raises."""

    def after_run(self, queue: str, report: RunReport | None) -> None:
        """Tidy up after a run, in the same thread; `report` is `None` where the run raised."""

    def before_processes(self, processes: int) -> None:
        """Prepare a run in so many processes; in the one that supervises them, which calls `after_process` and no other hook. What it raises, `run` raises."""

    def after_process(self, pid: int) -> None:
        """One of those processes has ended, whether in order or not; in the one that supervises them."""

    def before_receive(self, queue: str, limit: int) -> None:
        """A receive of up to `limit` messages begins; in a poller's thread."""

    def after_receive(self, queue: str, messages: Sequence[Message], error: BaseException | None) -> None:
        """A receive has ended, with messages or none, or with an error; in the same thread. The messages have not been decoded."""

    def before_match(self, message: Message) -> None:
        """A message is about to be decoded and matched; in a handler's thread."""

    def after_match(self, message: Message, match: Match) -> None:
        """It is known which subscriptions take the message, or why they could not decide; in the same thread."""

    def before_handle(self, handling: Handling) -> None:
        """A handler is about to be called; in a handler's thread, for an `async` handler too."""

    def around_handle(self, handling: Handling) -> AbstractContextManager[object] | None:
        """Return a context manager to call the handler in, or `None`; in the same thread. Context variables set in it are seen by `async` handlers."""

    def after_handle(self, handling: Handling) -> None:
        """A handler has ended, and `handling.outcome` says how; in the same thread. The queue does not know yet."""

    def before_delete(self, message: Message) -> None:
        """A message is about to be deleted; in a settler's thread."""

    def after_delete(self, message: Message, *, done: bool) -> None:
        """The queue has deleted the message, or has not (`done` is false); in the same thread."""

    def before_return(self, message: Message, delay: timedelta) -> None:
        """A message is about to be made visible again after a delay; in a settler's thread."""

    def after_return(self, message: Message, delay: timedelta, *, done: bool) -> None:
        """The queue has taken the message back, or has not; in the same thread."""

    def before_dead_letter(self, message: Message, rejection: Rejection) -> None:
        """A copy of a message is about to be sent to the dead-letter queue; in a settler's thread."""

    def after_dead_letter(self, message: Message, rejection: Rejection, *, done: bool) -> None:
        """The dead-letter queue has the copy, and the message is deleted next; or it has not, and the message is returned. In the same thread."""

    def after_settle(self, settled: Settled) -> None:
        """What became of a message is decided, and the queue was told; in a settler's thread.

        It comes once for each message that was received, whatever became of it, except those that a run leaves behind when it is ended at once.
        """
