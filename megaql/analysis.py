"""What can be said of whole queries, and of a query and many messages: thin words around what the language's room works out.

A maintainer keeps one rule: nothing is decided here. A `Query` becomes its clause, a payload or message its record, and the answer is passed on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from megaql.lang import check as lints
from megaql.lang import coverage as sets
from megaql.lang import relate as pairs
from megaql.lang.coverage import Coverage
from megaql.lang.nearmiss import NearMisses, Tally
from megaql.lang.relate import Found, Relation
from megaql.query import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from megaql.errors import Diagnostic
    from megaql.query import Query, Subject

__all__ = ["Coverage", "NearMisses", "Relation", "as_payload", "check", "coverage", "near_misses", "relate"]


def relate(first: Query, second: Query, *, arrays: bool = True, now: datetime | None = None) -> Relation:
    """Return whether one query implies, overlaps or excludes another, each answer true, false, or `None` where it cannot be told.

    A record shows every overlap and every difference. With `arrays=False`, only messages count in which no path meets an array that the
    queries do not ask for by a quantifier, `[n]`, `[*]`, `in`, a list or `is array`: so `status == "a"` excludes `status == "b"`. `now` is the
    time at which records are confirmed that depend on it.
    """
    now = datetime.now(UTC) if now is None else now
    found = pairs.relate(first.node, second.node, arrays=arrays, now=now)
    return replace(
        found,
        both=as_payload(found.both, ((first, True), (second, True)), now),
        first_only=as_payload(found.first_only, ((first, True), (second, False)), now),
        second_only=as_payload(found.second_only, ((first, False), (second, True)), now),
    )


def as_payload(found: Found, matching: Sequence[tuple[Query, bool]], now: datetime | None) -> Found:
    """Return what was found if the record's body, given as a payload, matches the same queries, and else that nobody can say.

    A body that calls itself MEGA is put into canonical form before a query sees it. Only a body that an envelope adds nothing to but
    its kind can be given so.
    """
    record = found.record
    if record is None or not isinstance(record.body, dict | list) or record.envelope.keys() - {"kind"}:
        return found
    body = record.body
    same = all(query.matches(body, now=now) is matches for query, matches in matching)
    return found if same else Found(possible=None)


def coverage(queries: Mapping[str, Query], *, arrays: bool = True, now: datetime | None = None) -> Coverage:
    """Compare every two queries of a set, such as an application's subscriptions: which never match, are covered by others, or overlap."""
    return sets.coverage({name: query.node for name, query in queries.items()}, arrays=arrays, now=now)


def near_misses(query: Query, subjects: Iterable[Subject], *, now: datetime | None = None) -> NearMisses:
    """Return which clauses of a query kept how many messages out, alone or with others, and the values that came nearest.

    Takes what a query can be asked about, one after the other, in memory that does not grow with their number. `now` is the time for all of
    them. Raises `CodecError` for what is no payload.
    """
    tally = Tally(query.node, now=now)
    for subject in subjects:
        tally.add(record_of(subject))
    return tally.result()


def check(query: Query, samples: Iterable[Subject] = ()) -> list[Diagnostic]:
    """Return what is probably wrong with a query, and what samples say about it, in the order of the places.

    Places are in `query.source`, or where that is empty in `str(query)`. Samples are what a query can be asked about, taken one after the
    other, in memory that does not grow with their number. Raises `CodecError` for what is no payload.
    """
    return lints.check(query.node, query.source, map(record_of, samples))
