"""Seeing what handlers and decoders raise, while the application runs as it always does.

The consumer catches everything, because one bad message must not end it. A maintainer keeps one rule: nothing here changes what the
application does with a message; it is the same application, and each of its functions is watched.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from megaql.consumer.handler import EventLoop, Handler
from megaql.consumer.hooks import Hooks
from megaql.consumer.matching import Matching
from megaql.consumer.middleware import Middleware
from megaql.consumer.outcomes import Outcome, Reject, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from megaql.broker.message import Message
    from megaql.codec.payloads import Payload
    from megaql.consumer.app import App
    from megaql.consumer.middleware import Handling
    from megaql.consumer.subscription import Decoder, Subscription

#: Packages whose frames stand between a test and its handler, and tell nobody anything.
_BETWEEN: Final = frozenset({"megaql", "asyncio", "concurrent"})


@dataclass(frozen=True, slots=True)
class HandlerError:
    """An exception of a handler, decoder or hook, with its own traceback: who raised it, on which message, at which receive."""

    subscription: str
    message_id: str
    receive_count: int | None
    error: BaseException


@dataclass(slots=True)
class Watch:
    """What was seen so far. Handlers report to it from their threads; appending and setting are atomic.

    `said` has, for each message id, the last thing that somebody said of it. `surprise` is called with an error that the test
    does not expect.
    """

    expected: tuple[type[BaseException], ...]
    surprise: Callable[[], None]
    errors: list[HandlerError] = field(default_factory=list)
    surprises: list[HandlerError] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    def note(self, error: HandlerError, fatal: tuple[type[BaseException], ...]) -> None:
        """Take an exception in; one that the subscription names as fatal is an answer, no surprise."""
        self.errors.append(error)
        self.said[error.message_id] = f"{error.subscription} raised {type(error.error).__name__}"
        if not isinstance(error.error, (*self.expected, *fatal)):
            self.surprises.append(error)
            self.surprise()

    @contextmanager
    def over(self, app: App) -> Iterator[None]:
        """Watch an application's handlers and decoders meanwhile."""
        matching, loop = app._matching, EventLoop()  # noqa: SLF001 - the seam: all that runs a handler asks it which
        middleware, hooks_of = app._middleware, app._hooks_of  # noqa: SLF001 - as above
        app._matching = self._watched(matching, loop)  # noqa: SLF001 - as above
        fatal = {subscription.name: subscription.fatal for subscription in matching.subscriptions}
        app._hooks_of = partial(_WatchedHooks, watch=self)  # noqa: SLF001 - as above
        if middleware:
            app._middleware = [_Outermost(self, fatal), *middleware]  # noqa: SLF001 - as above
        try:
            yield
        finally:
            app._matching = matching  # noqa: SLF001 - as above
            app._middleware, app._hooks_of = middleware, hooks_of  # noqa: SLF001 - as above
            loop.close()
            for seen in self.errors:
                _trim(seen.error)

    def _watched(self, matching: Matching, loop: EventLoop) -> Matching:
        decoders: dict[Decoder, Decoder] = {}
        watched = Matching()
        for subscription in matching.subscriptions:
            # One loop for all runs: what a handler keeps on it, a session or a pool, has to outlive each of them.
            parts = {part.name: getattr(subscription.handler, part.name) for part in fields(Handler)}
            handler = _WatchedHandler(**(parts | {"loop": loop}), watch=self, subscription=subscription)
            decoder = subscription.decoder
            if decoder is not None:
                decoder = decoders.setdefault(decoder, self._watched_decoder(decoder))
            watched.add(replace(subscription, handler=handler, decoder=decoder))
        return watched

    def _watched_decoder(self, decoder: Decoder) -> Decoder:
        @wraps(decoder)
        def decode(given: Any) -> Any:
            try:
                return decoder(given)
            except Exception as error:
                self.note(HandlerError(_name(decoder), "", None, error), ())
                raise

        return decode


@dataclass(frozen=True, slots=True, kw_only=True)
class _WatchedHandler(Handler):
    watch: Watch
    subscription: Subscription

    def __call__(self, payload: Payload, message: Message) -> object:
        name = self.subscription.name
        try:
            said = Handler.__call__(self, payload, message)
        except (Retry, Reject) as answer:
            self.watch.said[message.id] = f"{name} raised {_shown(answer)}"
            raise
        except BaseException as error:
            seen = HandlerError(name, message.id, message.receive_count, error)
            self.watch.note(seen, self.subscription.fatal)
            raise
        if isinstance(said, (Retry, Reject, Outcome)):
            self.watch.said[message.id] = f"{name} returned {_shown(said)}"
        return said


class _Outermost(Middleware):
    """Sees what the middleware around a handler raises, which counts as the handler's; what the handler itself raised has been seen already."""

    def __init__(self, watch: Watch, fatal: Mapping[str, tuple[type[BaseException], ...]]) -> None:
        self._watch = watch
        self._fatal = fatal

    @contextmanager
    def around_handle(self, handling: Handling) -> Iterator[None]:
        try:
            yield
        except (Retry, Reject) as answer:
            self._watch.said[handling.message.id] = f"{handling.subscription} raised {_shown(answer)}"
            raise
        except BaseException as error:
            if not any(seen.error is error for seen in self._watch.errors):
                message = handling.message
                seen = HandlerError(handling.subscription, message.id, message.receive_count, error)
                self._watch.note(seen, self._fatal.get(handling.subscription, ()))
            raise


class _WatchedHooks(Hooks):
    def __init__(self, middleware: Sequence[Middleware], *, watch: Watch) -> None:
        super().__init__(middleware)
        self._watch = watch

    def complain(self, name: str, error: BaseException) -> None:
        super().complain(name, error)
        self._watch.note(HandlerError(f"the hook {name}", "", None, error), ())


def _shown(said: Retry | Reject | Outcome) -> str:
    if isinstance(said, Outcome):
        return str(said)
    return f"{type(said).__name__}: {said}"


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", type(function).__qualname__)


def _trim(error: BaseException) -> None:
    """Let an exception's traceback begin in the user's own code, where it got that far."""
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        module: str = traceback.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in _BETWEEN:
            error.__traceback__ = traceback
            return
        traceback = traceback.tb_next
