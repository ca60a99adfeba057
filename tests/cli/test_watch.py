"""The full-screen program by its keys, at the sizes of terminals; no key leads a person astray, and nothing is left held."""

import asyncio
import io
import json
import re
import sys
import threading
from datetime import UTC
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Input, Static

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.cli.environment import Environment
from megaql.cli.main import main
from megaql.cli.queries.typed import compile_given
from megaql.cli.watching import panels, session
from megaql.cli.watching.app import WatchApp
from megaql.cli.watching.detail import Detail
from megaql.cli.watching.help import TEXT
from megaql.cli.watching.rows import REMEMBERED, Rows
from megaql.query import compile as compile_query
from megaql.scan.budget import StopReason
from megaql.scan.target import open_source

ROOT = Path(__file__).parents[2]

#: The longest that a step of a test may take. Seconds.
PATIENCE = 30


def world():
    return Environment(
        stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), environ={"NO_COLOR": "1"}, zone=UTC
    )


@pytest.fixture
def queue():
    made = Queue.open("local:orders", create=True)
    bodies = [{"type": "big" if number > 6 else "small", "n": number, "who": {"name": 'A "B"'}} for number in range(10)]
    made.send_batch([Outgoing(json.dumps(body)) for body in bodies])
    yield made
    made.client.close()


class Screen:
    """The program under test with what a person sees of it."""

    def __init__(self, app, pilot):
        self.app, self.pilot = app, pilot
        self.press, self.resize = pilot.press, pilot.resize_terminal

    def text(self, name):
        return str(self.app.query_one(f"#{name}", Static).render())

    @property
    def rows(self):
        return self.app.query_one(Rows)

    @property
    def lines(self):
        rows = self.rows
        return [rows.render_line(y).text.rstrip() for y in range(rows.size.height)]

    async def until(self, condition):
        for _ in range(PATIENCE * 50):
            if condition():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.02)
        raise AssertionError((self.text("state"), self.text("wrong")))

    async def type(self, text):
        """Put a text into the query box, as pasting does: what is typed letter by letter is many a query on the way."""
        await self.press("slash")
        self.app.query_one(Input).value = text


def using(scenario, target="local:orders", where="", size=(80, 24), prepare=lambda _watched: None):
    """Run a scenario on the program over a source, and end it as `watch` does."""
    place = world()
    watched = session._watched(place, open_source(target), Connection(), session.Allowed())
    prepare(watched)
    app = WatchApp(place, watched, where, lambda text: compile_given(place, text, None, None), lambda: False)

    async def run():
        async with app.run_test(size=size) as pilot:
            await scenario(Screen(app, pilot))

    try:
        watched.start(compile_query(where) if where else None)
        asyncio.run(run())
    finally:
        watched.close()
        for thread in (*watched.feeds, watched.sieve):
            thread.join(PATIENCE)
    return watched


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_messages_are_shown_and_given_back(queue, size):
    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        assert screen.lines[0].split() == ["id", "sent", "recv", "event", "payload"]
        assert screen.lines[-1] or size[1] == 40 or len(screen.lines) > 11
        assert screen.text("state") == "orders: seen 10  reading"
        assert screen.rows.chosen == 10, "the table follows what comes"
        assert queue.info().in_flight == 10

    using(scenario, size=size)
    assert (queue.info().in_flight, queue.info().visible) == (0, 10)


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


def test_nothing_is_drawn_where_nothing_changes(many):
    async def scenario(screen):
        await screen.until(lambda: "ended" in screen.text("state"))
        drawn = []
        screen.app._state.update = drawn.append
        for _ in range(3):
            screen.app.look()
        assert drawn == []

    using(scenario, target=many)


@pytest.mark.parametrize("name", ["a" * 80, "orders"])
def test_the_counts_have_room_beside_a_long_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text('{"n": 1}\n')

    async def scenario(screen):
        await screen.until(lambda: "ended" in screen.text("state"))
        assert "seen 1  matched 1  ended" in screen.text("state")[:60]

    using(scenario, target=f"./{name}", where="n == 1", size=(60, 15))


@pytest.mark.usefixtures("queue")
def test_the_funnel_and_the_leases():
    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 2)
        await screen.press("2")
        await screen.until(lambda: "near misses" in screen.text("funnel-text"))
        assert "10 messages: 2 match, 8 no match" in screen.text("funnel-text")
        await screen.press("3")
        assert "10 held; they return in" in screen.text("leases-text")
        assert screen.text("leases-text").count("recv 1") == 10
        text = panels.leases(screen.app._watched, sys.maxsize, world(), 80)
        assert str(text) == "nothing is held"

    using(scenario, where='type == "big" and n > 7')


def test_the_chosen_message_stays_when_others_come(queue):
    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        await screen.press("home", "down")
        assert screen.rows.chosen == 2
        queue.send(Outgoing('{"n": 10}'))
        await screen.until(lambda: len(screen.rows.numbers) == 11)
        assert screen.rows.chosen == 2
        assert [line[0] for line in screen.lines if line.startswith(">")] == [">"]
        await screen.press("end")
        queue.send(Outgoing('{"n": 11}'))
        await screen.until(lambda: len(screen.rows.numbers) == 12)
        assert screen.rows.chosen == 12

    using(scenario)


def test_a_message_that_is_read_is_not_replaced_by_what_comes(queue):
    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        await screen.press("end", "1", "down", "down", "down")
        queue.send(Outgoing('{"n": 10}'))
        await screen.until(lambda: len(screen.rows.numbers) == 11)
        await screen.press("c")
        assert (screen.rows.chosen, screen.app.clipboard) == (10, "n == 9")

    using(scenario)


def test_pause_receives_nothing_and_goes_on(queue):
    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        await screen.press("p")
        assert screen.text("state").endswith("  paused")
        # The receive that waits already may bring one message; then there is none.
        for number in (10, 11, 12):
            queue.send(Outgoing(f'{{"n": {number}}}'))
            await screen.pilot.pause(0.1)
        await screen.until(lambda: queue.info().visible >= 1)
        assert len(screen.rows.numbers) <= 12
        await screen.press("p")
        await screen.until(lambda: len(screen.rows.numbers) == 13)

    using(scenario)


def test_a_fifo_queue_is_read_once_and_again_on_demand():
    queue = Queue.open("local:orders.fifo", create=True)
    queue.send_batch([Outgoing(f'{{"n": {number}}}', group_id="g") for number in range(3)])

    async def scenario(screen):
        await screen.until(lambda: "ended: a FIFO queue is read with one receive" in screen.text("state"))
        assert len(screen.rows.numbers) == 3
        assert queue.info().in_flight == 0
        await screen.press("r")
        await screen.until(lambda: len(screen.rows.numbers) == 6)
        await screen.press("3")
        assert screen.text("leases-text") == "nothing is held"

    using(scenario, target="local:orders.fifo")
    queue.client.close()


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("size", [(80, 24), (60, 15)], ids=["80x24", "60x15"])
def test_why_reading_has_ended_is_all_there(size):
    """On a queue that dead-letters a message that came back ends it, which takes more than a line to say."""

    def came_back(watched):
        def state():
            return f"ended: {StopReason.RETURNED.value} (r reads again)"

        watched.state = state

    async def scenario(screen):
        await screen.until(lambda: "ended" in screen.text("state"))
        await screen.pilot.pause()
        strips = screen.app.screen._compositor.render_strips()
        lines = ["".join(segment.text for segment in strip).strip() for strip in strips]
        assert f"{StopReason.RETURNED.value} (r reads again)" in " ".join(lines)
        assert any(line.startswith("id  ") for line in lines)

    using(scenario, prepare=came_back, size=size)


def test_hostile_text_is_harmless(tmp_path):
    file = tmp_path / "bad.ndjson"
    file.write_text(json.dumps({"a\x1b[31m": "[bold]x[/bold]\x1b]0;title\x07", "rtl": "\u202e"}) + "\nnot json\n")

    async def scenario(screen):
        await screen.until(lambda: screen.rows.numbers)
        await screen.press("home", "1", "down", "down", "c")
        shown = "".join(screen.lines) + "".join(
            str(n.label) for n in screen.app.query_one(Detail).root.children[0].children
        )
        assert "\x1b" not in shown
        assert "[bold]x[/bold]" in shown
        assert "\u202e" not in shown

    using(scenario, target=str(file))


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    file = tmp_path_factory.mktemp("many") / "many.ndjson"
    file.write_text("".join(json.dumps({"n": number, "type": f"t{number % 7}"}) + "\n" for number in range(10_500)))
    return str(file)


def test_ten_thousand_messages_are_bounded_and_only_what_is_seen_is_drawn(many):
    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10_000)
        assert "the last 10,000 kept" in screen.text("state")
        await screen.press("home", "pagedown", "pagedown", "end", "pageup")
        assert screen.rows._cells.cache_info().misses < REMEMBERED
        assert screen.rows.numbers[0] == 501
        await screen.type('type == "t3"')
        await screen.until(lambda: 0 < len(screen.rows.numbers) < 2_000 and "judging" not in screen.text("state"))

    using(scenario, target=many)


def test_keys_are_heard_while_messages_are_judged(many):
    """The judge is stopped in the middle, for as long as the keys take: were it the loop's work, they would never come."""
    go, waiting = threading.Event(), threading.Event()

    def prepare(watched):
        judge = watched.sieve._judge

        def slow(message):
            if watched.sieve._query is not None:
                waiting.set()
                go.wait(PATIENCE)
            return judge(message)

        watched.sieve._judge = slow

    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10_000)
        await screen.type("n > 7")
        await screen.until(waiting.is_set)
        await screen.press("escape", "question_mark")
        assert len(screen.app.screen_stack) == 2
        await screen.press("escape", "2", "p")
        assert screen.app.query_one(Input).value == "n > 7"
        assert not go.is_set()
        go.set()
        await screen.until(lambda: len(screen.rows.numbers) == 10_000)

    try:
        using(scenario, target=many, prepare=prepare)
    finally:
        go.set()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80", "120"])
def test_the_screen(tmp_path, monkeypatch, golden, size):
    """The screen of 80 columns is on the page for the task."""
    page = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    (messages,) = re.findall(r"^```json lines shop.ndjson\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seen.ndjson").write_text(messages)

    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 2 and "ended" in screen.text("state"))
        await screen.press("home", "1", *["down"] * 5)
        await screen.pilot.pause()
        strips = screen.app.screen._compositor.render_strips()
        lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
        golden(f"watch-{size[0]}", "\n".join(lines) + "\n")

    using(scenario, target="seen.ndjson", where='event.subject == "customer-17"', size=size)


@pytest.mark.usefixtures("queue")
def test_without_colours_there_are_none(monkeypatch):
    """Not even greys: on a light background they would be a dark block."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(screen):
        await screen.until(lambda: len(screen.rows.numbers) == 10)
        for keys in (["1", "down"], ["slash", "="], ["escape", "question_mark"]):
            await screen.press(*keys)
            await screen.pilot.pause()
            styles = [segment.style for strip in screen.app.screen._compositor.render_strips() for segment in strip]
            painted = {color for style in styles if style for color in (style.color, style.bgcolor) if color}
            assert {color for color in painted if not color.is_default} == set()
        assert max(map(len, TEXT.splitlines())) <= 68, "no line of the keys is broken at 80 columns"

    using(scenario)


def test_the_page_shows_the_screen():
    page = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```text screen\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown == (ROOT / "tests" / "cli" / "golden" / "watch-80.txt").read_text(encoding="utf-8")


def test_help_fits_and_closes(queue):
    async def scenario(screen):
        await screen.press("question_mark")
        await screen.resize(60, 15)
        await screen.press("escape")
        assert len(screen.app.screen_stack) == 1
        await screen.resize(120, 40)
        await screen.press("slash", "q")
        assert screen.app.query_one(Input).value == "q", "in the query, a letter is a letter"
        await screen.press("ctrl+c")

    using(scenario)
    assert queue.info().in_flight == 0


def test_without_textual_it_says_what_to_install(megaql, monkeypatch):
    monkeypatch.setitem(sys.modules, "textual", None)
    for name in [name for name in sys.modules if name.startswith(("megaql.cli.watching", "textual."))]:
        monkeypatch.delitem(sys.modules, name)
    result = megaql("watch", "local:orders", tty=True)
    assert result.status == 2
    assert "pip install 'megaql[tui]'" in result.err
    assert [line.split(":")[0].strip() for line in result.err.splitlines()] == ["error", "where", "why", "next"]


def test_without_a_terminal_it_says_what_to_use(megaql, queue):
    result = megaql("watch", "local:orders")
    assert result.status == 2
    assert "peek TARGET --follow" in result.err
    assert queue.receive()[0].receive_count == 1, "nothing was received"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["./missing.ndjson"], "There is no such file"),
        (["./folder"], "A file cannot be read"),
        (["local:orders", "--lease", "5s"], "A scan's lease is 10 to 60 seconds, not 5"),
        (["-"], "needs messages on standard input"),
    ],
)
@pytest.mark.usefixtures("queue")
def test_what_is_wrong_from_the_beginning_is_said_before_there_is_a_screen(tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(WatchApp, "run", lambda _self: pytest.fail("there is a screen"))
    terminal = {"stdin_isatty": True, "stdout_isatty": True, "stderr_isatty": True, "environ": {"NO_COLOR": "1"}}
    place = Environment(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), **terminal)
    assert main(["watch", *arguments], place) == 2
    told = place.stderr.getvalue()
    assert says in " ".join(told.split())
    parts = [line for line in told.splitlines() if not line.startswith("    ")]
    assert [part.split(":")[0].strip() for part in parts] == ["error", "where", "why", "next"]
    assert max(len(line) for line in told.splitlines()) <= place.width
