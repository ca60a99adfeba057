"""The sessions, the table and the code of docs/relate.md are what the program does."""

import io
import os
import re
import shlex
from pathlib import Path

import pytest

import megaql
from megaql.cli.environment import Environment
from megaql.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "relate.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(.+)` \| `(.+)` \| ([a-z ]+) \|$", re.MULTILINE)


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


def test_the_sessions_are_what_the_program_prints(tmp_path, monkeypatch):
    """MEGAQL_UPDATE_GOLDEN=1 writes them anew."""
    (file,) = blocks("megaql file")
    tmp_path.joinpath("shop.mql").write_text(file, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sessions = blocks("console")
    assert len(sessions) == 7
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


@pytest.mark.parametrize(("first", "second", "answer"), ROW.findall(TEXT))
def test_each_row_of_the_table_is_so(first, second, answer):
    one, other = (megaql.compile(query.replace("\\|", "|")) for query in (first, second))
    relation = megaql.relate(one, other, arrays=False)
    if answer == "cannot be told":
        assert relation.excludes is None
    else:
        assert getattr(relation, answer) is True


def test_the_table_has_every_answer():
    answers = {answer for _, _, answer in ROW.findall(TEXT)}
    assert answers == {"implies", "implied", "equivalent", "excludes", "cannot be told"}


def test_the_code_runs(capsys):
    (code,) = blocks("python")
    exec(compile(code, str(PAGE), "exec"), {})
    (output,) = blocks("text")
    assert capsys.readouterr().out == output
