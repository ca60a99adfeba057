import io

import pytest
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from megaql.cli.environment import Environment
from megaql.cli.terminal.screen import Screen


def screen(*, width=80, environ=None, stdout=None):
    return Screen(
        Environment(stdin=None, stdout=stdout or io.StringIO(), stderr=None, width=width, environ=environ or {})
    )


def drawn(picture, **settings):
    on = screen(**settings)
    on.draw(picture)
    return on.file.getvalue()


@pytest.mark.parametrize("name", ["FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "JUPYTER_COLUMNS", "NO_COLOR"])
def test_only_the_environment_that_is_given_counts(monkeypatch, name):
    monkeypatch.setenv(name, "7")
    assert drawn(Text("as wide as it is", "red")) == "as wide as it is\n"
    assert drawn(Text("red", "red"), environ={"FORCE_COLOR": "1"}) == "\x1b[31mred\x1b[0m\n"


def test_lines_end_with_their_last_word():
    table = Table("heading  ", "", box=None)
    table.add_row("cell", Text("  ", "red"))
    table.add_row("", "")
    assert drawn(table) == " heading\n cell\n\n"
    assert (
        drawn(Padding(Text("text   ", "dim"), (0, 0, 0, 2)), environ={"FORCE_COLOR": "1"}) == "  \x1b[2mtext\x1b[0m\n"
    )


@pytest.mark.parametrize("text", ["[bold]a[/bold]", ":cat:", "https://example.com 1234 'quoted' None", "[/]"])
def test_text_is_never_read_as_anything_else(text):
    assert drawn(Text(text), environ={"FORCE_COLOR": "1"}) == f"{text}\n"
    on = screen(environ={"FORCE_COLOR": "1"})
    on.print(text)
    assert on.file.getvalue() == f"{text}\n"


def test_a_reader_that_has_left_is_told_to_the_caller():
    class Closed(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        screen(stdout=Closed()).draw(Text("text"))
