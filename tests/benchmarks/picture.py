"""A picture of how the figures grow: small charts side by side, both axes logarithmic, as SVG that suits light and dark pages.

A maintainer keeps one rule: a line is named by the column of the table that it is drawn from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tests.benchmarks.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """Which table is drawn: by its area and how its title begins; `lines` are its columns and what one of them is in µs."""

    title: str
    under: str
    area: str
    table: str
    x: str
    lines: dict[str, float]


CHARTS = (
    Chart(
        "Size of the document",
        "bytes",
        "match",
        "The question",
        "bytes",
        {"by hand": 1e-3, "megaql": 1e-3, "evaluator": 1e-3},
    ),
    Chart(
        "Size of the query",
        "clauses",
        "compile",
        "A query of so many clauses",
        "clauses",
        {"by hand, µs": 1, "megaql, µs": 1, "evaluator, µs": 1},
    ),
    Chart(
        "Number of queries",
        "queries",
        "router",
        '"A name each"',
        "N",
        {"a dict by hand": 1, "router": 1, "each query": 1},
    ),
)

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 300, 200, 46, 58, 64
_COLOURS = ("#8a8f98", "#2f81f7", "#d9822b", "#2da44e")
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#6e7781}.title{font-weight:600}"
    ".grid{stroke:#8a8f98;stroke-opacity:.3}.line{fill:none;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#a0a8b2}}"
)


def drawn(areas: dict[str, list[dict[str, Any]]]) -> str:
    """Return the SVG of the charts whose tables are there."""
    found = [(chart, table) for chart in CHARTS if (table := _table(areas.get(chart.area, []), chart)) is not None]
    width = _LEFT + len(found) * (_WIDTH + _GAP)
    height = _TOP + _HEIGHT + 44
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        "<title>How the time of one message grows, in microseconds</title>",
        f"<style>{_STYLE}</style>",
    ]
    for number, (chart, table) in enumerate(found):
        parts += _chart(chart, table, _LEFT + number * (_WIDTH + _GAP))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _table(tables: list[dict[str, Any]], chart: Chart) -> Table | None:
    found = (table for table in map(Table.from_json, tables) if table.title.startswith(chart.table))
    return next(found, None)


def _chart(chart: Chart, table: Table, left: float) -> Iterator[str]:
    """Yield the parts of one chart: its title, its grid, its lines and their names."""
    lines = {
        name.removesuffix(", µs"): [
            (float(x), y * unit) for x, y in zip(table.column(chart.x), table.column(name), strict=True) if y
        ]
        for name, unit in chart.lines.items()
    }
    points = [point for line in lines.values() for point in line]
    marks, powers = sorted({x for x, _ in points}), _powers([y for _, y in points])
    across = _scale(marks[0], marks[-1], left, left + _WIDTH)
    up = _scale(powers[0], powers[-1], _TOP + _HEIGHT, _TOP)
    yield f'<text class="title" x="{left}" y="16">{escape(chart.title)}, µs</text>'
    for power in powers:
        y = up(power)
        yield f'<path class="grid" d="M{left} {y:.1f}H{left + _WIDTH}"/>'
        yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{_label(power)}</text>'
    for x in marks:
        yield f'<text x="{across(x):.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">{_label(x)}</text>'
    yield f'<text x="{left + _WIDTH / 2}" y="{_TOP + _HEIGHT + 36}" text-anchor="middle">{escape(chart.under)}</text>'
    at = left
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=False):
        path = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in line)
        yield f'<path class="line" stroke="{colour}" d="M{path}"/>'
        yield f'<circle cx="{at + 4}" cy="34" r="4" fill="{colour}"/><text x="{at + 12}" y="38">{escape(name)}</text>'
        at += 26 + 7 * len(name)


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Return the function from a value to its place on an axis from `low` to `high`, by logarithms."""
    return lambda value: start + math.log(value / low) / math.log(high / low) * (end - start)


def _powers(values: list[float]) -> list[float]:
    """Return the powers of ten from below the least to above the greatest."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(low, high + 1)]


def _label(value: float) -> str:
    """Return a number in few characters; the axis upward is in µs."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{round(value / size):g}{letter}"
    return f"{value:g}"
