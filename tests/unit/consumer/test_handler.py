# ruff: noqa: ARG005 - signatures are what is tested here

import asyncio
import concurrent.futures
import functools
import threading

import pytest

from megaql.consumer import handler
from megaql.errors import ConsumerError


@pytest.fixture
def loop():
    loop = handler.EventLoop()
    yield loop
    loop.close()


def call(function, loop):
    return handler.read(function, loop)("P", "M")


class Callable:
    def __call__(self, payload, message):
        return payload, message

    def method(self, payload):
        return payload


HANDLERS = [
    (lambda: (), ()),
    (lambda payload: (payload,), ("P",)),
    (lambda event, received: (event, received), ("P", "M")),
    (lambda message: (message,), ("M",)),
    (lambda message, event: (message, event), ("M", "P")),
    (lambda *arguments: arguments, ("P", "M")),
    (lambda event, *rest: (event, *rest), ("P", "M")),
    (lambda event, retries=3: (event, retries), ("P", 3)),
    (lambda event, message=None: (event, message), ("P", "M")),
    (lambda event, retries=3, message=None: (event, retries, message), ("P", 3, "M")),
    (lambda event, *, message: (event, message), ("P", "M")),
    (lambda event, *, retries=3: (event, retries), ("P", 3)),
    (lambda event, **options: (event, options), ("P", {})),
    (functools.partial(lambda database, event: (database, event), "db"), ("db", "P")),
    (Callable(), ("P", "M")),
    (Callable().method, "P"),
]


@pytest.mark.parametrize(("function", "given"), HANDLERS, ids=range(len(HANDLERS)))
def test_a_handler_gets_as_much_as_it_takes(function, given, loop):
    assert call(function, loop) == given


@pytest.mark.parametrize(
    ("function", "parameter"),
    [
        (lambda event, message, database: None, "database"),
        (lambda event, *, database: None, "database"),
        (lambda a, b, message: None, None),
    ],
)
def test_a_parameter_that_nothing_can_fill_is_an_error_when_subscribing(function, parameter, loop):
    if parameter is None:
        with pytest.raises(ConsumerError, match="nothing to give"):
            handler.read(function, loop)
        return
    with pytest.raises(ConsumerError) as error:
        handler.read(function, loop)
    assert error.value.what == f"nothing to give to the handler's parameter {parameter!r}"
    assert parameter in error.value.where
    assert "payload" in error.value.hint


def test_what_is_not_callable_is_no_handler(loop):
    with pytest.raises(ConsumerError, match="must be callable, not str"):
        handler.read("handle", loop)


def test_async_handlers_run_on_one_loop_in_another_thread(loop):
    async def where(payload):
        await asyncio.sleep(0)
        return payload, asyncio.get_running_loop(), threading.current_thread()

    first, second = call(where, loop), call(where, loop)
    assert first == second
    assert first[0] == "P"
    assert first[2] is not threading.current_thread()


def test_what_an_async_handler_raises_comes_out(loop):
    async def fails(_payload):
        raise KeyError("quantity")

    with pytest.raises(KeyError, match="quantity"):
        call(fails, loop)


def test_a_closed_loop_starts_anew(loop):
    async def name(payload):
        return payload

    assert call(name, loop) == "P"
    loop.close()
    assert call(name, loop) == "P"


def test_names_are_qualified_up_to_the_function_they_were_defined_in():
    def inner():
        pass

    assert handler.name_of(inner) == "inner"
    assert handler.name_of(Callable.method) == "Callable.method"
    assert handler.name_of(Callable()) == "Callable"


def generator(payload):
    yield payload


async def async_generator(payload):
    yield payload


@pytest.mark.parametrize("function", [generator, async_generator, functools.partial(generator, "P")])
def test_a_generator_is_no_handler_because_calling_it_does_nothing(function, loop):
    with pytest.raises(ConsumerError, match="is a generator") as error:
        handler.read(function, loop)
    assert "unhandled" in error.value.why


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_async_handler_that_exits_does_not_take_the_loop_with_it(kind, loop):
    async def leaves(_payload):
        raise kind

    async def leaves_in_a_task(_payload):
        await asyncio.create_task(leaves(_payload))

    async def stays(payload):
        return payload

    for function in (leaves, leaves_in_a_task):
        with pytest.raises(kind):
            call(function, loop)
    assert call(stays, loop) == "P"


def test_closing_cancels_what_has_not_ended(loop):
    begun, ended = threading.Event(), threading.Event()

    async def waits(_payload):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def wait():
        with pytest.raises(concurrent.futures.CancelledError):
            call(waits, loop)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    assert begun.wait(10)
    loop.close()
    assert ended.wait(10)
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_method_without_its_object_is_refused(loop):
    class Shop:
        def reserve(self, payload):
            """Would be called with the payload as self."""

    with pytest.raises(ConsumerError) as caught:
        handler.read(Shop.reserve, loop)
    assert str(caught.value).startswith("the handler Shop.reserve is a method without its object\n")
    assert "app.subscribe(…)(shop.reserve)" in str(caught.value)


def test_a_method_of_an_object_is_a_handler(loop):
    class Shop:
        def reserve(self, payload):
            return payload

    assert call(Shop().reserve, loop) == "P"
