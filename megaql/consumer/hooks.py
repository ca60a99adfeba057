"""The hooks of an application's middleware, called where the work is done.

A maintainer keeps two rules. What nobody overrides is an empty tuple, and whoever calls hooks looks first whether there are any. And nothing that a hook raises gets out of
`tell`: the work it watches is worth more than the watching.
"""

from __future__ import annotations

import difflib
import inspect
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from megaql.consumer.journal import LOGGER
from megaql.consumer.middleware import Middleware
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.broker.message import Message
    from megaql.consumer.middleware import Handling
    from megaql.consumer.report import RunReport

    Hook = Callable[..., Any]
    Receive = Callable[..., list[Message]]

#: Every hook there is.
NAMES: Final = tuple(name for name in vars(Middleware) if name.startswith(("before_", "around_", "after_")))

#: A hook that raises again and again is told of this often. Seconds.
COMPLAINT_INTERVAL: Final = 60.0


def checked(given: object) -> Middleware:
    """Return a middleware as given by a user; raises `ConsumerError` for what is none, or whose hooks would never be called."""
    if isinstance(given, type) and issubclass(given, Middleware):
        raise ConsumerError(
            f"middleware is an object, and {given.__name__} is a class",
            hint=f"make one: middleware=[{given.__name__}()]",
        )
    if not isinstance(given, Middleware):
        raise ConsumerError(
            f"middleware cannot be of type {type(given).__name__}",
            hint="derive its class from megaql.Middleware, and give a list of them: App(middleware=[Timing()])",
        )
    for name in dir(type(given)):
        if name.startswith(("before_", "around_", "after_")):
            _check_hook(given, name)
    return given


def _check_hook(given: Middleware, name: str) -> None:
    where = f"{type(given).__qualname__}.{name}"
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0)
        raise ConsumerError(
            f"there is no hook named {name}",
            where=where,
            why="it would never be called",
            hint=f"did you mean {near[0]}? Other methods may have any name that does not begin like a hook's",
        )
    function = inspect.unwrap(getattr(type(given), name))
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise ConsumerError(
            f"the hook {name} is async",
            where=where,
            why="hooks run in the consumer's threads, and nobody would await it",
            hint="make it a plain function; handlers may be async all the same",
        )
    if inspect.isgeneratorfunction(getattr(type(given), name)):
        raise ConsumerError(
            f"the hook {name} is a generator",
            where=where,
            why="calling it runs none of it",
            hint="put @contextlib.contextmanager above it" if name == "around_handle" else "take the yield out",
        )


class Hooks:
    """The hooks that are overridden, each a tuple of bound methods in the order of calling. Thread-safe."""

    def __init__(
        self, middleware: Sequence[Middleware] = (), *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._complaints: dict[
            tuple[str, str], tuple[float, int]
        ] = {}  # when one was told of last, and how often it raised since
        self._complaining = threading.Lock()
        self._runs = tuple(middleware)
        self.before_processes = _overridden(middleware, "before_processes")
        self.after_process = _overridden(middleware, "after_process")[::-1]
        found: dict[str, tuple[Hook, ...]] = {name: _overridden(middleware, name) for name in NAMES}
        self.before_receive, self.after_receive = found["before_receive"], found["after_receive"][::-1]
        self.before_match, self.after_match = found["before_match"], found["after_match"][::-1]
        self.before_handle, self.after_handle = found["before_handle"], found["after_handle"][::-1]
        self.around_handle = found["around_handle"]
        self.before_delete, self.after_delete = found["before_delete"], found["after_delete"][::-1]
        self.before_return, self.after_return = found["before_return"], found["after_return"][::-1]
        self.before_dead_letter = found["before_dead_letter"]
        self.after_dead_letter = found["after_dead_letter"][::-1]
        self.after_settle = found["after_settle"][::-1]
        #: Whether anybody looks at handlers.
        self.handle = bool(self.before_handle or self.around_handle or self.after_handle)

    def tell(self, hooks: tuple[Hook, ...], *about: object, **more: object) -> None:
        """Call hooks, one after the other; never raises."""
        for hook in hooks:
            try:
                hook(*about, **more)
            except BaseException as error:  # noqa: BLE001 - a hook may raise anything, sys.exit() too, and none of it ends the worker
                owner = type(getattr(hook, "__self__", hook)).__qualname__
                self.complain(f"{owner}.{getattr(hook, '__name__', 'hook')}", error)

    def receiving(self, queue: str, receive: Receive) -> Receive:
        """Return a receive that is watched, or the same one where nobody watches."""
        if not (self.before_receive or self.after_receive):
            return receive

        def watched(limit: int, **settings: Any) -> list[Message]:
            self.tell(self.before_receive, queue, limit)
            try:
                messages = receive(limit, **settings)
            except BaseException as error:
                self.tell(self.after_receive, queue, (), error)
                raise
            self.tell(self.after_receive, queue, tuple(messages), None)
            return messages

        return watched

    def call(self, handling: Handling, handler: Callable[[], object]) -> object:
        """Call a handler within what `around_handle` returns; returns what it returns, and raises what it or those around it raise."""
        said: list[object] = []
        raised: list[BaseException] = []
        with ExitStack() as stack:
            for around in self.around_handle:
                manager = around(handling)
                if manager is not None:
                    stack.enter_context(manager)
            try:
                said.append(handler())
            except BaseException as error:
                raised.append(error)
                raise
        # A context manager may swallow what the handler raised. The message must not be taken for done because of it.
        if raised:
            raise raised[0]
        return said[0]

    @contextmanager
    def over_run(self, queue: str) -> Iterator[list[RunReport]]:
        """Call the hooks around a run, which puts its report into the list. Where one refuses, those before it are told that the run is over."""
        report: list[RunReport] = []

        def over(one: Middleware) -> None:
            self.tell((one.after_run,), queue, report[0] if report else None)

        with ExitStack() as stack:
            for one in self._runs:
                one.before_run(queue)
                stack.callback(over, one)
            yield report

    def complain(self, name: str, error: BaseException) -> None:
        """Log what a hook raised: at once, and then once a minute with how often."""
        kind = type(error).__qualname__
        now = self._monotonic()
        with self._complaining:
            told, missed = self._complaints.get((name, kind), (-COMPLAINT_INTERVAL, 0))
            silent = now < told + COMPLAINT_INTERVAL
            self._complaints[name, kind] = (told, missed + 1) if silent else (now, 0)
        if not silent:
            again = f", and {missed} times in the minute before" if missed else ""
            LOGGER.error("the hook %s raised %s%s; the consumer goes on", name, kind, again, exc_info=error)


def _overridden(middleware: Sequence[Middleware], name: str) -> tuple[Hook, ...]:
    own = getattr(Middleware, name)
    hooks = (getattr(one, name) for one in middleware)
    return tuple(hook for hook in hooks if getattr(hook, "__func__", None) is not own)
