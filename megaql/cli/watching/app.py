"""The program: a query, the messages it matches, one of them as a tree, how far the others got, and what is held.

A maintainer keeps four rules. The event loop only draws: reading and judging are threads of their own, and a timer looks at what they have come to.
A query that is none changes nothing but the words under it. A key that leads to another part has priority, so that it has done its work before the
next key is heard: what is pasted, or comes in one packet over a slow line, is `/quantity`, and must not quit. And an exception ends the program without
a word of its own, because textual's would show the variables, and so messages.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.app import App
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import ContentSwitcher, Footer, Input, Static

from megaql.cli.terminal.style import harmless
from megaql.cli.watching import panels
from megaql.cli.watching.box import Box
from megaql.cli.watching.detail import Detail
from megaql.cli.watching.help import Help
from megaql.cli.watching.rows import Rows
from megaql.errors import MegaQLError
from megaql.scan.watching.clauses import clause_for
from megaql.scan.watching.sieve import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from megaql.cli.environment import Environment
    from megaql.cli.watching.session import Watched
    from megaql.query import Query

#: How often the screen looks at what has come. Seconds.
TICK: Final = 0.1

#: How long a word about a key stays. Seconds.
NOTICE: Final = 3.0

#: How long typing rests before a query is taken. Seconds.
REST: Final = 0.15

#: The actions of keys that are letters of a query too.
KEYS: Final = frozenset({"help", "end", "query", "pause", "copy", "filter", "part", "again"})

_CSS: Final = """
Screen { layout: vertical; }
#query { height: 1; border: none; padding: 0 1; }
#wrong { height: auto; max-height: 7; padding: 0 1; display: none; color: $text-error; }
#state { height: auto; max-height: 3; padding: 0 1; text-style: bold; }
#body { height: 1fr; layout: vertical; }
#rows { height: 1fr; overflow-x: hidden; }
#rows:focus, #detail:focus { background: $surface; }
#below { height: 1fr; border-top: solid $primary; }
.-wide #body { layout: horizontal; }
.-wide #below { border-top: none; border-left: solid $primary; width: 2fr; height: 100%; }
.-wide #rows { width: 3fr; height: 100%; }
#detail { height: 100%; }
#detail:ansi > .tree--guides { color: ansi_default; }
"""


class WatchApp(App[None]):
    """`compile_text` compiles what stands in the box; `stopped` says whether a signal asks for the end."""

    CSS = _CSS
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - textual declares it for instances
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "quit", show=False, priority=True),
        Binding("escape", "messages", "back to the messages", key_display="esc", priority=True),
        Binding("question_mark,f1", "help", "help", key_display="?", priority=True),
        Binding("q", "end", "quit"),
        Binding("slash", "query", "query", key_display="/", priority=True),
        Binding("p", "pause", "pause"),
        Binding("c", "copy", "copy"),
        Binding("f", "filter", "filter"),
        Binding("1", "part('detail')", "tree", priority=True),
        Binding("2", "part('funnel')", "funnel", priority=True),
        Binding("3", "part('leases')", "leases", priority=True),
        Binding("r", "again", "read again", show=False),
    ]

    def __init__(
        self,
        world: Environment,
        watched: Watched,
        text: str,
        compile_text: Callable[[str], Query],
        stopped: Callable[[], bool],
    ) -> None:
        # Without colours the terminal's own, not textual's greys: they suit no light background.
        super().__init__(ansi_color=None if world.colors() else True)
        self._world = world
        self._watched = watched
        self._compile = compile_text
        self._stopped = stopped
        self._view = View()
        self._typed = 0
        self._text = text
        #: The last query that was one.
        self._asked: Query | None = compile_text(text) if text else None
        self._shown: dict[Static, Text] = {}
        # Held here and never looked up: the timer may tick before they are on the screen, and after.
        self._wrong = Static(id="wrong", markup=False)
        self._state = Static(id="state", markup=False)
        self._rows = Rows(world, watched.store)
        self._below = ContentSwitcher(initial="detail", id="below")
        self._detail = Detail()
        self._funnel = Static(id="funnel-text", markup=False)
        self._leases = Static(id="leases-text", markup=False)

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        self._box = Box(
            self._text, placeholder='a query: event.name == "x"; empty for all', id="query", select_on_focus=False
        )
        yield self._box
        yield self._wrong
        yield self._state
        with Vertical(id="body"):
            yield self._rows
            with self._below:
                yield self._detail
                with VerticalScroll(id="funnel"):
                    yield self._funnel
                with VerticalScroll(id="leases"):
                    yield self._leases
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        self._rows.focus()
        self.set_interval(TICK, self.look)
        self.look()

    def look(self) -> None:
        """Draw what has changed."""
        if not self.screen_stack:  # a tick that was due when the program ended
            return
        if self._stopped():
            self.exit()
            return
        view = self._watched.sieve.view
        if view is not self._view:
            self._view = view
            self._rows.show(view.numbers, follow=self.focused is not self._detail)
        self._put(self._state, Text(panels.state(self._watched, view)))
        below = self._below
        width = max(20, below.size.width - 2)
        if below.current == "funnel":
            self._put(self._funnel, panels.funnel(view, width))
        elif below.current == "leases":
            self._put(self._leases, panels.leases(self._watched, time.monotonic(), self._world, width))

    def _put(self, part: Static, text: Text) -> None:
        """Draw a part, unless that is what stands there: a screen that nobody touches costs nothing."""
        if self._shown.get(part) != text:
            self._shown[part] = text
            part.update(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take what was typed, once typing rests."""
        self._typed += 1
        turn = self._typed
        self.set_timer(REST, lambda: self._take(event.value) if turn == self._typed else None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed at once, and go to the messages where it is a query."""
        self._typed += 1
        if self._take(event.value):
            self._rows.focus()

    def _take(self, text: str) -> bool:
        wrong = self._wrong
        try:
            query = self._compile(text) if text.strip() else None
        except MegaQLError as error:
            wrong.update(Text(harmless(str(error), keep="\n")))
            wrong.display = True
            return False
        wrong.display = False
        self._asked = query
        self._watched.sieve.ask(query)
        return True

    def on_rows_chosen(self) -> None:
        """Show the message under the cursor."""
        number = self._rows.chosen
        message = self._watched.store.get(number) if number else None
        name = "no message is chosen" if message is None else message.id or f"message {number:,}"
        self._detail.show(message, name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether a key means something now: while a query is typed its letters are letters, and over the keys' screen it alone is asked."""
        typing = isinstance(self.focused, Input)
        if action == "messages":
            return typing
        if action in KEYS:
            return not typing and len(self.screen_stack) == 1
        return super().check_action(action, parameters)

    def action_messages(self) -> None:
        """Go back to the messages."""
        self.set_focus(self._rows)

    def action_end(self) -> None:
        """End."""
        self.exit()

    def action_query(self) -> None:
        """Go to the query."""
        self.set_focus(self._box)

    def action_pause(self) -> None:
        """Stop receiving, or go on."""
        self._watched.pause(not self._watched.paused)
        self.look()

    def action_again(self) -> None:
        """Read again, where reading has ended."""
        if not self._watched.again():
            self._say("it is still being read, or it is a file")

    def action_part(self, name: str) -> None:
        """Show another part below the messages, and go there."""
        self._below.current = name
        self.set_focus(self.query_one(f"#{name}"))
        self.look()

    def action_copy(self) -> None:
        """Copy the chosen place as a query."""
        text = self._clause()
        if text:
            self.copy_to_clipboard(text)
            self._say(text, "copied")

    def action_filter(self) -> None:
        """Add the chosen place to the query."""
        text = self._clause()
        if not text:
            return
        box = self._box
        # What was typed a moment ago may not have been asked yet.
        self._take(box.value)
        if self._asked is not None:
            text = str(self._asked & self._compile(text))
        box.value = text
        box.cursor_position = len(text)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def _clause(self) -> str:
        detail = self._detail
        node = detail.cursor_node
        if detail.message is None or node is None or node.data is None or not node.data.steps:
            self._say("choose a place of the message first: 1, then the arrow keys")
            return ""
        text = clause_for(detail.message, node.data.steps, envelope=node.data.envelope)
        if not text:
            self._say("no query can name this place: it is below too many others")
        return text

    def _say(self, text: str, title: str = "") -> None:
        """Say something for a moment, in the place of what was said before."""
        self.clear_notifications()
        self.notify(harmless(text), title=title, markup=False, timeout=NOTICE)

    def _fatal_error(self) -> None:
        """End; who started the program tells of the exception, without the values of variables."""
        self._close_messages_no_wait()
