"""The sessions of docs/check.md are what the program does."""

import io
import os
import re
import shlex
from pathlib import Path

import pytest

from megaql.cli.environment import Environment
from megaql.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "check.md"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def on_a_terminal(command):
    """Run a command line as a terminal of 80 columns without colours shows it, both streams in one."""
    screen = io.StringIO()
    world = Environment(
        stdin=io.StringIO(),
        stdout=screen,
        stderr=screen,
        stdout_isatty=True,
        stderr_isatty=True,
        environ={"NO_COLOR": "1"},
        width=80,
    )
    main(shlex.split(command)[1:], world)
    return re.sub(r"\r\x1b\[K[^\r\n]*\r\x1b\[K", "", screen.getvalue())  # a line of progress, which is gone at the end


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A current directory with the files that the page shows."""
    (queries,), (messages,) = blocks("megaql file"), blocks("json")
    tmp_path.joinpath("shop.mql").write_text(queries, encoding="utf-8")
    tmp_path.joinpath("events.ndjson").write_text(messages, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_sessions_are_what_the_program_prints():
    """MEGAQL_UPDATE_GOLDEN=1 writes them anew."""
    sessions = blocks("console")
    assert len(sessions) >= 5
    printed = []
    for session in sessions:
        commands = [line.removeprefix("$ ") for line in session.splitlines() if line.startswith("$ ")]
        printed.append("".join(f"$ {command}\n{on_a_terminal(command)}" for command in commands))
    if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
        text = PAGE.read_text("utf-8")
        for session, new in zip(sessions, printed, strict=True):
            text = text.replace(f"```console\n{session}```", f"```console\n{new}```")
        PAGE.write_text(text, encoding="utf-8")
        sessions = printed
    assert printed == sessions
