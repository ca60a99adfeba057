"""The router: names with queries, asked one message at a time.

A maintainer keeps two rules. A message is decoded once, not once per query. And any number of threads route while another one subscribes, without
a lock: they go through nothing that may change meanwhile, only through tuples and copies.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from megaql import query as queries
from megaql.codec.decode import decode
from megaql.errors import MegaQLError
from megaql.lang import evaluator
from megaql.lang.blame import blame
from megaql.lang.record import Record
from megaql.query import Query
from megaql.router.alternatives import alternatives
from megaql.router.index import Index, entries
from megaql.router.needs import needs
from megaql.router.plain import Texts, matching
from megaql.router.readers import Readers
from megaql.router.ways import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from megaql.codec.skim import Skimmer
    from megaql.lang.blame import Blame
    from megaql.lang.reasons import Reason
    from megaql.lang.verdict import Verdict
    from megaql.query import Subject
    from megaql.router.readers import Reader
    from megaql.router.ways import Hit

    #: How a message is read in part: given what reads it and the fields of the envelope that are needed, it returns what queries see that
    #: read no more than that, or `None` where it has to be decoded whole, or is already.
    Skim = Callable[[Skimmer, frozenset[str]], Record | None]


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
        self._readers = Readers()
        self._texts = Texts()
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
        ways, needed = alternatives(query.node), needs(query.node)
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
            self._readers.add(needed, entry.number)
            self._texts = Texts()

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
            self._readers.remove(needs(entry.query.node))
            self._texts = Texts()

    def route(self, subject: Subject, *, now: datetime | None = None) -> list[str]:
        """Return the names of the queries that match, in order of adding. Data never raises.

        Of a message not decoded yet no more is decoded than the queries read.
        """
        last = self._readers.last_plain
        if last >= 0 and type(subject) is dict:
            return matching(self._index, subject, now, last)
        if not self._entries:
            return []
        skim: Skim | None = getattr(subject, "skim", None)
        if skim is not None:
            reader = self._readers.current or self._reader()
            if reader.skimmer is not None and (record := skim(reader.skimmer, reader.fields)) is not None:
                return self._matching(record, now, reader.last)
        return self._matching(queries.record_of(subject), now)

    def route_body(
        self, body: str, attributes: Mapping[str, Any] | None = None, *, now: datetime | None = None
    ) -> list[str]:
        """Return what `route` says of the payload that a body holds; no more of it is decoded than the queries read.

        `attributes` are the message's, as boto3 gives them; they say how the body is written and are not seen by the queries, which see no envelope
        but `@kind` and `@body`. For a whole message, give it to `route`.
        """
        texts = self._texts  # before all else: see `Texts`
        if not attributes and (at_once := texts.function) is not None and (names := at_once(body, now)) is not None:
            return names
        if not self._entries:
            return []
        reader = self._readers.current or self._reader()
        skimmer, index = reader.skimmer, self._index
        if skimmer is not None and reader.plain:
            if not attributes:
                texts.note(skimmer, index, reader.last)
            if (document := skimmer.read_document(body, attributes)) is not None:
                return matching(index, document, now, reader.last)
        elif skimmer is not None and (found := skimmer.read(body, attributes)) is not None:
            record = Record(found.document, {"kind": found.kind}, mega=found.mega)
            return self._matching(record, now, reader.last)
        return self._matching(queries.record_of(decode(body, attributes).payload), now)

    def _reader(self) -> Reader:
        with self._changing:
            return self._readers.make()

    def _matching(self, record: Record, now: datetime | None, last: float = math.inf) -> list[str]:
        """Return the names of the queries that match a record; of those with a number up to `last`."""
        hits: list[Hit] = []
        self._index.collect(record, hits)
        return [
            entry.name for entry in entries(hits, record) if entry.number <= last and entry.matcher.matches(record, now)
        ]

    def undecided(self, subject: Subject, *, now: datetime | None = None) -> Iterator[tuple[str, Blame]]:
        """Yield the names of queries that cannot tell, and why, in order of adding; each is asked when its turn comes. Data never raises."""
        record = queries.record_of(subject)
        for name, entry in self._entries.copy().items():
            found = blame(entry.query.node, record, now=now)
            if found is not None:
                yield name, found

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
