"""The full-screen program by its keys, at the sizes of terminals; no key leads a person astray, and nothing is left held."""

import io
import json
import re
import sys
import threading

import pytest
from textual.widgets import Input

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.cli.environment import Environment
from megaql.cli.main import main
from megaql.cli.watching import panels
from megaql.cli.watching.app import WatchApp
from megaql.cli.watching.detail import Detail
from megaql.cli.watching.help import TEXT
from megaql.cli.watching.rows import REMEMBERED
from megaql.scan.budget import StopReason
from tests.cli.watch.conftest import PATIENCE, ROOT, using, world


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


def test_a_tick_that_was_due_at_the_end_draws_nothing(many):
    ended = []

    async def scenario(screen):
        ended.append(screen.app)

    using(scenario, target=str(many))
    (app,) = ended
    app._view = None  # as if more had been judged
    app.look()


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
