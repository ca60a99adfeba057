"""A user's function and how to call it.

A maintainer keeps one rule: what a signature means is decided once, when the handler is subscribed, where a mistake is an error that the
developer sees, and not at the first message, where it would be a retry.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from megaql.consumer.journal import LOGGER
from megaql.errors import ConsumerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from megaql.broker.message import Message
    from megaql.codec.payloads import Payload

    HandlerFunction = Callable[..., object]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class NothingRanError(TypeError):
    """A handler returned a generator, and none of it has run."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A function with the order in which it takes the payload and the message; an async one runs on `loop`."""

    function: HandlerFunction
    positional: tuple[str, ...]
    by_keyword: bool
    loop: EventLoop

    def __call__(self, payload: Payload, message: Message) -> object:
        """Call the function and return what it returns; awaits it where it is async. A class of exceptions that it returns is raised.

        Raises `NothingRanError` where what it returns would have to be iterated.
        """
        given = {"payload": payload, "message": message}
        positional = [given[name] for name in self.positional]
        result = self.function(*positional, message=message) if self.by_keyword else self.function(*positional)
        if result is None:
            return None
        if inspect.isgenerator(result) or inspect.isasyncgen(result):
            raise NothingRanError("the handler returned a generator, and none of it has run")
        if inspect.isawaitable(result):
            result = self.loop.run(result)
        if isinstance(result, type) and issubclass(result, BaseException):
            raise result  # `return Retry`, without its parentheses, would pass for a success
        return result


def read(function: HandlerFunction, loop: EventLoop) -> Handler:
    """Return the handler for a function; raises `ConsumerError` where it cannot be called with a payload and a message.

    A parameter called `message` takes the message, wherever it stands. Of the others, the first takes the payload, a second one the message; one
    with a default keeps it.
    """
    _check_callable(function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # some builtins have no signature: they are given the payload
        return Handler(function, ("payload",), by_keyword=False, loop=loop)
    if parameters and parameters[0].name == "self" and inspect.isfunction(function):
        raise _method(function)
    free = ["payload", "message"]
    positional: list[str] = []
    by_keyword = False
    in_row = True  # whether every parameter so far is given by position
    for parameter in parameters:
        wants_message = parameter.name == "message" and "message" in free
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            positional += free if in_row else []
            free.clear()
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        elif wants_message and (parameter.kind is inspect.Parameter.KEYWORD_ONLY or not in_row):
            by_keyword = True
            free.remove("message")
        elif wants_message:
            positional.append("message")
            free.remove("message")
        elif parameter.default is not inspect.Parameter.empty:
            in_row = False
        elif parameter.kind in _POSITIONAL and free:
            positional.append(free.pop(0))
        else:
            raise _unusable(function, parameter)
    return Handler(function, tuple(positional), by_keyword, loop)


def name_of(function: HandlerFunction) -> str:
    """Return the name a function goes by: its qualified name from the innermost function it was defined in."""
    name: str = getattr(function, "__qualname__", "") or type(function).__qualname__
    return name.rpartition("<locals>.")[2]


def _check_callable(function: HandlerFunction) -> None:
    if not callable(function):
        raise ConsumerError(
            f"a handler must be callable, not {type(function).__name__}",
            hint="put @app.subscribe(…) on a function, with its parentheses",
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConsumerError(
            f"the handler {name_of(function)} is a generator",
            why="calling it runs none of it, so that every message would be deleted unhandled",
            hint="take the `yield` out, or consume the generator in a function of its own and subscribe that",
        )


def _unusable(function: HandlerFunction, parameter: inspect.Parameter) -> ConsumerError:
    return ConsumerError(
        f"nothing to give to the handler's parameter {parameter.name!r}",
        where=f"{name_of(function)}{inspect.signature(function)}",
        why="a handler is called with the payload and the message, or with as many of the two as it takes",
        hint="write def handler(payload) or def handler(payload, message), and give other parameters a default",
    )


def _method(function: HandlerFunction) -> ConsumerError:
    name = name_of(function)
    return ConsumerError(
        f"the handler {name} is a method without its object",
        where=f"{name}{inspect.signature(function)}",
        why="within its class it is a plain function, and would be given the payload as self",
        hint=f"subscribe it once there is an object: app.subscribe(…)(shop.{name.rpartition('.')[2]})",
    )


class EventLoop:
    """One event loop in a thread of its own, started when the first async handler needs it.

    All async handlers share it, so that a client made in one (an HTTP session, a connection pool) works in the next.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()

    def run(self, awaitable: Awaitable[Any]) -> object:
        """Await something on the loop and return its result; blocks the calling thread, and raises what it raises."""

        async def result() -> object:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(result(), self._started()).result()

    def close(self) -> None:
        """Stop the loop; a coroutine that has not ended is cancelled."""
        with self._starting:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.set_exception_handler(_complain)
                threading.Thread(target=_serve, args=(self._loop,), name="megaql-async", daemon=True).start()
            return self._loop


def _complain(_loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    """Log what goes wrong on the loop and reaches no handler, as in a task that nobody awaits; asyncio's own line would quote the exception."""
    error = told.get("exception")
    if error is None:
        LOGGER.error("on the event loop of async handlers: %s", told["message"])
    else:
        LOGGER.error("what a handler left on the event loop raised %s", type(error).__qualname__, exc_info=error)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        while _ended_early(loop):
            continue
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    finally:
        loop.close()


def _ended_early(loop: asyncio.AbstractEventLoop) -> bool:
    """Run the loop until it is stopped; true where a coroutine tore it down and others wait for it to go on.

    These two exceptions pass through asyncio's loop. Whoever waits for the coroutine that raised one gets it too, once the loop runs again.
    """
    try:
        loop.run_forever()
    except (SystemExit, KeyboardInterrupt):
        return True
    return False
