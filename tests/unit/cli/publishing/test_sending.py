"""The progress line of a long publishing: on a terminal's standard error, after a second, and gone at the end."""

import io

import pytest

from megaql.broker.outgoing import Outgoing
from megaql.broker.publisher import Publisher
from megaql.cli.environment import Environment
from megaql.cli.publishing.sending import send


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Publish so many messages, each hundred of which takes half a second, and return what both streams were given."""
    monkeypatch.setenv("MEGAQL_HOME", str(tmp_path))

    def publish(count, *, tty=True, total=None, interactive=False, rate=None, stdout_isatty=False):
        world = Environment(
            stdin=io.StringIO(),
            stdout=io.StringIO(),
            stderr=io.StringIO(),
            stdin_isatty=interactive,
            stdout_isatty=stdout_isatty,
            stderr_isatty=tty,
        )
        now = [0.0]

        def entries():
            for number in range(count):
                if number % 100 == 0:
                    now[0] += 0.5
                yield Outgoing(f"body {number}")

        def sleep(seconds):
            now[0] += seconds

        status = send(
            world,
            Publisher("local:orders"),
            entries(),
            interactive=interactive,
            rate=rate,
            total=total,
            clock=lambda: now[0],
            sleep=sleep,
        )
        assert status == 0
        assert len(world.stdout.getvalue().splitlines()) == count
        return world.stderr.getvalue()

    return publish


def test_a_long_publishing_says_how_far_it_is(published):
    text = published(500, total=500)
    assert "published 300  of 500" in text
    assert "published 400  of 500" in text
    assert text.endswith("\r\x1b[Kpublished 500 messages to local:orders\n"), "the line is gone before the last word"


def test_what_is_to_come_is_not_known_of_a_file(published):
    assert "published 300 …" in published(400)


def test_with_a_rate(published):
    """So slowly that no request takes long: it is the time between them that is long."""
    assert "published 3  of 5" in published(5, rate=1, total=5)


def test_a_short_one_says_nothing(published):
    assert published(100, total=100) == "published 100 messages to local:orders\n"


@pytest.mark.parametrize("settings", [{"tty": False}, {"interactive": True}], ids=["pipe", "typed"])
def test_neither_a_pipe_nor_somebody_who_types_sees_it(published, settings):
    assert published(500, total=500, **settings) == "published 500 messages to local:orders\n"
