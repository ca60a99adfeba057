"""Tables of figures, as text, as Markdown and as JSON.

A maintainer keeps one rule: a table holds what was measured, unrounded; only showing it rounds.
"""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: How wide text may be.
WIDTH = 100

Cell = str | int | float | None


@dataclass
class Table:
    """Figures under a title. The first column says what a row is about; a unit belongs in the name of a column.

    `note` is a sentence or more for below the table: what was left out, what a column means.
    """

    title: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Table:
        """Read what `to_json` wrote."""
        return cls(data["title"], data["columns"], data["rows"], data["note"])

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`."""
        return asdict(self)

    def column(self, name: str) -> list[Cell]:
        """Return the cells of the column of this name."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]

    def to_text(self) -> str:
        """Return lines of at most `WIDTH` characters; columns that find no room follow below, the first one repeated."""
        cells = [self.columns, *([shown(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [self.title, "=" * min(len(self.title), WIDTH)]
        for number, block in enumerate(_blocks(widths)):
            lines += [""] * bool(number)
            lines += [
                "  ".join(row[i].rjust(widths[i]) if i else row[i].ljust(widths[i]) for i in block).rstrip()
                for row in cells
            ]
        return "\n".join([*lines, *textwrap.wrap(self.note, WIDTH)]) + "\n"

    def to_markdown(self) -> str:
        """Return a GitHub table, the title in bold above it and the note below."""
        rule = "| --- |" + " ---: |" * (len(self.columns) - 1)
        rows = [_markdown_row(self.columns), rule, *(_markdown_row(map(shown, row)) for row in self.rows)]
        return "\n".join([f"**{self.title}**", "", *rows, *(["", self.note] if self.note else [])]) + "\n"


def shown(cell: Cell) -> str:
    """Return a cell as text: three figures or the whole number, thousands set apart, nothing as a dash."""
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return cell if isinstance(cell, str) else f"{cell:,}"
    size = abs(cell)
    return f"{cell:,.0f}" if size >= 99.5 else f"{cell:.1f}" if size >= 9.95 else f"{cell:.2f}"


def _blocks(widths: list[int]) -> Iterator[list[int]]:
    """Yield the columns that fit beside each other, the first one in each block."""
    block, room = [0], WIDTH - widths[0]
    for index in range(1, len(widths)):
        if room < widths[index] + 2 and len(block) > 1:
            yield block
            block, room = [0], WIDTH - widths[0]
        block.append(index)
        room -= widths[index] + 2
    yield block


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
