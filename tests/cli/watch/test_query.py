"""The query of the full-screen program: typed, pasted, and put together from places of a message."""

import json

import pytest
from textual.events import Key, Paste
from textual.widgets import Input

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.cli.watching.detail import Detail
from tests.cli.watch.conftest import PATIENCE, using


@pytest.mark.usefixtures("queue")
def test_a_wrong_query_keeps_the_last_valid_one_and_says_what_is_wrong():
    async def scenario(screen):
        await screen.type('type == "big"')
        await screen.until(lambda: len(screen.rows.numbers) == 3)
        assert not screen.app.query_one("#wrong").display
        await screen.type("n = 3")
        await screen.until(lambda: screen.app.query_one("#wrong").display)
        wrong = screen.text("wrong")
        assert "did you mean '=='" in wrong
        assert "^ replace with ==" in wrong
        assert len(screen.rows.numbers) == 3
        await screen.press("enter")
        assert screen.app.focused.id == "query", "a query that is none leads nowhere"
        await screen.type("n == 3")
        await screen.press("enter")
        await screen.until(lambda: len(screen.rows.numbers) == 1)
        assert not screen.app.query_one("#wrong").display
        assert screen.app.focused.id == "rows"

    using(scenario)


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("pasted", "box"),
    [
        (' and type == "big"\n', ' and type == "big"'),
        ('type == "big"   # of them all\n  and n > 7\n', 'type == "big" and n > 7'),
        ('type == "big"  # as a terminal sends it\rand n > 7\r', 'type == "big" and n > 7'),
        (" and n > 7\n\n  and n < 9", " and n > 7 and n < 9"),
        (" and n > 7  # of them\n  and type == '#'", " and n > 7 and type == '#'"),
        ("# Large ones.\nn > $least  # as -p says\nand n < 9", "n > $least and n < 9"),
        ("", ""),
    ],
    ids=["a line", "a query", "by a terminal", "a part", "a part with a comment", "with a parameter", "nothing"],
)
def test_what_is_pasted_arrives_whole(pasted, box):
    async def scenario(screen):
        await screen.press("slash")
        screen.app.query_one(Input).post_message(Paste(pasted))
        await screen.until(lambda: screen.app.query_one(Input).value == box)
        screen.app.query_one(Input).post_message(Paste("or x"))
        await screen.until(lambda: screen.app.query_one(Input).value == f"{box}or x")

    using(scenario)


@pytest.mark.usefixtures("queue")
def test_a_place_of_the_tree_becomes_the_query():
    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        await screen.press("c")
        assert screen.app.clipboard == "", "no place is chosen yet"
        detail = screen.app.query_one(Detail)
        await screen.press("1")
        names = [str(node.label) for node in detail.root.children[0].children]
        assert names == ['type: "big"', "n: 9", "who  (1 key)"]
        await screen.press("down", "down")
        await screen.press("c")
        assert screen.app.clipboard == 'type == "big"'
        await screen.press("f")
        await screen.until(lambda: len(screen.rows.numbers) == 3)
        await screen.press("down", "down", "down", "f")
        await screen.until(lambda: "who" in screen.app.query_one(Input).value)
        assert screen.app.query_one(Input).value == r'type == "big" and who.name == "A \"B\""'

    using(scenario)


@pytest.mark.usefixtures("queue")
def test_keys_that_come_in_one_packet_are_heard_in_their_order():
    """A text that is pasted, or typed on a slow line: the `q` of `/quantity` quits nothing."""

    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        for keys, done in (
            (("slash", *"qp1r"), lambda: not screen.rows.numbers and screen.app.query_one(Input).value == "qp1r"),
            (("escape", "slash", *("backspace",) * 4), lambda: len(screen.rows.numbers) == 10),
            (("escape", "1", "down", "down", "c"), lambda: screen.app.clipboard == 'type == "big"'),
        ):
            for key in keys:
                screen.app.post_message(Key(key, key if len(key) == 1 else None))
            await screen.until(done)
        assert screen.text("state").endswith("  reading"), "nothing was paused"
        assert len(screen.app.screen_stack) == 1

    using(scenario)


@pytest.mark.usefixtures("queue")
def test_filters_that_follow_at_once_are_all_in_the_query(monkeypatch):
    """Before any of what was typed is taken by the timer."""
    monkeypatch.setattr("megaql.cli.watching.app.REST", PATIENCE)

    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        await screen.type("exists who")
        await screen.press("escape", "1", "down", "down", "f", "down", "f")
        assert screen.app.query_one(Input).value == 'exists who and type == "big" and n == 9'

    using(scenario)


def test_what_was_said_last_is_all_that_is_said(queue):
    queue.send(Outgoing('{"red": "[red]x[/red] [@click=app.quit]y[/]"}'))

    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 11)
        await screen.press("end", "1", "down", "down", "c", "c", "c")
        (said,) = screen.app._notifications
        assert (said.message, said.markup) == ('red == "[red]x[/red] [@click=app.quit]y[/]"', False)

    using(scenario)


@pytest.mark.parametrize(
    ("body", "keys", "clause"),
    [
        ("some text", ["down"], '@body == "some text"'),
        (json.dumps({"long": "x" * 20_000}), ["down", "down"], "exists long"),
    ],
    ids=["text", "long"],
)
def test_a_place_without_a_short_value_is_a_query_too(body, keys, clause):
    queue = Queue.open("local:one", create=True)
    queue.send(Outgoing(body))
    queue.client.close()

    async def scenario(screen):
        await screen.until(lambda: screen.rows.numbers)
        await screen.press("1", *keys, "c")
        assert screen.app.clipboard == clause
        await screen.press("f", "f")
        assert screen.app.query_one(Input).value == f"{clause} and {clause}"

    using(scenario, target="local:one")
