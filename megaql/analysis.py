"""What can be said of whole queries, and of a query and many messages: thin words around what the language's room works out.

A maintainer keeps one rule: nothing is decided here. A `Query` becomes its clause, a payload or message its record, and the answer is passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.lang.nearmiss import NearMisses, Tally
from megaql.query import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from megaql.query import Query, Subject

__all__ = ["NearMisses", "near_misses"]


def near_misses(query: Query, subjects: Iterable[Subject], *, now: datetime | None = None) -> NearMisses:
    """Return which clauses of a query kept how many messages out, alone or with others, and the values that came nearest.

    Takes what a query can be asked about, one after the other, in memory that does not grow with their number. `now` is the time for all of
    them. Raises `CodecError` for what is no payload.
    """
    tally = Tally(query.node, now=now)
    for subject in subjects:
        tally.add(record_of(subject))
    return tally.result()
