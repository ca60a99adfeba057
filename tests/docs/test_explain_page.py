"""The sessions and the code of docs/explain.md are what the program does."""

import io
import os
import re
import shlex
from pathlib import Path

import pytest

from megaql.cli.environment import Environment
from megaql.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "explain.md"
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
    return screen.getvalue()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A current directory with the files of the page."""
    for name, language in (("failed.ndjson", "json lines"), ("megaql.mql", "megaql file")):
        (text,) = blocks(language)
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_sessions_are_what_the_program_prints():
    """MEGAQL_UPDATE_GOLDEN=1 writes them anew."""
    sessions = blocks("console")
    assert len(sessions) == 3
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


def test_the_code_runs():
    (code,) = blocks("python")
    exec(compile(code, str(PAGE), "exec"), {})
