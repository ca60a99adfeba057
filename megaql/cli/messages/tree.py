"""An explanation as a tree of clauses, each with its sign, its verdict in words, and the values it found.

A maintainer keeps one rule: the sign and the colour only repeat the word, so that a screen reader and a monochrome terminal lose nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from megaql.cli.messages.preview import event_text, id_text, payload_text
from megaql.cli.terminal.coloring import pieces
from megaql.cli.terminal.screen import Screen
from megaql.cli.terminal.style import harmless
from megaql.lang.nodes import And, Not, Or
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.lang.explain import Explanation

_SIGNS: Final = {Verdict.MATCH: ("✓", "green"), Verdict.NO_MATCH: ("✗", "red"), Verdict.UNKNOWN: ("?", "yellow")}

_STYLES: Final = {"found": "dim", "reason": "yellow", "hint": "cyan", "decided": "dim"}

#: The column of the verdicts: "✗ no match". Cells.
VERDICT: Final = 10

#: The gap between the verdict and the clause, and how far what was found stands in from the clause. Cells.
GAP: Final = 2

#: What rich indents a branch by. Cells.
BRANCH: Final = 4

#: Clauses are indented no further than leaves this for their text. Cells.
MIN_TEXT: Final = 28


class Trees:
    """Explanations one below the other, each under a line that says which message it is about."""

    def __init__(self, world: Environment) -> None:
        self._world = world
        self._screen = Screen(world)
        self._begun = False

    def show(self, message: Message, position: int, explanation: Explanation) -> None:
        """Draw an explanation; a message without an id is named by its position."""
        if self._begun:
            self._world.out()
        self._begun = True
        parts = [
            id_text(message) or f"message {position:,}",
            self._world.when(message.sent_at),
            event_text(message),
            payload_text(message),
        ]
        heading = harmless("  ".join(part for part in parts if part))
        self._screen.draw(Text(heading, "bold", no_wrap=True, overflow="ellipsis"))
        if message.decoded.reason:
            self._screen.draw(_text(f"taken for {message.payload.kind}: {message.decoded.reason}", "dim"))
        self._screen.draw(clause_tree(explanation, self._world.width))


def clause_tree(explanation: Explanation, width: int) -> Tree:
    """Return an explanation as a tree for a screen of so many cells."""
    tree = Tree(_label(explanation), guide_style="dim")
    _grow(tree, explanation, max(1, (width - VERDICT - GAP - MIN_TEXT) // BRANCH))
    return tree


def _grow(tree: Tree, explanation: Explanation, levels: int) -> None:
    """Add the clauses inside a clause. Where there is no room to indent, they follow as its siblings."""
    for position, child in enumerate(explanation.children, 1):
        if explanation.omitted and position == len(explanation.children) - 1:
            tree.add(_text(explanation.omission, "dim"))
        branch = tree.add(_label(child))
        _grow(branch if levels > 1 else tree, child, levels - 1)


def _label(one: Explanation) -> RenderableType:
    """Return a clause with its verdict before it, and beneath it what it found."""
    sign, color = _SIGNS[one.verdict]
    connective = {And: "and", Or: "or", Not: "not"}.get(type(one.node))
    title = connective or one.shown_clause
    if one.element:
        title = f"{one.element}: {title}"
    notes = (Padding(_text(remark.text, _STYLES[remark.kind]), (0, 0, 0, GAP)) for remark in one.remarks)
    row = Table.grid(padding=(0, GAP, 0, 0))
    row.add_column(min_width=VERDICT)
    row.add_row(Text(f"{sign} {one.verdict.value}", color, no_wrap=True), Group(_clause(title), *notes))
    return row


def below_row(explanation: Explanation, width: int) -> RenderableType:
    """Return what stands below a message's row: of a near miss, what alone kept it out; of any other message the tree."""
    blockers = explanation.blockers()
    if not blockers:
        return clause_tree(explanation, width)
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(no_wrap=True)
    row.add_row(Text("kept out by", "yellow"), _text(" or ".join(_blocker(blocker) for blocker in blockers)))
    return row


def _blocker(blocker: Explanation) -> str:
    found = [str(actual) for actual in blocker.actual] or ([blocker.reason] if blocker.reason else [])
    found += [blocker.hint] if blocker.hint else []
    clause = blocker.shown_clause
    return f"{clause}  ({'; '.join(found)})" if found else clause


def _text(text: str, style: str = "") -> Text:
    return Text(harmless(text), style, overflow="fold")


def _clause(text: str) -> Text:
    return Text.assemble(*((piece, color or "") for piece, color in pieces(text)), overflow="fold")
