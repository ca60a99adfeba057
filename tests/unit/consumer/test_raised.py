"""What logs say of exceptions: types and places, whoever formats the record, and never what an exception, its notes or its lines say."""

import asyncio
import copy
import io
import json
import logging
import pickle
import re

import pytest

from megaql.codec.payloads import MegaEvent
from megaql.consumer import raised
from megaql.consumer.app import App
from megaql.consumer.backoff import Backoff
from megaql.consumer.journal import LOGGER
from megaql.consumer.jsonlog import JsonFormatter
from megaql.consumer.ledger import MemoryLedger
from megaql.consumer.middleware import Middleware

CARD = "4111-1111"


class CardError(Exception):
    """An error that quotes in every way there is."""

    def __init__(self, card):
        super().__init__(card)
        self.add_note(f"the card was {card}")


def chained(card):
    try:
        {}[card]
    except KeyError as error:
        raise CardError(card) from error


def in_context(card):
    try:
        {}[card]
    except KeyError:
        raise CardError(card)  # noqa: B904 - what is in its context must not be quoted either


def grouped(card):
    try:
        chained(card)
    except CardError as error:
        raise ExceptionGroup(f"cards {card}", [error, ExceptionGroup(card, [ValueError(card)])]) from None


def compiled(card):
    # Its source line, where traceback finds one, holds the value itself.
    exec(compile(f"raise LookupError({card!r})", f"<card {len(card)}>", "exec"))


def caught(function):
    try:
        function(CARD)
    except BaseException as error:  # noqa: BLE001 - what is formatted
        return error
    return None


@pytest.fixture
def written():
    """Two logs beside each other, as programs set them up: the standard library's own form, and JSON."""
    plain, as_json = (logging.StreamHandler(io.StringIO()) for _ in range(2))
    as_json.setFormatter(JsonFormatter())
    for handler in (plain, as_json):
        LOGGER.addHandler(handler)
    yield lambda: [handler.stream.getvalue() for handler in (plain, as_json)]
    for handler in (plain, as_json):
        LOGGER.removeHandler(handler)


@pytest.mark.parametrize("function", [chained, in_context, grouped, compiled])
def test_no_log_quotes_what_a_handler_raises(*, world, app, queue, drain, written, caplog, function):
    world.send(queue, MegaEvent("item.added", attributes={"card": CARD}))
    app.subscribe(name="item.added", subscription="pay")(lambda event: function(event.attributes["card"]))
    assert drain(app, limit=1).retried == 1
    plain, as_json = written()
    kind = type(caught(function)).__name__
    assert f"pay raised {kind} on message" in plain
    assert re.search(rf"^{kind}\n  at .*:\d+ in ", plain, re.MULTILINE)
    assert f"{__file__}:" in plain
    assert json.loads(as_json.splitlines()[-1])["error"]["type"] == kind
    assert CARD not in plain + as_json + caplog.text
    assert CARD not in str([vars(record) for record in caplog.records])
    assert "the card was" not in plain + as_json


class Ledger(MemoryLedger):
    def done(self, message_id):  # noqa: ARG002 - the protocol's own parameter
        raise CardError(CARD)


class Hook(Middleware):
    def after_match(self, message, match):  # noqa: ARG002 - the hook's own parameters
        raise CardError(CARD)


async def fails():
    chained(CARD)


async def leaves_a_task(_event):
    await asyncio.wait([asyncio.ensure_future(fails())])  # and nobody asks how it went


def test_no_log_quotes_what_ledgers_hooks_and_tasks_raise(*, world, queue, drain, written):
    world.send(queue, MegaEvent("item.added"), MegaEvent("item.added"))
    app = App(queue, backoff=Backoff(random=lambda: 1.0), ledger=Ledger(), middleware=[Hook()])
    app.subscribe(name="item.added")(lambda _event: None)
    drain(app, limit=1)
    app = App(queue)
    app.subscribe(name="item.added")(leaves_a_task)
    drain(app, limit=1)
    plain, as_json = written()
    for told in (
        "the ledger cannot tell",
        "the hook Hook.after_match raised CardError",
        "left on the event loop raised",
    ):
        assert told in plain
    assert CARD not in plain + as_json


def test_an_unforeseen_error_of_a_batch_is_told_by_type_and_place(*, world, app, queue, drain, written, monkeypatch):
    def broken(_queue, messages, *_rest, **_more):
        raise ValueError(messages[0].body)

    world.send(queue, {"card": CARD})
    app.subscribe("exists card")(lambda _data: None)
    monkeypatch.setattr(type(queue), "delete", broken)
    assert drain(app, limit=1).undone == 1
    plain, as_json = written()
    assert "could not delete message" in plain
    assert f"ValueError at {__file__}:" in plain
    assert CARD not in plain + as_json


def test_chains_and_groups_are_told_by_type_and_place():
    told = raised.told(caught(grouped))
    assert (told["type"], "causes" in told) == ("ExceptionGroup", False)
    assert [one["type"] for one in told["exceptions"]] == ["CardError", "ValueError"]
    assert told["exceptions"][0]["where"].endswith("in chained")
    told = raised.told(caught(chained))
    assert [(one["type"], one["where"].rpartition(" ")[2]) for one in told["causes"]] == [("KeyError", "chained")]
    assert "text" not in told["causes"][0]


def test_a_group_behind_an_exception_is_looked_into():
    def behind(card):
        try:
            grouped(card)
        except ExceptionGroup as error:
            raise RuntimeError from error

    assert [one["type"] for one in raised.told(caught(behind))["exceptions"]] == ["CardError", "ValueError"]


def test_a_stack_begins_in_the_users_own_code(world, queue, drain, caplog):
    """An async handler is reached through the standard library's futures."""

    async def handler(event):
        grouped(event.attributes["card"])

    world.send(queue, MegaEvent("item.added", attributes={"card": CARD}))
    app = App(queue)
    app.subscribe(name="item.added")(handler)
    drain(app, limit=1)
    [record] = [record for record in caplog.records if hasattr(record, "error")]
    assert [place.rpartition(" ")[2] for place in record.error["stack"]] == ["grouped", "handler"]


def test_lines_for_people():
    error = caught(chained)
    first, *places, cause = raised.lines(raised.told(error), 1)
    assert (first, len(places)) == ("CardError", 1)
    assert re.fullmatch(r"behind it KeyError at .*test_raised\.py:\d+ in chained", cause)
    assert next(raised.lines(raised.told(error, text=True))) == f"CardError: {CARD}"


def test_an_exception_that_cannot_be_printed_has_no_text():
    class Unprintable(Exception):  # noqa: N818 - as above
        def __str__(self):
            raise RuntimeError

    assert raised.told(Unprintable(), text=True)["text"] == ""


def test_no_source_file_is_opened(monkeypatch):
    monkeypatch.setattr("linecache.getlines", pytest.fail)
    assert raised.told(caught(chained))["stack"]


def test_records_are_copied_and_pickled_as_logging_does_it():
    record = logging.makeLogRecord({"error": raised.Raised(caught(chained))})
    assert raised.of(copy.copy(record)).exception is record.error.exception
    assert type(copy.copy(record.error)) is dict
    assert pickle.loads(pickle.dumps(record.error)) == dict(record.error)


def test_records_of_other_loggers_keep_their_exception():
    record = logging.makeLogRecord({"exc_info": (None, caught(chained), None)})
    assert raised.of(record)["type"] == "CardError"
    assert raised.of(logging.makeLogRecord({"error": "something of the program's own"})) is None
