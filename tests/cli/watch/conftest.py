"""The full-screen program over a queue or a file, with what a person sees of it."""

import asyncio
import io
import json
from datetime import UTC
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.cli.environment import Environment
from megaql.cli.queries.typed import compile_given
from megaql.cli.watching import session
from megaql.cli.watching.app import WatchApp
from megaql.cli.watching.rows import Rows
from megaql.query import compile as compile_query
from megaql.scan.target import open_source

ROOT = Path(__file__).parents[3]

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


def using(scenario, target="local:orders", where="", size=(80, 24), *, prepare=lambda _watched: None, place=None):
    """Run a scenario on the program over a source, and end it as `watch` does."""
    place = place or world()
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


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    file = tmp_path_factory.mktemp("many") / "many.ndjson"
    file.write_text("".join(json.dumps({"n": number, "type": f"t{number % 7}"}) + "\n" for number in range(10_500)))
    return str(file)
