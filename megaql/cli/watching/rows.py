"""The table of messages: a line for each that matches, of which only those on the screen are ever made.

A maintainer keeps one rule: the chosen message stays chosen by its number, whatever comes before or after it; at the last line the table follows what comes,
unless somebody is reading the chosen message.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message as Event
from textual.scroll_view import ScrollView
from textual.strip import Strip

from megaql.cli.messages.preview import event_text, id_text, payload_text
from megaql.cli.terminal.style import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from megaql.cli.environment import Environment
    from megaql.scan.watching.store import Store

#: Lines that are remembered, so that scrolling back and forth decodes nothing twice.
REMEMBERED: Final = 500

#: The widths of the columns before the payload, which takes the rest. Cells.
COLUMNS: Final = (("id", 8), ("sent", 11), ("recv", 4), ("event", 20))

#: What stands before the chosen line, for those who see no colours.
MARK: Final = "> "

_BOLD: Final = Style(bold=True)
_CHOSEN: Final = Style(reverse=True)


class Rows(ScrollView, can_focus=True):
    """The messages by their numbers, oldest first. `chosen` is the number of the one under the cursor, 0 for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "end(0)", "first", show=False),
        Binding("end,G", "end(1)", "last", show=False),
    ]

    class Chosen(Event):
        """Another message is under the cursor."""

    def __init__(self, world: Environment, store: Store) -> None:
        super().__init__(id="rows")
        self.chosen = 0
        self._world = world
        self._store = store
        self._numbers: Sequence[int] = ()
        self._at = 0
        self._cells = lru_cache(REMEMBERED)(self._made)

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the messages in the table."""
        return self._numbers

    def show(self, numbers: Sequence[int], *, follow: bool = True) -> None:
        """Show other messages; the chosen one stays, or the cursor goes to the one after it. With `follow` the last line stays the last."""
        if numbers == self._numbers:
            return
        following = not self._numbers or (follow and self._at >= len(self._numbers) - 1)
        self._numbers = numbers
        self.virtual_size = Size(self.size.width, len(numbers) + 1)
        place = len(numbers) - 1 if following else bisect_left(numbers, self.chosen)
        self._go(place)
        self.refresh()

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self._go(self._at + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self._go(self._at + by * max(1, self.size.height - 2))

    def action_end(self, last: int) -> None:
        """Move the cursor to the first or the last line."""
        self._go(len(self._numbers) - 1 if last else 0)

    def on_click(self, event: events.Click) -> None:
        """Choose the line that was clicked."""
        if event.y > 0:
            self._go(event.y - 1 + self.scroll_offset.y)

    def on_resize(self) -> None:
        """Lay the lines out again."""
        self.virtual_size = Size(self.size.width, len(self._numbers) + 1)
        self._go(self._at)

    def _go(self, place: int) -> None:
        self._at = max(0, min(place, len(self._numbers) - 1))
        chosen = self._numbers[self._at] if self._numbers else 0
        self.scroll_to_region(Region(0, self._at, 1, 2), animate=False, force=True)
        self.refresh()
        if chosen != self.chosen:
            self.chosen = chosen
            self.post_message(self.Chosen())

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen; the first one is always the headings."""
        width = self.size.width
        style = self.rich_style
        if y == 0:
            return _strip("  ", [name for name, _ in COLUMNS], "payload", width, style + _BOLD)
        place = y - 1 + self.scroll_offset.y
        if place >= len(self._numbers):
            return Strip.blank(width, style)
        *cells, payload = self._cells(self._numbers[place])
        if place == self._at:
            return _strip(MARK, cells, payload, width, style + _CHOSEN)
        return _strip("  ", cells, payload, width, style)

    def _made(self, number: int) -> tuple[str, ...]:
        message = self._store.get(number)
        if message is None:
            return ("", "", "", "", "")
        texts = (
            id_text(message) or f"{number:,}",
            self._world.when(message.sent_at),
            str(message.receive_count or ""),
            event_text(message),
            payload_text(message),
        )
        return tuple(map(harmless, texts))


def _strip(lead: str, cells: Sequence[str], rest: str, width: int, style: Style) -> Strip:
    line = Text(lead, no_wrap=True, end="")
    for text, (_, room) in zip(cells, COLUMNS, strict=True):
        cell = Text(text)
        cell.truncate(room, overflow="ellipsis", pad=True)
        line.append(cell.plain + "  ")
    line.append(rest)
    line.truncate(width, overflow="ellipsis", pad=True)
    return Strip([Segment(line.plain, style)], width)
