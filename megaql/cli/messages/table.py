"""Messages as a table that fits the terminal, in constant memory.

A maintainer keeps two rules: the widths are settled by the first rows and stay, so that a million rows can follow; and no cell holds anything
that moves the cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from megaql.cli.messages.preview import event_text, id_text, payload_text
from megaql.cli.messages.tree import below_row
from megaql.cli.terminal.screen import Screen
from megaql.cli.terminal.style import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.messages.fields import Field
    from megaql.lang.explain import Explanation

#: Rows that settle the widths of the columns.
SAMPLE: Final = 50

#: A column is made no wider than this where another one takes the rest. Cells.
MAX_CELL: Final = 40

#: A column is made no narrower than this. Cells.
MIN_CELL: Final = 6

#: A column's least width where one row has to settle it and longer ones may follow. Cells.
LIVE_CELL: Final = 18

#: The payload's column is left out where less than this is left for it. Cells.
MIN_PAYLOAD: Final = 16

#: Between two columns. Cells.
GAP: Final = 2

#: How far in stands what belongs to a row. Cells.
INDENT: Final = 2


class Column(NamedTuple):
    """A heading, how to get a cell's text, and its style; `rest` takes the room that is left; `keep` is never cut."""

    heading: str
    cell: Callable[[Message], str]
    style: str = ""
    rest: bool = False
    keep: bool = False


class MessageTable:
    """Rows that are held back until there are enough to settle the widths, and then go straight out."""

    def __init__(self, world: Environment, columns: Sequence[Column], *, sample: int = SAMPLE) -> None:
        self.screen = Screen(world)
        self._columns = columns
        self._sample = sample
        self._rows: list[list[str]] = []
        self._settled: list[_Heading] = []

    def add(self, message: Message) -> None:
        """Add a message's row."""
        if self._settled:
            self._follow(message)
            return
        self._rows.append([harmless(column.cell(message)) for column in self._columns])
        if len(self._rows) >= self._sample:
            self._settle()

    def explain(self, explanation: Explanation) -> None:
        """Draw what explains the last row below it, which is printed already where the sample is 1."""
        picture = below_row(explanation, self.screen.width - INDENT)
        self.screen.draw(Padding(picture, (0, 0, 0, INDENT)))

    def end(self) -> None:
        """Print what is held back."""
        if self._rows:
            self._settle()

    def _settle(self) -> None:
        """Lay out the rows held back, and keep the widths they got."""
        texts = list(zip(*self._rows, strict=True))
        # Files know neither times nor receive counts; a column that a query or `--fields` names is shown though it is empty.
        shown = [
            index for index, column in enumerate(self._columns) if any(texts[index]) or column.rest or not column.keep
        ]
        least = LIVE_CELL if self._sample == 1 else 0
        headings = [_Heading(self._columns[index], texts[index], least) for index in shown]
        if not _has_room(headings, self.screen.width):
            shown = [index for index in shown if not self._columns[index].rest]
            headings = [heading for heading in headings if not heading.column.rest]
        rows = [[row[index] for index in shown] for row in self._rows]
        self._rows, self._settled = [], headings
        self.screen.draw(_layout(headings, rows))

    def _follow(self, message: Message) -> None:
        """Print a row as wide as the settled ones. rich's table would lay out each anew, which takes four times as long."""
        cells = []
        for heading in self._settled:
            cell = Text(harmless(heading.column.cell(message)), heading.column.style)
            cell.truncate(heading.width, overflow="ellipsis", pad=True)
            cells.append(cell)
        line = Text(" " * GAP).join(cells)
        line.truncate(self.screen.width)
        line.rstrip()
        self.screen.print(line, soft_wrap=True)


class _Heading:
    """A heading that rich tells how wide its column has become, and that remembers it."""

    def __init__(self, column: Column, texts: Sequence[str], least: int) -> None:
        self.column = column
        self.natural = max(0 if column.keep else least, *map(cell_len, (column.heading, *texts)))
        self.width = 0

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, self.natural)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.width = options.max_width
        yield _cell(self.column.heading)


def _has_room(headings: Sequence[_Heading], total: int) -> bool:
    """Whether the column that takes the rest gets enough of it beside the others as wide as they would like to be."""
    left, needed = total, 0
    for heading in headings:
        if heading.column.rest:
            needed = min(heading.natural, MIN_PAYLOAD)
        else:
            left -= GAP + (heading.natural if heading.column.keep else min(heading.natural, MAX_CELL))
    return left >= needed


def _layout(headings: Sequence[_Heading], rows: Sequence[Sequence[str]]) -> Table:
    """Return rows as a table: columns that may be cut give way, the widest first, unless one takes the rest."""
    rest = any(heading.column.rest for heading in headings)
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, expand=rest, header_style="bold")
    for heading in headings:
        column = heading.column
        table.add_column(
            heading,
            style=column.style,
            no_wrap=column.keep,
            min_width=heading.natural if column.keep else MIN_CELL,
            max_width=MAX_CELL if rest and not column.rest and not column.keep else None,
            ratio=1 if column.rest else None,
        )
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def default_columns(world: Environment, asked: Sequence[Field]) -> list[Column]:
    """Return the columns for messages: which, when, how often received, what, the paths a query asks about, and the payload."""
    columns = [
        Column("id", id_text, "dim", keep=True),
        Column("sent", lambda message: world.when(message.sent_at), keep=True),
        Column("recv", lambda message: str(message.receive_count or ""), keep=True),
        Column("event", event_text, "cyan"),
    ]
    shown = {"event.name", "@id", "@sent_at", "@receive_count", "@kind", "@body"}
    columns += [Column(field.text, field.text_of) for field in asked if field.text not in shown]
    return [*columns, Column("payload", payload_text, rest=True)]
