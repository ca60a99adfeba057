"""The sessions of docs/watch.md are what the program shows while the page's messages are published."""

import io
import os
import re
import shlex
import threading
import time
from datetime import UTC
from pathlib import Path

import pytest

from megaql.broker.local.sns import sns_client
from megaql.cli.environment import Environment
from megaql.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "watch.md"
TEXT = PAGE.read_text(encoding="utf-8")

#: How long a step may take. Seconds.
PATIENCE = 30


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def on_a_terminal(command):
    """Run a command line as a terminal of 80 columns without colours shows it; where it taps, publish the page's messages once it says so."""
    screen = io.StringIO()
    world = Environment(
        stdin=io.StringIO(),
        stdout=screen,
        stderr=screen,
        stdout_isatty=True,
        environ={"NO_COLOR": "1"},
        width=80,
        zone=UTC,
    )
    run = threading.Thread(target=main, args=(shlex.split(command)[1:], world))
    run.start()
    end = time.monotonic() + PATIENCE
    while run.is_alive() and "tapping" not in screen.getvalue():
        assert time.monotonic() < end
        time.sleep(0.01)
    if run.is_alive():
        publish()
    run.join(PATIENCE)
    text = re.sub(r"^[0-9a-f]{8}  \d\d:\d\d:\d\d", "5c31814a  09:00:02", screen.getvalue(), flags=re.MULTILINE)
    return re.sub(r"\d+ requests?$", "3 requests", text, flags=re.MULTILINE)


def publish():
    (messages,) = blocks("json lines shop.ndjson")
    client = sns_client()
    for line in messages.splitlines():
        client.publish(TopicArn="arn:aws:sns:local:000000000000:shop", Message=line)
    client.close()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    client = sns_client()
    client.create_topic(Name="shop")
    client.close()


def test_the_sessions_are_what_the_program_prints():
    """MEGAQL_UPDATE_GOLDEN=1 writes them anew."""
    sessions = blocks("console")
    assert len(sessions) == 4
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


def test_the_other_commands_are_of_this_program():
    from megaql.cli import program

    fences = re.findall(r"^```(.*?)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    lines = [line for language, text in fences if not language for line in re.split(r" \| |\n", text.strip())]
    assert len(lines) == 7
    for line in lines:
        _, name, *words = shlex.split(line)
        known = {option for parameter in program.load(name).params for option in parameter.opts}
        assert {word for word in words if re.match(r"--?[a-z]", word)} <= known, line


def test_the_permissions_are_the_calls_that_are_made(monkeypatch):
    from megaql.broker.local.client import LocalSQS
    from megaql.broker.local.sns import LocalSNS

    made = set()
    for client in (LocalSQS, LocalSNS):
        original = client._call

        def call(self, name, operation, request, original=original):
            made.add(name.removesuffix("Batch"))
            return original(self, name, operation, request)

        monkeypatch.setattr(client, "_call", call)
    on_a_terminal("megaql tap local-topic:shop -n 3")
    on_a_terminal("megaql tap local-topic:shop --gc --yes")
    page = TEXT[TEXT.index("The permissions are") :]
    ours = {"Publish", "GetTopicAttributes"}  # the test's own, and what only the embedded broker is asked
    assert {name for name in made - ours if name not in page} == set()
