"""An index of queries by what they require: the values of a message lead to the few queries that may match it.

The names of the places form a trie that is walked alongside the message. At each place a field keeps the queries by what they want there; where many
want the same they are indexed again by what else they require, so that a message meets only queries all of whose requirements it may meet.

A maintainer keeps three rules. What is found may be too much, never too little. Readers take no lock: what they go through is a tuple, replaced
as a whole, and a dictionary is only ever asked for one key. And what has become empty is dropped.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.lang.record import MEGA_EVENT_FIELDS
from megaql.router.fields import Field
from megaql.router.trie import Node
from megaql.router.walks import Walk
from megaql.router.ways import without

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.lang.record import Record
    from megaql.router.requirements import Place
    from megaql.router.ways import Deeper, Entry, Hit, Way

#: Queries that stay side by side under one value; more are indexed by what else they require.
SIDE_BY_SIDE: Final = 8


class Always(NamedTuple):
    """Ways that require no more than led to their index."""

    held: tuple[Way, ...]
    only: None = None


class Bucket:
    """The queries that want the same: side by side, or from a certain number on in an index."""

    __slots__ = ("_level", "held", "only")

    def __init__(self, level: int) -> None:
        self._level = level
        self.held: tuple[Way, ...] | Index = ()
        self.only: Entry | None = None

    def __bool__(self) -> bool:
        return bool(self.held)

    def add(self, way: Way) -> None:
        """Put in one alternative of a query."""
        held = self.held
        if isinstance(held, Index):
            held.add(way)
        elif len(held) < SIDE_BY_SIDE:
            self.held = (*held, way)
            self.only = None if held else way.entry
        else:
            index = Index(self._level + 1)
            for one in (*held, way):
                index.add(one)
            self.held = index

    def remove(self, way: Way) -> None:
        """Take out an alternative that is there."""
        held = self.held
        if isinstance(held, Index):
            held.remove(way)
        else:
            self.held = held = without(held, way)
            self.only = held[0].entry if len(held) == 1 else None


class Index:
    """Alternatives of queries by their requirement of one level. Those without one are always found."""

    __slots__ = ("_events", "_fields", "_level", "_plain", "_size", "always", "envelope", "events", "plain")

    def __init__(self, level: int = 0) -> None:
        self._level = level
        self._size = 0
        #: The ways that require no more: none or one of these buckets.
        self.always: tuple[Always, ...] = ()
        self._fields: dict[Place, Field] = {}
        self._plain = Node()
        #: As `_plain`, for the canonical form of MEGA events, where two places of an attribute are one.
        self._events = Node()
        self.envelope = Node()
        self._begin()

    def __bool__(self) -> bool:
        return self._size > 0

    @property
    def asks_once(self) -> bool:
        """Whether all there is stands at one place."""
        return len(self._fields) == 1 and not self.always

    def add(self, way: Way) -> None:
        """Put in one alternative of a query."""
        self._size += 1
        if len(way.requirements) <= self._level:
            self.always = (Always((*self._ways_without(), way)),)
            return
        requirement = way.requirements[self._level]
        field = self._fields.get(requirement.place)
        if field is None:
            field = self._fields[requirement.place] = Field(partial(Bucket, self._level))
            field.add(requirement, way)
            for node, names in self._routes(requirement.place):
                node.add(names, field)
            self._begin()
        elif field.add(requirement, way):
            self._begin()

    def remove(self, way: Way) -> None:
        """Take out an alternative that is there."""
        self._size -= 1
        if len(way.requirements) <= self._level:
            kept = without(self._ways_without(), way)
            self.always = (Always(kept),) if kept else ()
            return
        requirement = way.requirements[self._level]
        field = self._fields[requirement.place]
        if not field.remove(requirement, way):
            return
        if not field:
            del self._fields[requirement.place]
            for node, names in self._routes(requirement.place):
                node.remove(names, field)
        self._begin()

    def _ways_without(self) -> tuple[Way, ...]:
        """Return the ways that have no requirement of this level."""
        return self.always[0].held if self.always else ()

    def _begin(self) -> None:
        """Begin new walks: the places, or what is asked there, are others than before."""
        self.plain, self.events = Walk(self._plain), Walk(self._events)

    def _routes(self, place: Place) -> Iterable[tuple[Node, tuple[str, ...]]]:
        """Return the tries that a place stands in, each with its names there."""
        names = place.names
        if place.envelope:
            return [(self.envelope, names)]
        routes = [(self._plain, names), (self._events, names)]
        if len(names) > 1 and names[0] == "event" and names[1] not in MEGA_EVENT_FIELDS:
            routes.append((self._events, ("event", "attributes", *names[1:])))
        return routes

    def collect(self, record: Record, hits: list[Hit]) -> None:
        """Collect what a record leads to."""
        hits += self.always
        (self.events if record.mega else self.plain).down(record.body, hits)
        if self.envelope.children:
            self.envelope.below(record.envelope, hits)


def entries(hits: list[Hit], record: Record) -> list[Entry]:
    """Return the queries that stand in what was hit and what that leads to, in the order of adding."""
    if len(hits) == 1 and (only := hits[0].only) is not None:
        return [only]
    found: dict[int, Entry] = {}
    entered: set[Deeper] = set()
    for hit in hits:  # it grows meanwhile
        held = hit.held
        if isinstance(held, tuple):
            for way in held:
                entry = way.entry
                found[entry.number] = entry
        elif held not in entered:
            entered.add(held)
            held.collect(record, hits)
    return [found[number] for number in sorted(found)]
