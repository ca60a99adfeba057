"""The sessions of the pages for tasks are what the program prints, in the order of the page, in a folder with the page's files."""

import io
import json
import logging
import os
import re
import shlex
import sys
import uuid
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest

from megaql.cli.environment import Environment
from megaql.cli.main import main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("dlq", "stats", "test")

#: Sessions that each page has, so that none is lost by a change of its form.
SESSIONS = {"dlq": 5, "stats": 2, "test": 2}


def text_of(page):
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def on_a_terminal(command):
    """Run a command line as a terminal of 80 columns without colours shows it, both streams in one."""
    screen = io.StringIO()
    world = Environment(
        stdin=io.StringIO(),
        stdout=screen,
        stderr=screen,
        stdout_isatty=True,
        environ={"NO_COLOR": "1"},
        width=80,
        now=lambda: datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        zone=UTC,
    )
    with redirect_stdout(screen):  # what handlers print
        main(shlex.split(command)[1:], world)
    return screen.getvalue()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Go to a folder with the files of a page."""

    def prepare(page):
        for name, text in re.findall(
            r"^```(?:json lines|megaql file|python file) (\S+)\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL
        ):
            (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "failed.ndjson").write_bytes(Path(__file__).with_name("failed.ndjson").read_bytes())
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return prepare


@pytest.mark.parametrize("page", PAGES)
def test_the_sessions_are_what_the_program_prints(page, folder):
    """MEGAQL_UPDATE_GOLDEN=1 writes them anew."""
    folder(page)
    sessions = re.findall(r"^```console\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)
    assert len(sessions) == SESSIONS[page]
    printed = []
    for session in sessions:
        command = session.splitlines()[0]
        printed.append(f"{command}\n{on_a_terminal(command.removeprefix('$ '))}")
    if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
        text = text_of(page)
        for session, new in zip(sessions, printed, strict=True):
            text = text.replace(f"```console\n{session}```", f"```console\n{new}```")
        (DOCS / f"{page}.md").write_text(text, encoding="utf-8")
        sessions = printed
    assert printed == sessions


def _steady(text):
    """Return what a session prints with ids and times that are the same each time: ids by the order in which they turn up."""
    seen = {}

    def told(found):
        number = seen.setdefault(found[0][:8], len(seen))
        steady = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"message {number}"))
        return steady[: len(found[0])]

    text = re.sub(r"\b\d\d:\d\d:\d\d\b", "12:00:00", text)
    return re.sub(r"^[0-9a-f]{8}(?:(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?\b", told, text, flags=re.MULTILINE)


def test_a_subscription_from_its_first_message_to_its_run(folder, monkeypatch):
    """The live sessions follow each other on one broker. MEGAQL_UPDATE_GOLDEN=1 writes them anew."""
    folder("test")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own: `run` would log to them
    monkeypatch.delitem(sys.modules, "packing", raising=False)
    page = text_of("test")
    sessions = re.findall(r"^```console live\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(sessions) == 3
    printed = []
    for session in sessions:
        commands = [line for line in session.splitlines() if line.startswith("$ ")]
        printed.append("".join(f"{line}\n{on_a_terminal(line.removeprefix('$ '))}" for line in commands))
    whole = _steady("\f".join(printed)).split("\f")
    if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
        for session, new in zip(sessions, whole, strict=True):
            page = page.replace(f"```console live\n{session}```", f"```console live\n{new}```")
        (DOCS / "test.md").write_text(page, encoding="utf-8")
        sessions = whole
    assert whole == sessions


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("stats", ["stats", "orders.ndjson", "--time", "at", "--by", "type", "-w", "total > 90"]),
        ("schema", ["schema", "orders.ndjson"]),
    ],
)
def test_the_json_forms(name, command, folder):
    """The page's example has the keys that the program writes; its values are right where the page shows them."""
    folder("stats")
    (example,) = re.findall(rf"^```json {name}\n(.*?)^```$", text_of("stats"), re.MULTILINE | re.DOTALL)
    shown, written = (
        json.loads(example),
        json.loads(on_a_terminal(f"megaql {shlex.join(command)} -o json").rpartition("\n}")[0] + "\n}"),
    )
    assert list(shown) == list(written)
    if name == "stats":
        assert shown["by"] == written["by"]
        assert list(shown["time"]) == list(written["time"])
        assert list(shown["size_bytes"]) == list(written["size_bytes"])
        assert list(shown["age_seconds"]) == list(written["age_seconds"])
        for part in ("seen", "query", "verdicts", "kinds", "funnel", "undated", "receive_count"):
            assert shown[part] == written[part], part
    else:
        assert shown["paths"][0] in written["paths"]


@pytest.mark.parametrize("page", PAGES)
def test_the_other_commands_are_of_this_program(page):
    """Blocks without a language show commands that are not run here: their options exist."""
    from megaql.cli import program

    blocks = [
        text
        for language, text in re.findall(r"^```(.*?)\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)
        if not language
    ]
    for block in blocks:
        for line in re.split(r" && |\n", block.strip()):
            _, name, *words = shlex.split(line)
            known = {option for parameter in program.load(name).params for option in parameter.opts}
            assert {word for word in words if re.match(r"--?[a-z]", word)} <= known, line
