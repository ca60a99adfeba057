"""The sessions of docs/replay.md are what the program does, on queues that hold the page's messages."""

import io
import json
import os
import re
import shlex
from pathlib import Path

import pytest

from megaql.broker import local
from megaql.broker.outgoing import Outgoing
from megaql.broker.queue import Queue
from megaql.cli.environment import Environment
from megaql.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "replay.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def on_a_terminal(command):
    """Run a command line as a terminal of 80 columns without colours shows it, both streams in one."""
    screen = io.StringIO()
    world = Environment(
        stdin=io.StringIO(), stdout=screen, stderr=screen, stdout_isatty=True, environ={"NO_COLOR": "1"}, width=80
    )
    main(shlex.split(command)[1:], world)
    # The masks of a snapshot are its own; a log is named by time and process, a message by its id.
    text = re.sub(r"masked-[0-9a-f]{10}", masks(), screen.getvalue())
    text = re.sub(r"\d{8}T\d{6}-\d+", "20261124T091500-4711", text)
    return re.sub(r"^[0-9a-f]{8}(?=  \S+: )", "5c31814a", text, flags=re.MULTILINE)


def masks():
    seen = {}
    return lambda found: seen.setdefault(found[0], f"masked-{len(seen) + 1:010}")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current directory, and the two queues of the page."""
    monkeypatch.chdir(tmp_path)
    client = local.client()
    client.create_queue(QueueName="orders-dlq")
    dead = Queue.open("local:orders-dlq", client=client)
    dead.info()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    client.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})
    (messages,) = blocks("json lines")
    for line in messages.splitlines():
        dead.send(Outgoing(line))
    yield
    client.close()


def test_the_sessions_are_what_the_program_prints():
    """MEGAQL_UPDATE_GOLDEN=1 writes them anew."""
    sessions = blocks("console")
    assert len(sessions) == 8
    printed = []
    for session in sessions:
        command = session.splitlines()[0]
        printed.append(f"{command}\n{on_a_terminal(command.removeprefix('$ '))}")
    if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
        text = TEXT
        for session, new in zip(sessions, printed, strict=True):
            text = text.replace(f"```console\n{session}```", f"```console\n{new}```")
        PAGE.write_text(text, encoding="utf-8")
        sessions = printed
    assert printed == sessions


def test_what_the_page_says_has_happened():
    for session in blocks("console"):
        on_a_terminal(session.splitlines()[0].removeprefix("$ "))
    orders = Queue.open("local:orders")
    found = {message.payload.subject: message for message in orders.receive(10) if message.payload.name == "order.paid"}
    assert set(found) == {"customer-17", "customer-4", "customer-9"}
    assert '"total":99.90' in found["customer-4"].body
    assert Queue.open("local:orders-dlq").info().visible == 0
    assert json.loads(Path("rubbish.ndjson").read_text())["payload"]["event"]["name"] == "test.ping"
    assert "example.com" not in Path("failed.ndjson").read_text()


def test_the_table_of_protected_queues_is_read():
    from megaql.cli.configuration.protection import protection_of

    (table,) = blocks("toml")
    Path("megaql.toml").write_text(table, encoding="utf-8")
    world = Environment(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), environ=dict(os.environ))
    found = protection_of(world, Queue.open("local:orders"))
    assert found.reason == "the live queue; talk to the shop team first"
    assert protection_of(world, Queue.open("local:orders-dlq")) is None
