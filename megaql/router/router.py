"""The router: names with queries, asked one message at a time.

A maintainer keeps two rules. A message is decoded once, not once per query. And any number of threads route while another one subscribes, without
a lock: they go through nothing that may change meanwhile, only through tuples and copies.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from megaql import query as queries
from megaql.errors import MegaQLError
from megaql.lang import evaluator
from megaql.query import Query
from megaql.router.alternatives import alternatives
from megaql.router.index import Index
from megaql.router.ways import Entry, Search

if TYPE_CHECKING:
    from datetime import datetime

    from megaql.lang.reasons import Reason
    from megaql.lang.record import Record
    from megaql.lang.verdict import Verdict
    from megaql.query import Subject


class Decision(NamedTuple):
    """What one query says of a message; `reason` says why a verdict is UNKNOWN, and writes its text only in `str()`."""

    name: str
    verdict: Verdict
    reason: Reason | None


class Router:
    """Names bound to queries.

    >>> router = Router()
    >>> router.add("audit", megaql.compile('event.name == "user.updated"'))
    >>> router.route({"protocol": "mega", "event": {"name": "user.updated"}, ...})
    ["audit"]
    """

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._index = Index()
        self._added = 0
        self._changing = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order of adding."""
        return tuple(self._entries.copy())

    def add(self, name: str, query: Query) -> None:
        """Bind a name to a query; raises `MegaQLError` where the name is taken."""
        if not isinstance(query, Query):
            raise MegaQLError(
                f"a router takes compiled queries, not {type(query).__name__}",
                where=f"router.add({name!r}, …)",
                hint="compile the text first: megaql.compile(text)",
            )
        ways = alternatives(query.node)
        with self._changing:
            if name in self._entries:
                raise MegaQLError(
                    f"the router already has a query named {name!r}",
                    why="a name stands for one query, so that an answer says which one matched",
                    hint="choose another name, or remove() the old one first",
                )
            self._added += 1
            entry = self._entries[name] = Entry(self._added, name, query, ways)
            for way in entry.ways:
                self._index.add(way)

    def remove(self, name: str) -> None:
        """Take a query out; raises `MegaQLError` where there is none of that name."""
        with self._changing:
            entry = self._entries.pop(name, None)
            if entry is None:
                raise MegaQLError(
                    f"the router has no query named {name!r}",
                    why=f"its names are {', '.join(map(repr, self._entries))}" if self._entries else "it is empty",
                )
            for way in entry.ways:
                self._index.remove(way)

    def route(self, subject: Subject, *, now: datetime | None = None) -> list[str]:
        """Return the names of the queries that match, in order of adding. Data never raises."""
        if not self._entries:
            return []
        return self._matching(queries.record_of(subject), now)

    def _matching(self, record: Record, now: datetime | None) -> list[str]:
        search = Search(record)
        self._index.collect(search)
        found = search.found
        return [entry.name for _, entry in sorted(found.items()) if entry.query.matcher.matches(record, now)]

    def verdicts(self, subject: Subject, *, now: datetime | None = None) -> list[Decision]:
        """Return what every query says, in order of adding; `now` is the time that `now()` and `age()` see. Data never raises."""
        if not self._entries:
            return []
        record = queries.record_of(subject)
        decisions = []
        for name, entry in self._entries.copy().items():
            finding = evaluator.decide(entry.query.node, record, now=now)
            decisions.append(Decision(name, finding.verdict, finding.cause))
        return decisions
