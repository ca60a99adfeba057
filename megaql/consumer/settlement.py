"""Telling the queue what became of messages: delete, return, dead-letter.

A maintainer keeps three rules. Nothing here raises: what the queue did not accept is reported, and the message comes back when its lease ends.
A message is returned only while its lease is ours, which is looked at before every send, and dead-lettered only if it is then; it is deleted at any time, because its handlers are done. And a
dead-lettered message is deleted only after the queue has said that it has the copy.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from megaql.broker.guard import sends_only_while
from megaql.consumer.hooks import Hooks
from megaql.consumer.journal import LOGGER, one_line
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.rejection import DeadLetters
from megaql.consumer.report import Tally
from megaql.errors import CredentialsMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.broker.batches import BatchResult
    from megaql.broker.begun import Begun
    from megaql.broker.message import Message
    from megaql.broker.queue import Queue
    from megaql.consumer.backoff import Backoff
    from megaql.consumer.held import Held
    from megaql.consumer.ledger import CompletionLedger
    from megaql.consumer.rejection import Rejection
    from megaql.consumer.unmatched import Unmatched

#: How often a delete or a return is tried; after that the message is left to its lease, and the ledger keeps its handlers from running again.
ATTEMPTS: Final = 3


class Action(Enum):
    """What is to be done with a message at the queue; `LEAVE` is nothing: its lease ends by itself."""

    DELETE = "delete"
    RETURN = "return"
    DEAD_LETTER = "dead-letter"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a message. `delay` is for `RETURN`, and for a `DEAD_LETTER` that has to be returned."""

    action: Action
    tally: Tally
    delay: timedelta = timedelta(0)
    rejection: Rejection | None = None
    unmatched: Unmatched | None = None


#: Back to the queue, visible at once: a message that was not started, or that the end of the run interrupts.
GIVE_BACK: Final = Settlement(Action.RETURN, Tally.RETURNED)

#: A message that came again while it was in hand: the copy that is in hand goes on under the new lease.
SUPERSEDED: Final = Settlement(Action.LEAVE, Tally.EXPIRED)


@dataclass(slots=True)  # not frozen: one is made for every message, and that takes three times as long
class Settled:
    """A settlement after the queue was told.

    `gone` is whether the message is gone from the queue, `failed` whether the queue refused or did not answer, and `kept` whether it was to be dead-lettered and
    no dead-letter queue took it.
    """

    held: Held
    settlement: Settlement
    gone: bool
    failed: bool
    kept: bool = False

    @property
    def message(self) -> Message:
        """The message."""
        return self.held.message

    @property
    def tally(self) -> Tally:
        """What became of it, as `RunReport` counts it."""
        tally = self.settlement.tally
        if tally is not Tally.REJECTED:
            return tally
        if self.kept:
            return Tally.KEPT
        # Nothing was sent for a lease that was over.
        return tally if self.gone or self.failed else Tally.EXPIRED


#: A message with what became of it.
Entry = tuple["Held", Settlement]


class Settler:
    """Settles messages in batches. As thread-safe as the queue's client."""

    def __init__(
        self,
        queue: Queue,
        ledger: CompletionLedger,
        *,
        backoff: Backoff,
        monotonic: Callable[[], float],
        pause: Callable[[float], None],
        hooks: Hooks | None = None,
    ) -> None:
        self._queue = queue
        self._dead_letters = DeadLetters(queue)
        self._ledger = ledger
        self._backoff = backoff
        self._monotonic = monotonic
        self._pause = pause
        self._hooks = hooks or Hooks()
        watched = self._hooks.before_delete or self._hooks.after_delete or self._hooks.after_settle
        # Hooks and other ledgers are a user's code, which may take its time.
        self._plain = not watched and type(ledger) is MemoryLedger

    def begin(self, entries: Sequence[Entry]) -> Begun | None:
        """Begin to settle without waiting for anything; `None` where that cannot be, and `settle` has to do it all."""
        messages = [held.message for held, settlement in entries if settlement.action is Action.DELETE]
        alone = len({message.id for message in messages}) == len(entries)  # nothing else to do, and nothing twice
        return self._queue.begin_delete(messages) if self._plain and alone else None

    def settle(self, entries: Sequence[Entry], begun: Begun | None = None) -> list[Settled]:
        """Do what each settlement says; the answer is in the same order. `begun` is what `begin` returned for the same entries."""
        delete = [held.message for held, settlement in entries if settlement.action is Action.DELETE]
        ours: list[Entry] = []
        if len(delete) < len(entries):
            now = self._monotonic()
            ours = [entry for entry in entries if not entry[0].lease_ended(now)]
        back = [(held, settlement.delay) for held, settlement in ours if settlement.action is Action.RETURN]
        kept: set[str] = set()
        for held, settlement, copied in self._dead_letter(ours):
            if copied:
                delete.append(held.message)
            else:
                back.append((held, settlement.delay))
                kept.add(held.message.id)
        failed = self._delete(delete, begun) | self._return(back)
        gone = {message.id for message in delete} - failed
        self._forget(gone)
        settled = [
            Settled(held, settlement, (name := held.message.id) in gone, name in failed, name in kept)
            for held, settlement in entries
        ]
        if self._hooks.after_settle:
            for one in settled:
                self._hooks.tell(self._hooks.after_settle, one)
        return settled

    def _dead_letter(self, entries: Sequence[Entry]) -> list[tuple[Held, Settlement, bool]]:
        """Send copies of the rejected among them to the dead-letter queue; true for those which it has."""
        rejected = [(held, settlement, settlement.rejection) for held, settlement in entries if settlement.rejection]
        if not rejected:
            return []
        if self._hooks.before_dead_letter:
            for held, _, rejection in rejected:
                self._hooks.tell(self._hooks.before_dead_letter, held.message, rejection)
        try:
            refusals = self._dead_letters.send([(held.message, rejection) for held, _, rejection in rejected])
        except Exception as error:  # noqa: BLE001 - whatever it is, the messages stay and the worker goes on
            refusals = [one_line(error)] * len(rejected)
        if refusals is None:
            refusals = [f"{self._queue.name} has no dead-letter queue"] * len(rejected)
        for (held, _, rejection), refusal in zip(rejected, refusals, strict=True):
            if refusal:
                LOGGER.error(
                    "message %s was rejected (%s) and stays in the queue: %s",
                    held.message.id,
                    rejection.reason,
                    refusal,
                    extra=self._about(held.message.id) | {"subscription": rejection.subscription},
                )
            if self._hooks.after_dead_letter:
                self._hooks.tell(self._hooks.after_dead_letter, held.message, rejection, done=not refusal)
        return [
            (held, settlement, not refusal) for (held, settlement, _), refusal in zip(rejected, refusals, strict=True)
        ]

    def _delete(self, messages: list[Message], begun: Begun | None) -> set[str]:
        """Delete messages; returns the ids of those which the queue did not delete."""
        if begun is not None and begun.plain:  # there are no hooks, or it had not been begun
            return set()

        def call(batch: list[Message]) -> BatchResult[Message]:
            nonlocal begun
            first, begun = begun, None
            return self._queue.delete(batch, begun=first)

        if self._hooks.before_delete:
            for message in messages:
                self._hooks.tell(self._hooks.before_delete, message)
        failed = self._tell("delete", messages, call)
        if self._hooks.after_delete:
            for message in messages:
                self._hooks.tell(self._hooks.after_delete, message, done=message.id not in failed)
        return failed

    def _return(self, messages: Sequence[tuple[Held, timedelta]]) -> set[str]:
        """Make messages visible again after their delays; returns the ids of those for which the queue did not agree."""
        if self._hooks.before_return:
            for held, delay in messages:
                self._hooks.tell(self._hooks.before_return, held.message, delay)
        by_delay: dict[int, list[Held]] = defaultdict(list)
        for held, delay in messages:
            by_delay[math.ceil(delay.total_seconds())].append(held)
        failed: set[str] = set()
        for seconds, together in by_delay.items():
            failed |= self._return_together(together, timedelta(seconds=seconds))
        if self._hooks.after_return:
            for held, delay in messages:
                self._hooks.tell(self._hooks.after_return, held.message, delay, done=held.message.id not in failed)
        return failed

    def _return_together(self, messages: Sequence[Held], delay: timedelta) -> set[str]:
        leases = {held.message.id: held for held in messages}

        def ended(message: Message) -> bool:
            return leases[message.id].lease_ended(self._monotonic())

        def call(batch: list[Message]) -> BatchResult[Message]:
            with sends_only_while(self._queue.client, lambda: not any(map(ended, batch))):
                return self._queue.set_visibility(batch, delay)

        return self._tell("return", [held.message for held in messages], call, too_late=ended)

    def _tell(
        self,
        what: str,
        messages: list[Message],
        call: Callable[[list[Message]], BatchResult[Message]],
        too_late: Callable[[Message], bool] = lambda _: False,
    ) -> set[str]:
        """Make a batch call, again for what failed and may succeed later; returns the ids of the messages it did not do.

        For a message that it is `too_late` for, the call is not made any more.
        """
        waiting = {message.id: message for message in messages}
        refused: dict[str, str] = {}
        for attempt in range(1, ATTEMPTS + 1):
            late = [message_id for message_id, message in waiting.items() if too_late(message)]
            refused |= dict.fromkeys(late, "its lease ended meanwhile")
            for message_id in late:
                del waiting[message_id]
            if not waiting:
                break
            failures = _attempt(call, list(waiting.values()))
            last = attempt == ATTEMPTS
            refused |= {message_id: why for message_id, why, retryable in failures if last or not retryable}
            waiting = {
                message_id: waiting[message_id] for message_id, _, retryable in failures if retryable and not last
            }
            if waiting:
                self._pause(self._backoff.delay(attempt).total_seconds())
        for message_id, why in refused.items():
            LOGGER.warning("could not %s message %s: %s", what, message_id, why, extra=self._about(message_id))
        return set(refused)

    def _forget(self, ids: set[str]) -> None:
        for message_id in ids:
            try:
                self._ledger.forget(message_id)
            except BaseException:  # noqa: BLE001 - an entry too many does no harm
                LOGGER.exception("the ledger cannot forget message %s", message_id, extra=self._about(message_id))

    def _about(self, message_id: str) -> dict[str, str]:
        return {"queue": self._queue.name, "message_id": message_id}


def _attempt(
    call: Callable[[list[Message]], BatchResult[Message]], messages: list[Message]
) -> list[tuple[str, str, bool]]:
    """Make a batch call once; returns for each message it did not do the id, why, and whether it may succeed later."""
    try:
        failures = call(messages).failed
    except Exception as error:  # noqa: BLE001 - a dead connection must not end the worker
        # Credentials that ran out are looked up again for the next call.
        retryable = bool(getattr(error, "retryable", False)) or isinstance(error, CredentialsMissing)
        return [(message.id, one_line(error), retryable) for message in messages]
    return [(failure.entry.id, f"{failure.code}: {failure.message}", failure.retryable) for failure in failures]
