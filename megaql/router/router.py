"""The router: names with queries, asked one message at a time.

A maintainer keeps two rules. A message is decoded once, not once per query. And the table is never changed in place: `add` and `remove` put a new
one in its stead, so that any number of threads route while another one subscribes, without a lock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from megaql import query as queries
from megaql.errors import MegaQLError
from megaql.lang import evaluator
from megaql.lang.verdict import Verdict
from megaql.query import Query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from megaql.lang.reasons import Reason
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
        self._queries: Mapping[str, Query] = {}
        self._changing = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order of adding."""
        return tuple(self._queries)

    def add(self, name: str, query: Query) -> None:
        """Bind a name to a query; raises `MegaQLError` where the name is taken."""
        if not isinstance(query, Query):
            raise MegaQLError(
                f"a router takes compiled queries, not {type(query).__name__}",
                where=f"router.add({name!r}, …)",
                hint="compile the text first: megaql.compile(text)",
            )
        with self._changing:
            if name in self._queries:
                raise MegaQLError(
                    f"the router already has a query named {name!r}",
                    why="a name stands for one query, so that an answer says which one matched",
                    hint="choose another name, or remove() the old one first",
                )
            self._queries = {**self._queries, name: query}

    def remove(self, name: str) -> None:
        """Take a query out; raises `MegaQLError` where there is none of that name."""
        with self._changing:
            if name not in self._queries:
                raise MegaQLError(
                    f"the router has no query named {name!r}",
                    why=f"its names are {', '.join(map(repr, self._queries))}" if self._queries else "it is empty",
                )
            self._queries = {other: query for other, query in self._queries.items() if other != name}

    def route(self, subject: Subject, *, now: datetime | None = None) -> list[str]:
        """Return the names of the queries that match, in order of adding. Data never raises."""
        return [decision.name for decision in self.verdicts(subject, now=now) if decision.verdict is Verdict.MATCH]

    def verdicts(self, subject: Subject, *, now: datetime | None = None) -> list[Decision]:
        """Return what every query says, in order of adding; `now` is the time that `now()` and `age()` see. Data never raises."""
        table = self._queries
        if not table:
            return []
        record = queries.record_of(subject)
        decisions = []
        for name, query in table.items():
            finding = evaluator.decide(query.node, record, now=now)
            decisions.append(Decision(name, finding.verdict, finding.cause))
        return decisions
