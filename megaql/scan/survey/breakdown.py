"""How many messages have which value at a path, and when.

A maintainer keeps one rule: a value's count is exact or it has none. The first `MAX_TERMS` values are counted from their first message on; messages
with any further value are counted together, as others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.printer import to_text
from megaql.scan.survey.terms import ABSENT, Term, terms_at

if TYPE_CHECKING:
    from collections import Counter

    from megaql.lang.nodes import Path
    from megaql.lang.record import Record
    from megaql.scan.survey.timeline import Timeline

#: Different values of a path that are counted each.
MAX_TERMS: Final = 2_000


@dataclass(slots=True)
class Tally:
    """The messages with a value: all, and those that match the query; `series` are all of them over time."""

    series: Counter[int]
    count: int = 0
    matched: int = 0

    def add(self, *, matched: bool) -> None:
        """Count a message."""
        self.count += 1
        self.matched += matched


@dataclass(frozen=True, slots=True)
class Row:
    """A value, and the messages that have it."""

    term: Term
    tally: Tally


@dataclass(frozen=True, slots=True)
class Rest:
    """What the rows leave out: so many values, had by so many messages. `exact` is false where more values were seen than are told apart."""

    values: int = 0
    count: int = 0
    matched: int = 0
    exact: bool = True


@dataclass(slots=True)
class Breakdown:
    """Counts messages by the value at a path. A message with several values counts for each of them once."""

    path: Path
    timeline: Timeline
    messages: int = 0
    several: int = 0
    _tallies: dict[Term, Tally] = field(default_factory=dict)
    _others: Tally | None = None

    @property
    def name(self) -> str:
        """The path's canonical text."""
        return to_text(self.path)

    def add(self, record: Record, *, matched: bool) -> list[Counter[int]]:
        """Count a message; return the series that its time belongs to."""
        self.messages += 1
        terms = terms_at(self.path, record)
        self.several += len(terms) > 1
        tallies = {id(tally): tally for tally in map(self._tally, terms)}
        for tally in tallies.values():
            tally.add(matched=matched)
        return [tally.series for tally in tallies.values()]

    def _tally(self, term: Term) -> Tally:
        tally = self._tallies.get(term)
        if tally is not None:
            return tally
        if len(self._tallies) < MAX_TERMS or term is ABSENT:
            tally = self._tallies[term] = Tally(self.timeline.series())
            return tally
        if self._others is None:
            self._others = Tally(self.timeline.series())
        return self._others

    def rows(self, top: int) -> list[Row]:
        """Return the most frequent values, missing ones last."""
        ranked = sorted(self._tallies.items(), key=lambda pair: (pair[0] == ABSENT, -pair[1].count, pair[0]))
        shown = [Row(term, tally) for term, tally in ranked if term != ABSENT][:top]
        return shown + [Row(term, tally) for term, tally in ranked[-1:] if term == ABSENT]

    def rest(self, top: int) -> Rest:
        """Return what `rows` leaves out."""
        ranked = sorted((pair for pair in self._tallies.items() if pair[0] != ABSENT), key=lambda pair: -pair[1].count)
        left = [tally for _, tally in ranked[top:]]
        others = self._others
        return Rest(
            len(left),
            sum(tally.count for tally in left) + (others.count if others else 0),
            sum(tally.matched for tally in left) + (others.matched if others else 0),
            exact=others is None,
        )

    @property
    def distinct(self) -> int:
        """How many different values there are, missing ones aside; with `others`, at least one more."""
        return len(self._tallies) - (ABSENT in self._tallies)

    @property
    def others(self) -> int:
        """Messages with a value that is not told apart any more."""
        return self._others.count if self._others else 0

    def to_dict(self, top: int, *, judged: bool) -> dict[str, Any]:
        """Return JSON values; those that match only where messages are `judged` by a query."""
        rest = self.rest(top)

        def counts(one: Tally | Rest) -> dict[str, int]:
            return {"count": one.count, "matched": one.matched} if judged else {"count": one.count}

        return {
            "path": self.name,
            "distinct": self.distinct,
            "distinct_exact": rest.exact,
            "messages_with_several": self.several,
            "values": [{"value": row.term.plain, "kind": row.term.kind, **counts(row.tally)} for row in self.rows(top)],
            "rest": {"values": rest.values, **counts(rest)},
            "others": self.others,
        }
