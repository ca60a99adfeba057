"""The file, the sessions, the code and the layout of docs/query-files.md are what the program does."""

import io
import os
import re
import shlex
from pathlib import Path

import pytest

from megaql.cli.environment import Environment
from megaql.cli.main import main
from megaql.lang import parser, queryfile
from megaql.lang.layout.text import format_file, format_query

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "query-files.md"
EXAMPLE = CHECKOUT / "examples" / "shop.mql"
ORDERS = """\
{"event": {"name": "order.paid", "total": 99}, "object": {"current": {"lines": [{"sku": "CUP-1", "quantity": 2}]}}}
{"event": {"name": "order.paid", "total": 900}, "object": {"current": {"lines": [{"sku": "MAT-1", "quantity": 9}]}}}
{"event": {"name": "user.updated"}, "object": {"current": {"country": "SE"}, "previous": {"country": "AT"}}}
"""
BROKEN = "# an operator of another language\ncheap:\n    event.total = 5\n"
UNTIDY = "cheap:event.total<5   # pennies\n\n\n\n# all\nany: exists event\n"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def the_page_says(language, old, new):
    """Compare what stands on the page with what is; MEGAQL_UPDATE_GOLDEN=1 writes it there instead."""
    if os.environ.get("MEGAQL_UPDATE_GOLDEN"):
        text = PAGE.read_text("utf-8").replace(f"```{language}\n{old}```", f"```{language}\n{new}```")
        PAGE.write_text(text, encoding="utf-8")
        return
    assert old == new


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
    """A current directory with the files that the page speaks of."""
    files = {
        "shop.mql": EXAMPLE.read_text("utf-8"),
        "orders.ndjson": ORDERS,
        "broken.mql": BROKEN,
        "untidy.mql": UNTIDY,
    }
    for name, text in files.items():
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_is_the_example():
    (shown,) = blocks("megaql file")
    the_page_says("megaql file", shown, EXAMPLE.read_text("utf-8"))


def test_the_example_is_laid_out_and_says_what_its_comments_say():
    text = EXAMPLE.read_text("utf-8")
    assert format_file(text) == text
    file = queryfile.read(text, "shop.mql")
    assert file.names == ("large", "careful", "moved")
    assert all(query.comment for query in file.queries)
    assert len(queryfile.parse_all(file)) == 3


def test_the_sessions_are_what_the_program_prints():
    sessions = blocks("console")
    assert len(sessions) == 3
    for session in sessions:
        commands = [line.removeprefix("$ ") for line in session.splitlines() if line.startswith("$ ")]
        printed = "".join(f"$ {command}\n{on_a_terminal(command)}" for command in commands)
        the_page_says("console", session, printed)


def test_the_code_runs(capsys):
    (code,) = blocks("python")
    exec(compile(code, str(PAGE), "exec"), {})
    assert capsys.readouterr().out == 'large, careful, moved\nevent.name == "order.paid" and event.total >= 1000\n'


def test_the_layout_is_what_the_page_says():
    (ugly,), (pretty,) = blocks("megaql ugly"), blocks("megaql pretty")
    the_page_says("megaql pretty", pretty, f"{format_query(ugly)}\n")
    assert parser.parse(ugly) == parser.parse(pretty or ugly)
