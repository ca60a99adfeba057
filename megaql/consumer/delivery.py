"""One message through its handlers: decode, match, call, and say what became of it.

A maintainer keeps two rules. `deliver` never raises, whatever bytes came in and whatever a handler does: a message whose fate is not known goes
back to the queue. And a handler is not started once the message may have been given to someone else.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from megaql.broker.large.payloads import foreign
from megaql.consumer.backoff import within_limit
from megaql.consumer.handler import NothingRanError
from megaql.consumer.hooks import Hooks
from megaql.consumer.journal import LOGGER, one_line, type_and_place
from megaql.consumer.middleware import Handling
from megaql.consumer.outcomes import Outcome, Reject, Retry
from megaql.consumer.rejection import Rejection
from megaql.consumer.report import Tally
from megaql.consumer.settlement import Action, Settlement
from megaql.consumer.unmatched import Unmatched, label
from megaql.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from megaql.broker.large.payloads import LargePayloads
    from megaql.broker.message import Message
    from megaql.codec.payloads import Payload
    from megaql.consumer.backoff import Backoff
    from megaql.consumer.held import Held
    from megaql.consumer.ledger import CompletionLedger
    from megaql.consumer.matching import Match, Matching
    from megaql.consumer.subscription import Subscription
    from megaql.consumer.unmatched import Policy

#: Exceptions that are no surprise: the log gets a line and no traceback.
_TRANSIENT: Final = (ConnectionError, TimeoutError)

#: Outcomes as what means the same when it is raised.
_RAISED: Final = {
    Outcome.DONE: None,
    Outcome.RETRY_LATER: Retry(),
    Outcome.FATAL_ERROR: Reject("the handler said FATAL_ERROR"),
}

_DONE: Final = Settlement(Action.DELETE, Tally.HANDLED)
_EXPIRED: Final = Settlement(Action.LEAVE, Tally.EXPIRED)


class Deliverer:
    """Runs the handlers of messages; called by many threads at once, each with a message of its own."""

    def __init__(
        self,
        matching: Matching,
        ledger: CompletionLedger,
        *,
        queue: str,
        backoff: Backoff,
        unmatched: Policy,
        unknown: Policy,
        monotonic: Callable[[], float],
        hooks: Hooks | None = None,
        large: LargePayloads | None = None,
    ) -> None:
        self._matching = matching
        self._large = large
        self._hooks = hooks or Hooks()
        self._ledger = ledger
        self._queue = queue
        self._backoff = backoff
        self._unmatched = unmatched
        self._unknown = unknown
        self._monotonic = monotonic
        self._told: set[tuple[str, str]] = set()  # what has been said once and need not be said again

    def deliver(self, held: Held) -> Settlement:
        """Run every handler whose query takes the message and that is not done with it yet; returns what became of it."""
        message = held.message
        try:
            if held.lease_ended(self._monotonic()):
                return self._expired(message)
            if self._large is not None and not self._fetch(held, self._large):
                return Settlement(Action.RETURN, Tally.RETRIED, self._delay(held))
            match = self._match(held.seen)
            if not (match.taken or match.unread):
                return self._not_taken(held, match)
            done = self._done(message)
            if done is None:
                return Settlement(Action.RETURN, Tally.RETRIED, self._delay(held))
            # What a decoder could not read may be somebody's, once it can.
            answers: list[Retry | Rejection | None] = [Retry()] if match.unread else []
            for subscription, payload in match.taken:
                if subscription.name in done:
                    continue
                if held.lease_ended(self._monotonic()):
                    return self._expired(message)
                answers.append(self._handle(subscription, payload, held))
            return self._together(held, answers)
        except BaseException as error:  # noqa: BLE001 - a fault of ours, or a query's function that calls sys.exit(): the message must not pay for it
            LOGGER.error(
                "message %s could not be processed: %s; it is returned",
                message.id,
                type_and_place(error),
                extra=self._about(message),
            )
            return Settlement(Action.RETURN, Tally.RETRIED, self._delay(held))

    def _fetch(self, held: Held, large: LargePayloads) -> bool:
        """Fetch the payload of a message that only points to it; false where that fails, and the message has to come again."""
        try:
            fetched = large.fetched(held.message)
        except BrokerError as error:
            LOGGER.error(
                "the payload of message %s cannot be fetched: %s; it is returned",
                held.message.id,
                one_line(error),
                extra=self._about(held.message),
            )
            return False
        held.fetched = None if fetched is held.message else fetched
        return True

    def _match(self, message: Message) -> Match:
        if self._hooks.before_match:
            self._hooks.tell(self._hooks.before_match, message)
        match = self._matching.match(message)
        if self._hooks.after_match:
            self._hooks.tell(self._hooks.after_match, message, match)
        return match

    def _handle(self, subscription: Subscription, payload: Payload, held: Held) -> Retry | Rejection | None:
        """Call one handler; returns what it says of the message, `None` for done, which the ledger then knows."""
        message = held.seen
        started = self._monotonic()
        handling = Handling(subscription.name, message, payload) if self._hooks.handle else None
        try:
            said = self._watched(subscription, handling) if handling else subscription.handler(payload, message)
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything, sys.exit() too, and none of it ends the worker
            said = error
        answer = None if said is None else self._meaning(said, subscription, message)
        if answer is None:
            self._record(message, subscription)
        if handling is not None:
            _note(handling, said, subscription)
            self._hooks.tell(self._hooks.after_handle, handling)
        if held.lease_ended(self._monotonic()):
            LOGGER.warning(
                "%s took %.1f s with message %s, whose lease ended meanwhile: another consumer may handle it too; raise the visibility timeout",
                subscription.name,
                self._monotonic() - started,
                message.id,
                extra=self._about(message, subscription),
            )
        return answer

    def _watched(self, subscription: Subscription, handling: Handling) -> object:
        """Call a handler with the hooks before and around it, which see in `handling` how it ended."""

        def handler() -> object:
            try:
                said = subscription.handler(handling.payload, handling.message)
            except BaseException as error:
                _note(handling, error, subscription)
                raise
            _note(handling, said, subscription)
            return said

        self._hooks.tell(self._hooks.before_handle, handling)
        started = self._monotonic()
        try:
            return self._hooks.call(handling, handler)
        finally:
            handling.seconds = self._monotonic() - started

    def _done(self, message: Message) -> AbstractSet[str] | None:
        """Return which subscriptions are done with a message; `None` where the ledger cannot tell."""
        try:
            return self._ledger.done(message.id)
        except BaseException:  # noqa: BLE001 - it is a user's code, or on a disk that is full
            LOGGER.exception(
                "the ledger cannot tell who is done with message %s; it is returned",
                message.id,
                extra=self._about(message),
            )
            return None

    def _record(self, message: Message, subscription: Subscription) -> None:
        try:
            self._ledger.record(message.id, subscription.name)
        except BaseException:  # noqa: BLE001 - the handler is done all the same; at worst it runs again
            LOGGER.exception(
                "the ledger cannot record that %s is done with message %s",
                subscription.name,
                message.id,
                extra=self._about(message, subscription),
            )

    def _meaning(self, said: object, subscription: Subscription, message: Message) -> Retry | Rejection | None:
        name, about = subscription.name, self._about(message, subscription)
        # By type, never by `==`: what a handler returns may answer that with anything, as an array does.
        if isinstance(said, Outcome):
            said = _RAISED[said]
        match said:
            case None:
                return None
            case Retry():
                LOGGER.info("%s wants message %s later: %s", name, message.id, said, extra=about)
                return said
            case Reject():
                LOGGER.warning("%s rejects message %s: %s", name, message.id, said.reason, extra=about)
                return Rejection(said.reason, name, type(said.__cause__).__qualname__ if said.__cause__ else "")
            case BaseException() if isinstance(said, subscription.fatal):
                LOGGER.error("%s rejects message %s", name, message.id, exc_info=said, extra=about)
                return Rejection("the handler raised a fatal exception", name, type(said).__qualname__)
            case NothingRanError():
                LOGGER.error(
                    "%s returned a generator on message %s, and none of it has run", name, message.id, extra=about
                )
                return Retry()
            case BaseException():
                transient = isinstance(said, _TRANSIENT) or getattr(said, "retryable", False) is True
                level, trace = (logging.WARNING, None) if transient else (logging.ERROR, said)
                kind = type(said).__qualname__
                LOGGER.log(level, "%s raised %s on message %s", name, kind, message.id, exc_info=trace, extra=about)
                return Retry()
            case _:
                self._tell_once(name, type(said).__qualname__)
                return None

    def _together(self, held: Held, answers: Sequence[Retry | Rejection | None]) -> Settlement:
        """Return what all handlers of a message together mean for it.

        One that wants it again decides: those that are done are in the ledger, and one that rejects it will do so again. Of several delays
        the longest counts, so that nobody gets it before it asked for.
        """
        if all(answer is None for answer in answers):
            return _DONE
        retries = [answer for answer in answers if isinstance(answer, Retry)]
        rejections = [answer for answer in answers if isinstance(answer, Rejection)]
        own = self._delay(held)
        if retries:
            longest = max(own if retry.after is None else retry.after for retry in retries)
            return Settlement(Action.RETURN, Tally.RETRIED, within_limit(longest, self._held_for(held)))
        if rejections:
            return Settlement(Action.DEAD_LETTER, Tally.REJECTED, own, rejections[0])
        return _DONE

    def _not_taken(self, held: Held, match: Match) -> Settlement:
        policy, tally = (self._unknown, Tally.UNKNOWN) if match.undecided else (self._unmatched, Tally.UNMATCHED)
        counted = Unmatched(label(held.seen.payload), match.undecided)
        if policy == "delete" and not self._lies_elsewhere(held.message):
            return Settlement(Action.DELETE, tally, unmatched=counted)
        if policy != "dead-letter":
            return Settlement(Action.RETURN, tally, self._delay(held), unmatched=counted)
        because = f": {match.undecided[0].reason}" if match.undecided else ""
        rejection = Rejection(f"it matched no subscription{because}")
        return Settlement(Action.DEAD_LETTER, tally, self._delay(held), rejection, counted)

    def _lies_elsewhere(self, message: Message) -> bool:
        """Say whether a payload lies in a bucket that nobody named: no query was asked of it, so that its message is not to be dropped."""
        bucket = foreign(message, self._large)
        if bucket:
            LOGGER.error(
                "the payload of message %s lies in the bucket %s, which large_payloads does not name; it is returned",
                message.id,
                bucket,
                extra=self._about(message),
            )
        return bool(bucket)

    def _expired(self, message: Message) -> Settlement:
        LOGGER.warning(
            "the lease of message %s ended before it was handled; it comes again",
            message.id,
            extra=self._about(message),
        )
        return _EXPIRED

    def _delay(self, held: Held) -> timedelta:
        return within_limit(self._backoff.delay(held.message.receive_count or 1), self._held_for(held))

    def _held_for(self, held: Held) -> timedelta:
        return timedelta(seconds=self._monotonic() - held.received_at)

    def _tell_once(self, name: str, kind: str) -> None:
        if (name, kind) not in self._told:
            self._told.add((name, kind))
            LOGGER.warning(
                "%s returned a %s, which is taken for done: a handler returns None or a megaql.Outcome",
                name,
                kind,
                extra={"queue": self._queue, "subscription": name},
            )

    def _about(self, message: Message, subscription: Subscription | None = None) -> dict[str, str]:
        about = {"queue": self._queue, "message_id": message.id}
        return about | {"subscription": subscription.name} if subscription else about


def _note(handling: Handling, said: object, subscription: Subscription) -> None:
    """Write down for the hooks what a handler said, as `Deliverer` takes it."""
    is_error = isinstance(said, BaseException) and not isinstance(said, (Retry, Reject))
    handling.error = said if is_error else None  # type: ignore[assignment] # an exception, as was just seen
    if isinstance(said, Outcome):
        handling.outcome = said
    elif isinstance(said, (Reject, *subscription.fatal)):
        handling.outcome = Outcome.FATAL_ERROR
    else:
        handling.outcome = Outcome.RETRY_LATER if isinstance(said, BaseException) else Outcome.DONE
