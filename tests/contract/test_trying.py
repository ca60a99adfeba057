"""Trying an application out on every server: a shadow takes nothing, a record says what became of each message, and a published one is waited for."""

import json
import sys

import pytest

HANDLERS = """
import megaql

app = megaql.App({url!r}, unmatched="return")

@app.subscribe('n > 1')
def take(data: megaql.DataObject) -> None:
    pass
"""


@pytest.fixture
def application(world, tmp_path, monkeypatch):
    """The name of an application on a queue with three messages, two of which it takes, and the queue's URL."""
    url = world.queue()
    entries = [{"Id": str(n), "MessageBody": json.dumps({"n": n})} for n in (1, 2, 3)]
    world.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    (tmp_path / "trying_app.py").write_text(HANDLERS.format(url=world.target(url)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "trying_app:app", url
    sys.modules.pop("trying_app", None)


def test_a_shadow_takes_nothing(world, megaql, application):
    name, url = application
    status, err = megaql("run", name, url, "--shadow", "--once", "--limit", "3")
    assert status == 0, err
    assert "2  would be handled by take" in err
    assert "1  would be returned: no subscription takes it" in err
    messages = world.take(url, 3)
    assert sorted(json.loads(message["Body"])["n"] for message in messages) == [1, 2, 3]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in messages} == {"2"}


def test_a_record_says_what_became_of_each_message(megaql, application, tmp_path):
    name, url = application
    status, err = megaql("run", name, url, "--limit", "3", "--record", str(tmp_path / "seen.ndjson"))
    assert status == 0, err
    rows = [json.loads(line) for line in (tmp_path / "seen.ndjson").read_text().splitlines()]
    became = {row["payload"]["n"]: (row["run"]["action"], row["run"]["told"]) for row in rows}
    assert became == {1: ("return", True), 2: ("delete", True), 3: ("delete", True)}


def test_what_was_published_is_found_and_given_back(world, megaql):
    url = world.queue()
    words = ["--data", '{"id": "{{uuid}}"}', "--wait-match", 'id == "{{uuid}}"', "--on", url, "--within", "10s"]
    status, err = megaql("publish", url, *words)
    assert status == 0, err
    assert "found " in err
    (message,) = world.take(url, 1)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
