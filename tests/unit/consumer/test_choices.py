"""What a run goes by: code, then the environment, then `megaql.toml`, then the default."""

import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from megaql import App
from megaql.broker.target import Connection
from megaql.consumer import choices
from megaql.consumer.backoff import Backoff
from megaql.consumer.ledger import SQLiteLedger
from megaql.errors import ConfigError, ConsumerError
from megaql.settings import Settings


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current directory of the test's own; the function writes its `megaql.toml`."""
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "megaql.toml").write_text


def seconds(number):
    return timedelta(seconds=number)


def test_the_first_that_was_said_holds():
    assert choices.first(0, 1, 2) == 0
    assert choices.first(None, 0, 2) == 0
    assert choices.first(None, None, 2) == 2


def test_the_back_off():
    assert choices.backoff(None, Settings()) == Backoff()
    assert choices.backoff(None, Settings(backoff_base=seconds(1))) == Backoff(seconds(1))
    assert choices.backoff(None, Settings(backoff_cap=seconds(2))) == Backoff(seconds(2), seconds(2))
    assert choices.backoff(Backoff(seconds(3)), Settings(backoff_base=seconds(1))) == Backoff(seconds(3))
    with pytest.raises(ConsumerError, match="do not fit"):
        choices.backoff(None, Settings(backoff_base=seconds(5), backoff_cap=seconds(2)))


def test_the_way_to_aws():
    settings = Settings(profile="p", region="eu-west-1", endpoint_url="http://127.0.0.1:1")
    assert choices.connection(None, None, settings) == Connection("p", None, "http://127.0.0.1:1", "eu-west-1")
    own, given = Connection("own", "us-east-1", "http://127.0.0.1:2"), Connection(region="us-west-2")
    assert choices.connection(None, own, settings) == Connection("own", "us-east-1", "http://127.0.0.1:2", "eu-west-1")
    assert choices.connection(given, own, settings) == Connection("own", "us-west-2", "http://127.0.0.1:2", "eu-west-1")
    assert choices.connection(given, None, settings) == Connection("p", "us-west-2", "http://127.0.0.1:1", "eu-west-1")


@pytest.mark.parametrize(
    ("unmatched", "unknown", "settings", "expected"),
    [
        (None, None, Settings(), ("delete", "delete")),
        ("return", None, Settings(), ("return", "return")),
        (None, None, Settings(unmatched="return"), ("return", "return")),
        (None, None, Settings(unmatched="return", unknown="delete"), ("return", "delete")),
        ("delete", None, Settings(unmatched="return", unknown="dead-letter"), ("delete", "dead-letter")),
        ("return", "return", Settings(unmatched="delete", unknown="delete"), ("return", "return")),
    ],
)
def test_what_becomes_of_the_unmatched(unmatched, unknown, settings, expected):
    assert choices.policies(unmatched, unknown, settings) == expected


def test_a_run_takes_the_file_and_the_environment(world, queue, here, monkeypatch, drain):
    here('[run]\nunmatched = "delete"\nledger = "done.db"\n')
    monkeypatch.setenv("MEGAQL_UNMATCHED", "dead-letter")
    app = App(queue)
    app.subscribe("exists n", subscription="done")(lambda _data: None)

    @app.subscribe("exists n", subscription="later")
    def later(_data):
        raise ConnectionError

    message, _ = world.send(queue, {"n": 1}, {"other": 1})
    report = drain(app)
    assert (report.retried, report.unmatched) == (1, 1)
    assert world.bodies(queue.dead_letter_queue()) == ['{"other":1}']
    with closing(SQLiteLedger("done.db")) as ledger:
        assert ledger.done(message) == {"done"}


def test_concurrency_of_the_environment(world, queue, monkeypatch, drain):
    monkeypatch.setenv("MEGAQL_CONCURRENCY", "2")
    app = App(queue)
    both = threading.Barrier(2, timeout=30)
    app.subscribe("exists n")(lambda _data: both.wait() and None)
    world.send(queue, {"n": 0}, {"n": 1})
    assert drain(app).handled == 2


def test_settings_from_outside_are_told_at_the_start(queue, here, monkeypatch, drain, caplog):
    here("[run]\nconcurrency = 2\n")
    monkeypatch.setenv("MEGAQL_UNMATCHED", "return")
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    drain(app)
    told = f"settings from outside the code: concurrency ({Path.cwd() / 'megaql.toml'}, line 2), unmatched (MEGAQL_UNMATCHED)"
    assert told in [record.getMessage() for record in caplog.records]


def test_code_comes_before_the_environment(world, queue, monkeypatch, drain):
    monkeypatch.setenv("MEGAQL_UNMATCHED", "return")
    app = App(queue, unmatched="delete")
    app.subscribe("exists n")(lambda _data: None)
    world.send(queue, {"other": 1})
    assert drain(app).unmatched == 1
    assert world.bodies(queue) == []


def test_the_target_of_the_environment_is_the_last_one(monkeypatch, drain):
    monkeypatch.setenv("MEGAQL_TARGET", "local:nowhere")
    app = App()
    app.subscribe("exists n")(lambda _data: None)
    with pytest.raises(Exception, match="local:nowhere does not exist"):
        drain(app)


def test_a_wrong_setting_ends_a_run_before_it_begins(queue, monkeypatch, drain):
    monkeypatch.setenv("MEGAQL_WAIT", "5")
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    with pytest.raises(ConfigError, match="MEGAQL_WAIT is not a duration"):
        drain(app)
