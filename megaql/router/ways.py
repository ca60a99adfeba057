"""Queries in an index, each by the ways in which it can match.

A maintainer keeps one rule: an entry is found by its number, so that a query found in several ways is asked once, and in the order of adding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from megaql.lang.record import Record
    from megaql.query import Query
    from megaql.router.requirements import Requirement


class Entry:
    """One query of a router, by its number in the order of adding; `ways` are its alternatives."""

    __slots__ = ("matcher", "name", "number", "query", "ways")

    def __init__(self, number: int, name: str, query: Query, ways: list[tuple[Requirement, ...]]) -> None:
        self.number = number
        self.name = name
        self.query = query
        self.matcher = query.matcher
        self.ways = tuple(Way(self, requirements) for requirements in ways)


class Way:
    """One alternative of a query: what it requires, a level of the index for each."""

    __slots__ = ("entry", "requirements")

    def __init__(self, entry: Entry, requirements: tuple[Requirement, ...]) -> None:
        self.entry = entry
        self.requirements = requirements


class Hit(Protocol):
    """What a value of a message leads to."""

    @property
    def held(self) -> tuple[Way, ...] | Deeper:
        """The alternatives that are found, or an index of them by what else they require."""
        ...

    @property
    def only(self) -> Entry | None:
        """The one query there is, where `held` is one alternative and no more."""
        ...


class Deeper(Protocol):
    """An index below another."""

    def collect(self, record: Record, hits: list[Hit]) -> None:
        """Collect what a record leads to."""


def without(ways: tuple[Way, ...], way: Way) -> tuple[Way, ...]:
    """Return the tuple without one of its items."""
    at = ways.index(way)
    return (*ways[:at], *ways[at + 1 :])
