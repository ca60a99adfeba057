import io

import pytest
from rich.cells import cell_len

from megaql.broker.message import Message
from megaql.cli.environment import Environment
from megaql.cli.messages.table import LIVE_CELL, MIN_CELL, MIN_PAYLOAD, SAMPLE, Column, MessageTable


def table(columns, rows, *, width=80, sample=SAMPLE):
    """Return the lines of a table whose messages hold a row each, its cells apart by bars."""
    out = io.StringIO()
    world = Environment(stdin=None, stdout=out, stderr=None, width=width)
    messages = MessageTable(world, columns, sample=sample)
    for row in rows:
        messages.add(Message(id="", body="|".join(row)))
    messages.end()
    assert [line for line in out.getvalue().splitlines() if line != line.rstrip()] == []
    return out.getvalue().splitlines()


def column(heading, place=0, **settings):
    return Column(heading, lambda message: message.body.split("|")[place], **settings)


def test_cells_stand_below_their_heading():
    lines = table([column("id", keep=True), column("name", 1)], [("1", "one"), ("2000", "two")])
    assert lines == ["id    name", "1     one", "2000  two"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc", "abc"),
        ("a" * 20, "a" * 20),
        ("a" * 21, "a" * 19 + "…"),
        ("日本語" * 3, "日本語" * 3),
        ("日本語" * 4, "日本語" * 3 + " …"),
        ("[bold]a[/bold] :cat:", "[bold]a[/bold] :cat:"),
        ("\x1b[2J\r\n", "\\x1b[2J\\r\\n"),
    ],
)
@pytest.mark.parametrize("place", ["settling", "following"])
def test_a_cell_is_cut_by_cells_alike_in_every_row(text, shown, place):
    rows = [("x" * 30,), (text,)] if place == "settling" else [("x" * 30,), ("y",), (text,)]
    assert table([column("text")], rows, width=20, sample=2)[len(rows)] == shown


@pytest.mark.parametrize("width", range(30, 160, 7))
def test_a_table_stays_within_the_line_and_never_cuts_what_is_kept(width):
    columns = [column("id", keep=True), column("a", 1), column("b", 2), column("payload", 3, rest=True)]
    lines = table(columns, [("12345678", "a" * 30, "b" * 50, "p" * 400)] * 3, width=width, sample=2)
    assert {cell_len(line) for line in lines[1:]} <= {width, 8 + 30 + 50 + 4}
    assert {line[:10] for line in lines[1:]} == {"12345678  "}
    assert min(len(cell) for cell in lines[1].split()) >= MIN_CELL


@pytest.mark.parametrize("width", [1, 2, 5, 12, 20])
def test_a_terminal_too_narrow_for_the_columns_shows_what_it_can(width):
    columns = [column("id", keep=True), column("a", 1), column("b", 2), column("payload", 3, rest=True)]
    lines = table(columns, [("12345678", "a" * 30, "b" * 50, "p" * 400)] * 4, width=width, sample=2)
    assert max(map(cell_len, lines)) <= width
    assert len(lines) == 5
    assert len(set(lines[1:])) == 1


def test_the_rest_gives_way_first():
    columns = [column("id", keep=True), column("a", 1), column("payload", 2, rest=True)]
    row = ("12345678", "a" * 30, "p" * 400)
    least = 8 + 30 + 4 + MIN_PAYLOAD
    assert table(columns, [row], width=least - 1) == ["id        a", f"12345678  {'a' * 30}"]
    assert table(columns, [row], width=least)[1] == f"12345678  {'a' * 30}  {'p' * (MIN_PAYLOAD - 1)}…"
    assert table(columns, [("12345678", "a" * 30, "ppppp")], width=8 + 30 + 4 + 5 + 2)[1].endswith("  ppppp")


def test_a_column_alone_may_be_as_wide_as_the_terminal():
    assert table([column("text")], [("t" * 70,)]) == ["text", "t" * 70]


def test_widths_are_settled_by_the_first_rows_and_stay():
    assert table([column("x")], [("a",), ("b" * 8,), ("c" * 99,)], sample=2)[-1] == "c" * 7 + "…"
    assert table([column("x")], [("a",), ("b" * 99,)], sample=1)[-1] == "b" * (LIVE_CELL - 1) + "…"


def test_rows_go_out_as_soon_as_the_widths_are_settled():
    out = io.StringIO()
    messages = MessageTable(Environment(stdin=None, stdout=out, stderr=None), [column("x")], sample=3)
    printed = []
    for _ in range(5):
        messages.add(Message(id="", body="row"))
        printed.append(out.getvalue().count("row"))
    assert printed == [0, 0, 3, 4, 5]


def test_a_column_that_is_empty_in_every_row_is_left_out_only_where_nobody_asked_for_it():
    columns = [column("id", keep=True), column("asked"), column("payload", 1, rest=True)]
    assert table(columns, [("", "p")]) == ["asked   payload", "        p"]


def test_a_table_without_rows_prints_nothing():
    assert table([column("x")], []) == []


def test_colours_only_surround_the_words():
    out = io.StringIO()
    world = Environment(stdin=None, stdout=out, stderr=None, environ={"FORCE_COLOR": "1"})
    messages = MessageTable(world, [column("x", style="cyan")], sample=1)
    for body in ("a", "b"):
        messages.add(Message(id="", body=body))
    assert out.getvalue().splitlines() == ["\x1b[1mx\x1b[0m", "\x1b[36ma\x1b[0m", "\x1b[36mb\x1b[0m"]
