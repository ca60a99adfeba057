"""Where the paths of a clause lead, as Python expressions, each place fetched once where it is needed twice.

There are two ways to follow a path. The swift one takes for granted that everything with a name in it is a `dict`, and fails with an
`AttributeError` where that is wrong; the careful one asks. A maintainer keeps one rule: neither ever changes a document, so names are fetched
with `get` and never with brackets, which a `defaultdict` would answer by growing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from megaql.lang import nodes, tree
from megaql.lang.nodes import Key, Root
from megaql.lang.record import MEGA_EVENT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from megaql.lang.compiler.unit import Unit

#: The variable that a path starts at, and the keys after it.
Place: TypeAlias = tuple[str, ...]


class Head(NamedTuple):
    """What a generated function calls its four arguments; one that it has not is `None`."""

    subject: str = "subject"
    body: str = "body"
    envelope: str = "envelope"
    now: str = "now"


class Places:
    """The places that one generated function fetches."""

    def __init__(
        self, unit: Unit, clause: nodes.Clause, head: Head, variables: Mapping[str, str], *, swift: bool, mega: bool
    ) -> None:
        self.unit = unit
        self.head = head
        self.variables = variables
        self.swift = swift
        self.mega = mega
        #: Statements that keep what is needed more than once.
        self.kept: list[str] = []
        self._names: dict[tuple[Place, str], str] = {}
        self._uses: Counter[tuple[Place, str]] = Counter()
        for path in _paths(clause):
            place = self.of(path)
            if place is not None:
                self._count(place)

    def of(self, path: nodes.Path) -> Place | None:
        """Return the place of a path; `None` where only the evaluator can follow it."""
        keys = [segment.name for segment in path.segments if isinstance(segment, Key)]
        if not keys or len(keys) != len(path.segments):
            return None
        if path.root is Root.VARIABLE:
            return (self.variables[keys[0]], *keys[1:]) if keys[0] in self.variables else None
        if path.root is Root.ENVELOPE:
            return (self.head.envelope, *keys)
        if self.mega and len(keys) > 1 and keys[0] == "event" and keys[1] not in MEGA_EVENT_FIELDS:
            keys.insert(1, "attributes")
        return (self.head.body, *keys)

    def _count(self, place: Place) -> None:
        self._uses[place, "M"] += 1
        for end in range(len(place) - 1, 1, -1):
            use = (place[:end], "E" if self.swift else "M")
            self._uses[use] += 1
            if self._uses[use] > 1:
                return

    def value(self, place: Place) -> str:
        """Return the expression for what stands at a place; `M` where nothing does."""
        return self._fetch(place, "M")

    def _fetch(self, place: Place, default: str) -> str:
        if len(place) == 1:
            return place[0]
        use = (place, default)
        if use not in self._names:
            source = self._member(place, default)
            if self._uses[use] < 2:
                return source
            self._names[use] = name = self.unit.fresh("p")
            self.kept.append(f"{name} = {source}")
        return self._names[use]

    def _member(self, place: Place, default: str) -> str:
        key = repr(place[-1])
        if self.swift:
            return f"{self._fetch(place[:-1], 'E')}.get({key}, {default})"
        holder = self._fetch(place[:-1], "M")
        if holder.isidentifier():
            return f"({holder}.get({key}, M) if type({holder}) is dict else step({holder}))"
        name = self.unit.fresh("h")
        return f"({name}.get({key}, M) if type({name} := {holder}) is dict else step({name}))"


def _paths(clause: nodes.Clause) -> Iterator[nodes.Path]:
    """Yield the paths that a clause's own function follows; a quantifier's condition has a function of its own."""
    stack: list[tree.AnyNode] = [clause]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Path):
            yield node
        elif isinstance(node, nodes.Quantified):
            stack.append(node.path)
        elif not isinstance(node, nodes.Count):
            stack.extend(reversed(tree.children(node)))
