"""Whether a document that calls itself a MEGA payload can be asked as it is: without checking it and bringing it into canonical form.

The canonical form moves unlisted keys of `event` to `event.attributes` and fills in versions; only what keeps the protocol is brought into it. A
maintainer keeps one rule: where the answer of a path depends on any of that, the document is not settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from megaql.lang import nodes, tree
from megaql.lang.nodes import Key, Root
from megaql.lang.record import MEGA_EVENT_FIELDS

if TYPE_CHECKING:
    from megaql.lang.nodes import Clause, Path


class Aliases:
    """What the paths of a clause read of that; false if it is nothing."""

    def __init__(self, clause: Clause) -> None:
        self._direct: set[str] = set()
        self._attributes: set[str] = set()
        self._versions: set[str] = set()
        self._wholes = False
        for node in tree.walk(clause):
            if isinstance(node, nodes.Path) and node.root is Root.BODY:
                self._note(node)

    def __bool__(self) -> bool:
        return self._wholes or bool(self._direct or self._attributes or self._versions)

    def _note(self, path: Path) -> None:
        """Take note of what a path reads: the name of an attribute in either of its places, a version, or more than that."""
        first, second, third = (
            *(segment.name if isinstance(segment, Key) else None for segment in path.segments),
            *[None] * 3,
        )[:3]
        if first is None or (first in ("event", "object") and second is None):
            self._wholes = True
        elif first in ("event", "object") and second == "version":
            self._versions.add(first)
        elif first == "event" and second == "attributes":
            if third is None:
                self._wholes = True
            elif third not in MEGA_EVENT_FIELDS:
                self._attributes.add(third)
        elif first == "event" and second is not None and second not in MEGA_EVENT_FIELDS:
            self._direct.add(second)

    def source(self, document: str) -> str:
        """Return the expression that says whether a document is settled, which calls `settled` if it must."""
        quick = f"type(event := {document}.get('event')) is dict and 'attributes' not in event or "
        moves_one_way = not (self._wholes or self._attributes or self._versions)
        return f"(not {document}.get('protocol') == 'mega' or {quick if moves_one_way else ''}settled({document}))"

    def settled(self, document: dict[str, Any]) -> bool:
        """Say whether the paths lead to the same in a document as in its canonical form, whether or not it keeps the protocol."""
        if self._wholes:
            return False
        for name in self._versions:
            section = document.get(name)
            if isinstance(section, dict) and "version" not in section:
                return False
        event = document.get("event")
        if type(event) is not dict:
            return not isinstance(event, dict)  # no event, so it keeps its form
        attributes = event.get("attributes")
        if attributes is not None and type(attributes) is not dict:
            return not isinstance(attributes, dict)
        # What stands in both places is left to the protocol, which compares the two.
        given = attributes or {}
        return given.keys().isdisjoint(self._direct) and event.keys().isdisjoint(self._attributes)
