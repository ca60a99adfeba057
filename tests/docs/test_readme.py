"""The README is what the program does: its sessions are run again and its code too."""

import io
import os
import re
import shlex
from pathlib import Path

from megaql.cli.environment import Environment
from megaql.cli.main import main

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
CHANGING = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID"),
    (r"\b[0-9a-f]{8}\b", "ID"),
    (r"\d\d:\d\d:\d\d", "TIME"),
)


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


def without_what_changes(text):
    for pattern, name in CHANGING:
        text = re.sub(pattern, name, text)
    return text


def test_the_sessions_are_what_the_program_prints(tmp_path, monkeypatch):
    """MEGAQL_UPDATE_GOLDEN=1 writes the sessions anew: the README's are made by this script and by nobody's hand."""
    monkeypatch.chdir(tmp_path)
    sessions = blocks("console")
    assert len(sessions) == 2
    text = TEXT
    for session in sessions:
        commands = [line for line in session.splitlines() if line.startswith("$ ")]
        assert len(commands) >= 4
        printed = "".join(f"{command}\n{on_a_terminal(command.removeprefix('$ '))}" for command in commands)
        if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
            text = text.replace(session, printed)
            README.write_text(text, encoding="utf-8")
        else:
            assert without_what_changes(printed) == without_what_changes(session)


def test_the_code_runs(capsys):
    code = blocks("python")
    assert len(code) == 2
    for block in code:
        exec(compile(block, str(README), "exec"), {})
    assert capsys.readouterr().out.startswith("reserve 5\n")


def test_every_page_it_names_is_there():
    pages = re.findall(r"\]\((docs/[^)]+)\)", TEXT)
    assert len(pages) >= 8
    assert [page for page in pages if not (README.parent / page).is_file()] == []


def test_every_page_is_named():
    pages = {f"docs/{page.name}" for page in (README.parent / "docs").glob("*.md")}
    assert pages - set(re.findall(r"\]\((docs/[^)]+)\)", TEXT)) == set()
