"""The pictures of the pages are what the program draws, in colour, as a terminal would show it; MEGAQL_UPDATE_GOLDEN=1 draws them anew."""

import asyncio
import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from megaql.broker.target import Connection
from megaql.cli.environment import Color, Environment
from megaql.cli.main import main
from megaql.cli.queries.typed import compile_given
from megaql.cli.watching import session
from megaql.cli.watching.app import WatchApp
from megaql.query import compile as compile_query
from megaql.scan.target import open_source
from tests.docs.terminal_svg import picture, words

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
QUERY = 'event.name == "order.paid" and number(event.total) > 50'

#: The longest that the full-screen program may take to show what it is asked for. Seconds.
PATIENCE = 30


def terminal(width):
    return Environment(
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        stdout_isatty=True,
        color=Color.ALWAYS,
        width=width,
        now=lambda: datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        zone=UTC,
    )


def same(name, new):
    """Compare a picture with the page's."""
    place = DOCS / name
    if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
        place.write_text(new, encoding="utf-8")
    old = place.read_text(encoding="utf-8")
    assert words(old) == words(new)
    assert len(words(old)) > 30
    assert not re.search(r"url\(\s*[\"']?http|href=|<script", old)
    assert place.stat().st_size < 60_000


def test_stats():
    world = terminal(80)
    assert main(["stats", str(HERE / "failed.ndjson"), "-w", QUERY], world) == 0
    drawn = world.stdout.getvalue().partition("\x1b[1msize")[0].rstrip()
    typed = Text("$ ", "dim") + Text(f"megaql stats failed.ndjson \\\n    -w '{QUERY}'")
    title = "Numbers of a dead-letter queue, as megaql stats draws them"
    same("stats.svg", picture(typed, Text.from_ansi(drawn), width=80, title=title))


async def watched(app):
    """Return the screen of the program with all that was read and, below, what kept the others out."""
    async with app.run_test(size=(100, 28)) as pilot:

        async def until(name, said):
            for _ in range(PATIENCE * 50):
                if said in str(app.query_one(name).render()):
                    break
                await pilot.pause(0.02)

        await until("#state", "ended")
        await pilot.press("2")
        await until("#funnel-text", "near misses")
        await pilot.wait_for_scheduled_animations()
        await pilot.pause()
        return app.screen._compositor.render_update(full=True)


def test_watch(monkeypatch):
    monkeypatch.chdir(HERE)
    world = terminal(100)
    source = session._watched(world, open_source("failed.ndjson"), Connection(), session.Allowed())
    app = WatchApp(world, source, QUERY, lambda text: compile_given(world, text, None, None), lambda: False)
    try:
        source.start(compile_query(QUERY))
        screen = asyncio.run(watched(app))
    finally:
        source.close()
        for thread in (*source.feeds, source.sieve):
            thread.join(PATIENCE)
    title = "megaql watch: a query, the messages that match, and what kept the others out"
    same("watch.svg", picture(screen, width=100, title=title))
