import io

import pytest

from megaql.broker.message import Message
from megaql.cli.environment import Environment
from megaql.cli.table import GAP, MIN_CELL, Column, Table, cut, fit


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("a", 1, "a"),
        ("ab", 1, "…"),
    ],
)
def test_cut_counts_cells(text, cells, shown):
    assert cut(text, cells) == shown


def column(*, keep=False, rest=False):
    return Column("x", lambda message: message.body, keep=keep, rest=rest)


@pytest.mark.parametrize("total", range(20, 160, 7))
def test_fit_stays_within_the_line(total):
    columns = [column(keep=True), column(), column(), column(rest=True)]
    widths = fit([8, 30, 50, 400], columns, total)
    shown = [cells for cells in widths if cells]
    least = 8 + 2 * MIN_CELL + 2 * len(GAP)
    assert sum(shown) + len(GAP) * (len(shown) - 1) <= max(total, least)
    assert widths[0] == 8


def test_the_rest_gives_way_first():
    columns = [column(keep=True), column(), column(rest=True)]
    assert fit([8, 30, 400], columns, 50) == [8, 30, 0]
    assert fit([8, 30, 400], columns, 80) == [8, 30, 38]
    assert fit([8, 30, 5], columns, 50) == [8, 30, 5]


def test_widths_are_settled_by_the_first_rows_and_stay():
    out = io.StringIO()
    world = Environment(stdin=None, stdout=out, stderr=None, width=40)
    table = Table(world, [column()], sample=2)
    for body in ("a", "bbb", "cccccccc"):
        table.add(Message(id="", body=body))
    table.end()
    assert out.getvalue().splitlines() == ["x", "a", "bbb", "cc…"]


def test_a_table_without_rows_prints_nothing():
    out = io.StringIO()
    Table(Environment(stdin=None, stdout=out, stderr=None), [column()]).end()
    assert out.getvalue() == ""
