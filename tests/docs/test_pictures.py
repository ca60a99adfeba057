"""The pictures of the pages are what the program draws, in colour, as a terminal would show it; MEGAQL_UPDATE_GOLDEN=1 draws them anew."""

import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from megaql.cli.environment import Color, Environment
from megaql.cli.main import main
from tests.cli.watch.conftest import using
from tests.docs.terminal_svg import picture, words

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
QUERY = 'event.name == "order.paid" and number(event.total) > 50'


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


def test_watch(monkeypatch):
    monkeypatch.chdir(HERE)
    drawn = []

    async def scenario(screen):
        await screen.until(lambda: "ended" in screen.text("state"))
        await screen.press("2")
        await screen.until(lambda: "near misses" in screen.text("funnel-text"))
        await screen.pilot.wait_for_scheduled_animations()
        await screen.pilot.pause()
        drawn.append(screen.app.screen._compositor.render_update(full=True))

    using(scenario, "failed.ndjson", QUERY, (100, 28), place=terminal(100))
    title = "megaql watch: a query, the messages that match, and what kept the others out"
    same("watch.svg", picture(*drawn, width=100, title=title))
