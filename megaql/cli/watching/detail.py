"""The chosen message as a tree whose every place can become a query.

A maintainer keeps one rule: a node is made when its parent is opened, and no more than a screen's owner can scroll through.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.text import Text
from textual.widgets import Tree

from megaql.cli.terminal.style import harmless
from megaql.plural import counted
from megaql.scan.readable import readable, timestamp

if TYPE_CHECKING:
    from textual.widgets.tree import TreeNode

    from megaql.broker.message import Message

#: Nodes below one; the rest is counted.
MOST: Final = 200

#: A value's text is cut after this. Characters.
MOST_TEXT: Final = 200

#: What is opened at once: so many levels.
OPENED: Final = 3


class Place(NamedTuple):
    """Where a node is in a message, and what stands there."""

    steps: tuple[str | int, ...]
    envelope: bool
    value: object


class Detail(Tree[Place | None]):
    """The envelope and the payload of one message."""

    def __init__(self) -> None:
        super().__init__("no message is chosen", id="detail")
        self.message: Message | None = None

    def show(self, message: Message | None, name: str) -> None:
        """Show another message."""
        self.message = message
        self.clear()
        self.root.set_label(Text(harmless(name)))
        if message is None:
            return
        payload = message.payload
        if payload.document is not None:
            self._add(self.root, "payload", Place((), False, payload.document), 0)
        else:
            # A text is asked for as @body; nothing can be asked of bytes.
            text, place = f"{len(message.body):,} characters of Base64", Place((), False, None)
            if payload.kind == "text":
                text, place = payload.text, Place(("body",), True, None)
            self.root.add_leaf(_label("payload", text), place)
        envelope = {name: value for name, value in message.envelope().items() if name != "body"}
        self._add(self.root, "envelope", Place((), True, envelope), OPENED - 1)
        self.root.expand()

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Place | None]) -> None:
        """Make what is below a node when it is opened for the first time."""
        node = event.node
        if node.data is not None and not node.children:
            self._fill(node, node.data, OPENED)

    def _add(self, parent: TreeNode[Place | None], name: str, place: Place, level: int) -> None:
        if not isinstance(place.value, dict | list) or not place.value:
            parent.add_leaf(_label(name, place.value), place)
            return
        noun = "key" if isinstance(place.value, dict) else "item"
        size = counted(len(place.value), noun)
        node = parent.add(Text(f"{harmless(name)}  ({size})"), place)
        if level < OPENED:
            self._fill(node, place, level)
            node.expand()

    def _fill(self, node: TreeNode[Place | None], place: Place, level: int) -> None:
        value = place.value
        items: list[tuple[str | int, object]] = list(value.items()) if isinstance(value, dict) else []
        if isinstance(value, list):
            items = list(enumerate(value))
        for step, item in items[:MOST]:
            name = f"[{step}]" if isinstance(step, int) else step
            self._add(node, name, Place((*place.steps, step), place.envelope, item), level + 1)
        if len(items) > MOST:
            node.add_leaf(Text(f"and {len(items) - MOST:,} more"), None)


def _label(name: str, value: object) -> Text:
    shown = timestamp(value) if isinstance(value, datetime) else json.dumps(readable(value), ensure_ascii=False)
    text = shown if len(shown) <= MOST_TEXT else f"{shown[:MOST_TEXT]}…"
    return Text(f"{harmless(name)}: {harmless(text)}")
