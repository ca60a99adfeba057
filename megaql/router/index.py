"""An index of queries by what they require: the values of a message lead to the few queries that may match it.

The names of the places form a trie that is walked alongside the message. At each place a field keeps the queries by what they want there; where many
want the same they are indexed again by what else they require, so that a message meets only queries all of whose requirements it may meet.

A maintainer keeps three rules. What is found may be too much, never too little. Readers take no lock: what they go through is a tuple, replaced
as a whole, and a dictionary is only ever asked for one key. And what has become empty is dropped.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from megaql.lang.record import MEGA_EVENT_FIELDS
from megaql.router.fields import Field
from megaql.router.trie import Node
from megaql.router.ways import without

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.router.requirements import Place
    from megaql.router.ways import Search, Way

#: Queries that stay side by side under one value; more are indexed by what else they require.
SIDE_BY_SIDE: Final = 8


class Bucket:
    """The queries that want the same: side by side, or from a certain number on in an index."""

    __slots__ = ("_held", "_level")

    def __init__(self, level: int) -> None:
        self._level = level
        self._held: tuple[Way, ...] | Index = ()

    def __bool__(self) -> bool:
        return bool(self._held)

    def add(self, way: Way) -> None:
        """Put in one alternative of a query."""
        held = self._held
        if isinstance(held, Index):
            held.add(way)
        elif len(held) < SIDE_BY_SIDE:
            self._held = (*held, way)
        else:
            index = Index(self._level + 1)
            for one in (*held, way):
                index.add(one)
            self._held = index

    def remove(self, way: Way) -> None:
        """Take out an alternative that is there."""
        if isinstance(self._held, Index):
            self._held.remove(way)
        else:
            self._held = without(self._held, way)

    def collect(self, search: Search) -> None:
        """Collect the queries whose other requirements a record may meet."""
        held = self._held
        if type(held) is tuple:
            found = search.found
            for way in held:
                entry = way.entry
                found[entry.number] = entry
        elif held not in search.seen:
            search.seen.add(held)
            held.collect(search)  # type: ignore[union-attr] # the other of the two


class Index:
    """Alternatives of queries by their requirement of one level. Those without one are always found."""

    __slots__ = ("_always", "_envelope", "_events", "_fields", "_level", "_size", "_tree")

    def __init__(self, level: int = 0) -> None:
        self._level = level
        self._size = 0
        self._always: tuple[Way, ...] = ()
        self._fields: dict[Place, Field] = {}
        self._tree = Node()
        #: As `_tree`, for the canonical form of MEGA events, where two places of an attribute are one.
        self._events = Node()
        self._envelope = Node()

    def __bool__(self) -> bool:
        return self._size > 0

    def add(self, way: Way) -> None:
        """Put in one alternative of a query."""
        self._size += 1
        if len(way.requirements) <= self._level:
            self._always = (*self._always, way)
            return
        requirement = way.requirements[self._level]
        field = self._fields.get(requirement.place)
        if field is None:
            field = self._fields[requirement.place] = Field(partial(Bucket, self._level))
            field.add(requirement, way)
            for node, names in self._routes(requirement.place):
                node.add(names, field)
        else:
            field.add(requirement, way)

    def remove(self, way: Way) -> None:
        """Take out an alternative that is there."""
        self._size -= 1
        if len(way.requirements) <= self._level:
            self._always = without(self._always, way)
            return
        requirement = way.requirements[self._level]
        field = self._fields[requirement.place]
        field.remove(requirement, way)
        if not field:
            del self._fields[requirement.place]
            for node, names in self._routes(requirement.place):
                node.remove(names, field)

    def _routes(self, place: Place) -> Iterable[tuple[Node, tuple[str, ...]]]:
        """Return the tries that a place stands in, each with its names there."""
        names = place.names
        if place.envelope:
            return [(self._envelope, names)]
        routes = [(self._tree, names), (self._events, names)]
        if len(names) > 1 and names[0] == "event" and names[1] not in MEGA_EVENT_FIELDS:
            routes.append((self._events, ("event", "attributes", *names[1:])))
        return routes

    def collect(self, search: Search) -> None:
        """Collect the queries that may match a record."""
        record, found = search.record, search.found
        for way in self._always:
            entry = way.entry
            found[entry.number] = entry
        tree = self._events if record.mega else self._tree
        if tree.children:
            tree.below(record.body, search)
        if self._envelope.children:
            self._envelope.below(record.envelope, search)
