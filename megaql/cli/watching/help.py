"""The help screen: the keys, and what watching does to a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

TEXT: Final = """\
KEYS
  /            to the query, which takes every letter then;
               Enter or Escape leads back
  Tab          to the next part: query, messages, tree, and back
  up, down     another message, or another place of the tree
  Home, End    the first and the last message; at the last one, the
               table follows what comes, but not while you are in
               the tree
  Enter        open or close a place of the tree
  c            copy the chosen place as a query, where the terminal
               takes what a program copies
  f            filter: add the chosen place to the query, with "and"
  1 2 3        the message, the funnel, the leases
  p            pause reading, and go on
  r            read again, once reading has ended
  q, Ctrl-C    quit, and give back what is held

THE QUERY
  It is asked as you type. While it is none, the last one that was
  goes on filtering, and what is wrong stands under it.

WHAT IT DOES TO A QUEUE
  Watching holds: a message is hidden from consumers for up to 60
  seconds, its receive count goes up by one, and then it is the
  queue's again. Nothing is deleted. Pausing receives nothing more.
  The leases (3) say when what is held returns.

Escape closes this."""


class Help(ModalScreen[None]):
    """The text, over what is watched."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q", "app.pop_screen", "close")]
    DEFAULT_CSS = "Help { align: center middle; } Help VerticalScroll { width: 74; max-width: 100%; height: auto; max-height: 100%; border: round $primary; padding: 0 1; }"

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        with VerticalScroll() as box:
            box.can_focus = True
            yield Static(Text(TEXT))
