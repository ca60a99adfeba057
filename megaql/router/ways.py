"""Queries in an index, and what one search for them has found.

A maintainer keeps one rule: an entry is found by its number, so that a query found in several ways is asked once, and in the order of adding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from megaql.lang.record import Record
    from megaql.query import Query
    from megaql.router.requirements import Requirement


class Entry:
    """One query of a router, by its number in the order of adding; `ways` are its alternatives."""

    __slots__ = ("name", "number", "query", "ways")

    def __init__(self, number: int, name: str, query: Query, ways: list[tuple[Requirement, ...]]) -> None:
        self.number = number
        self.name = name
        self.query = query
        self.ways = tuple(Way(self, requirements) for requirements in ways)


class Way:
    """One alternative of a query: what it requires, a level of the index for each."""

    __slots__ = ("entry", "requirements")

    def __init__(self, entry: Entry, requirements: tuple[Requirement, ...]) -> None:
        self.entry = entry
        self.requirements = requirements


class Search:
    """The search for the queries that may match one record."""

    __slots__ = ("found", "record", "seen")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.found: dict[int, Entry] = {}
        #: What has been gone through and need not be again, however many values lead there.
        self.seen: set[object] = set()


def without(ways: tuple[Way, ...], way: Way) -> tuple[Way, ...]:
    """Return the tuple without one of its items."""
    at = ways.index(way)
    return (*ways[:at], *ways[at + 1 :])
