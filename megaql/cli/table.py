"""Messages as a table that fits the terminal, in constant memory.

A maintainer keeps two rules: the widths are settled by the first rows and stay, so that a million rows can follow; and no cell holds anything
that moves the cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.cli.preview import event_text, id_text, payload_text
from megaql.cli.style import Style, harmless
from megaql.source import width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.fields import Field

#: Rows that settle the widths of the columns.
SAMPLE: Final = 50

#: A column is made no wider than this while others need the room. Cells.
MAX_CELL: Final = 40

#: A column is made no narrower than this. Cells.
MIN_CELL: Final = 6

#: A column's width where one row has to settle it and longer ones may follow. Cells.
LIVE_CELL: Final = 18

#: The payload's column is left out where less than this is left for it. Cells.
MIN_PAYLOAD: Final = 16

GAP: Final = "  "


class Column(NamedTuple):
    """A heading, how to get a cell's text, and how it is painted; `rest` takes the room that is left; `keep` is never cut."""

    heading: str
    cell: Callable[[Message], str]
    styles: tuple[str, ...] = ()
    rest: bool = False
    keep: bool = False


class Table:
    """Rows that are held back until there are enough to settle the widths, and then go straight out."""

    def __init__(self, world: Environment, columns: Sequence[Column], *, sample: int = SAMPLE) -> None:
        self._world = world
        self._columns = list(columns)
        self._sample = sample
        self._rows: list[list[str]] = []
        self._widths: list[int] = []

    def add(self, message: Message) -> None:
        """Add a message's row."""
        row = [harmless(column.cell(message)) for column in self._columns]
        if self._widths:
            self._print(row)
            return
        self._rows.append(row)
        if len(self._rows) >= self._sample:
            self._settle()

    def end(self) -> None:
        """Print what is held back."""
        if not self._widths and self._rows:
            self._settle()

    def _settle(self) -> None:
        kept = [
            index
            for index, column in enumerate(self._columns)
            if column.heading and (column.rest or any(row[index] for row in self._rows) or not column.keep)
        ]
        self._columns, rows = [self._columns[index] for index in kept], self._rows
        self._rows = []
        rows = [[row[index] for index in kept] for row in rows]
        natural = [
            max(
                width(column.heading),
                *(width(row[index]) for row in rows),
                0 if column.keep or self._sample > 1 else LIVE_CELL,
            )
            for index, column in enumerate(self._columns)
        ]
        self._widths = fit(natural, self._columns, self._world.width)
        style = Style(on=self._world.colors())
        headings = (style(cut(column.heading, cells), "bold") for column, cells in self._shown())
        pads = (max(0, cells - width(column.heading)) for column, cells in self._shown())
        line = GAP.join(f"{heading}{' ' * pad}" for heading, pad in zip(headings, pads, strict=True))
        self._world.out(line.rstrip())
        for row in rows:
            self._print(row)

    def _shown(self) -> list[tuple[Column, int]]:
        return [pair for pair in zip(self._columns, self._widths, strict=True) if pair[1]]

    def _print(self, row: list[str]) -> None:
        style = Style(on=self._world.colors())
        cells = []
        for column, text, room in zip(self._columns, row, self._widths, strict=False):
            if room:
                shown = cut(text, room)
                cells.append(style(shown, *column.styles) + " " * (room - width(shown)))
        self._world.out(GAP.join(cells).rstrip())


def fit(natural: Sequence[int], columns: Sequence[Column], total: int) -> list[int]:
    """Return the width of each column so that the line is at most `total` cells; 0 leaves a column out.

    Columns that `keep` get what they need; the others are cut, the widest first; the one that takes the `rest` gives way before that.
    """
    widths = [cells if column.keep else min(cells, MAX_CELL) for cells, column in zip(natural, columns, strict=True)]
    rest = next((index for index, column in enumerate(columns) if column.rest), None)
    if rest is not None:
        widths[rest] = 0
    free = total - _line(widths)
    while free < 0:
        widest = max(
            (index for index, column in enumerate(columns) if not column.keep), key=widths.__getitem__, default=None
        )
        if widest is None or widths[widest] <= MIN_CELL:
            break
        widths[widest] -= 1
        free += 1
    if rest is not None and free - len(GAP) >= min(MIN_PAYLOAD, natural[rest]):
        widths[rest] = min(natural[rest], free - len(GAP))
    return widths


def _line(widths: Sequence[int]) -> int:
    shown = [cells for cells in widths if cells]
    return sum(shown) + len(GAP) * max(0, len(shown) - 1)


def cut(text: str, cells: int) -> str:
    """Return text of at most so many terminal cells, with an ellipsis where something is missing."""
    if width(text) <= cells:
        return text
    taken, used = [], 0
    for char in text:
        used += width(char)
        if used > cells - 1:
            break
        taken.append(char)
    return "".join(taken) + "…"


def default_columns(world: Environment, asked: Sequence[Field]) -> list[Column]:
    """Return the columns for messages: which, when, how often received, what, the paths a query asks about, and the payload."""
    columns = [
        Column("id", id_text, ("dim",), keep=True),
        Column("sent", lambda message: world.when(message.sent_at), keep=True),
        Column("recv", lambda message: str(message.receive_count or ""), keep=True),
        Column("event", event_text, ("cyan",)),
    ]
    shown = {"event.name", "@id", "@sent_at", "@receive_count", "@kind", "@body"}
    columns += [Column(field.text, field.text_of) for field in asked if field.text not in shown]
    return [*columns, Column("payload", payload_text, rest=True)]
