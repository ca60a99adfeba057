"""docs/performance.md shows the figures that are kept, and every benchmark runs."""

import json

import pytest

from tests.benchmarks import page, picture
from tests.benchmarks.__main__ import AREAS
from tests.benchmarks.tables import Table, shown
from tests.benchmarks.timing import Options

RESULTS = json.loads(page.RESULTS.read_text("utf-8"))
TEXT = page.PAGE.read_text("utf-8")


def test_the_page_agrees_with_the_figures():
    assert page.filled(TEXT, RESULTS) == TEXT


def test_the_picture_agrees_with_the_figures():
    assert page.PICTURE.read_text("utf-8") == picture.drawn(RESULTS["areas"])


def test_a_figure_that_changes_changes_the_page_and_the_picture():
    changed = json.loads(json.dumps(RESULTS))
    for table in changed["areas"]["match"]:
        table["rows"] = [[cell * 3 if isinstance(cell, float) else cell for cell in row] for row in table["rows"][:2]]
    assert page.filled(TEXT, changed) != TEXT
    assert picture.drawn(changed["areas"]) != picture.drawn(RESULTS["areas"])


def test_every_area_has_its_place_on_the_page():
    assert set(AREAS) <= page.marks(TEXT)
    assert set(RESULTS["areas"]) <= set(AREAS)


@pytest.mark.parametrize("area", AREAS)
def test_a_benchmark_runs(area):
    """It also raises where those that are compared do not give the same answers."""
    import importlib

    tables = list(importlib.import_module(f"tests.benchmarks.bench_{area}").tables(Options(quick=True)))
    assert tables
    for table in tables:
        assert table.rows or table.note
        assert all(len(row) == len(table.columns) for row in table.rows), table.title
        assert Table.from_json(json.loads(json.dumps(table.to_json()))).to_text() == table.to_text()


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "-"), (1234567, "1,234,567"), (1234.5, "1,234"), (99.7, "100"), (12.34, "12.3"), (1.5, "1.50"), ("a", "a")],
)
def test_cells_are_shown_with_three_figures(cell, text):
    assert shown(cell) == text


def test_wide_tables_go_on_below():
    table = Table("Wide", ["name", *(f"column {number}" for number in range(20))], [["row", *range(20)]])
    lines = table.to_text().splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("row") for line in lines) > 1
