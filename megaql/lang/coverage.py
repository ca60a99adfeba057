"""Many queries side by side: which can never match, which match the same, which are covered by others, which overlap.

A maintainer keeps one rule: records come first and proofs last. A record that one query matches and another does not settles a pair at the
price of two evaluations, so that only pairs which no record tells apart are given to the solver. What is said of a pair is what `relate`
says of the two: an array that a third query asks for may stand where they ask for none, and then its record says nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from time import monotonic
from typing import TYPE_CHECKING, Final

from megaql.lang.evaluator import evaluate
from megaql.lang.relate import Found, as_dict, find
from megaql.lang.solve import Demand, Want
from megaql.lang.verdict import Verdict
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record

#: How long one set of queries is compared.
TIME: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two queries of which neither covers the other, and a record that both match."""

    first: str
    second: str
    record: Record


@dataclass(frozen=True, slots=True)
class Coverage:
    """How queries relate, by their names, in the order they were given.

    `never` can match nothing. `equivalent` match the same records. Of `covered`, the second matches every record that the first matches,
    and others. `overlaps` share some records that need no array where a path meets one unasked, `through_arrays` only such as do. Of
    `undecided` pairs something cannot be told, and `skipped` pairs were left out for want of time.
    """

    names: tuple[str, ...]
    never: tuple[str, ...]
    equivalent: tuple[tuple[str, str], ...]
    covered: tuple[tuple[str, str], ...]
    overlaps: tuple[Overlap, ...]
    through_arrays: tuple[tuple[str, str], ...]
    undecided: tuple[tuple[str, str], ...]
    skipped: int = 0

    @property
    def summary(self) -> str:
        """The findings in one sentence."""
        counts = (
            (len(self.never), "can never match", "can never match"),
            (len(self.equivalent), "pair matches the same messages", "pairs match the same messages"),
            (len(self.covered), "pair has one covered by the other", "pairs have one covered by the other"),
            (len(self.overlaps), "pair overlaps", "pairs overlap"),
            (len(self.through_arrays), "pair meets only in arrays", "pairs meet only in arrays"),
            (len(self.undecided), "pair cannot be told", "pairs cannot be told"),
            (self.skipped, "pair was not looked at", "pairs were not looked at"),
        )
        told = ", ".join(counted(*each) for each in counts if each[0])
        queries = counted(len(self.names), "query", "queries")
        return f"{queries}: {told}." if told else f"{queries}, no two of which share a message."

    def to_dict(self) -> dict[str, object]:
        """Return the findings with names; each overlap with its record, whose values need not be JSON."""
        return {
            "queries": list(self.names),
            "never": list(self.never),
            "equivalent": [list(pair) for pair in self.equivalent],
            "covered": [{"query": narrow, "by": wide} for narrow, wide in self.covered],
            "overlaps": [{"queries": [one.first, one.second], "witness": as_dict(one.record)} for one in self.overlaps],
            "through_arrays": [list(pair) for pair in self.through_arrays],
            "undecided": [list(pair) for pair in self.undecided],
            "skipped": self.skipped,
            "summary": self.summary,
        }

    def __str__(self) -> str:
        lines = [self.summary]
        lines += [f"  {name} can never match" for name in self.never]
        lines += [f"  {one} and {other} match the same messages" for one, other in self.equivalent]
        lines += [f"  every message of {narrow} also goes to {wide}" for narrow, wide in self.covered]
        lines += [f"  {one.first} and {one.second} share messages" for one in self.overlaps]
        lines += [f"  {one} and {other} share only messages with arrays" for one, other in self.through_arrays]
        lines += [f"  {one} and {other}: cannot be told" for one, other in self.undecided]
        return "\n".join(lines)


def coverage(
    clauses: Mapping[str, Clause], *, arrays: bool = True, time: timedelta = TIME, now: datetime | None = None
) -> Coverage:
    """Compare every two of several clauses; `arrays` as for `relate`. Pairs that come after `time` are skipped."""
    return _Comparing(clauses, arrays=arrays, time=time, now=now).result()


def gap(clause: Clause, clauses: Iterable[Clause], *, arrays: bool = True, now: datetime | None = None) -> Found:
    """Look for a record that a clause matches and none of the others: where that is impossible, together they cover it."""
    others = [Demand(other, Want.NOT_MATCH) for other in clauses]
    return find([Demand(clause, Want.MATCH), *others], arrays=arrays, now=now)


class _Comparing:
    """The comparison under way: the records found so far, and the names of the clauses that match each."""

    def __init__(self, clauses: Mapping[str, Clause], *, arrays: bool, time: timedelta, now: datetime | None) -> None:
        self.clauses = clauses
        self.arrays = arrays
        self.now = now
        self.end = monotonic() + time.total_seconds()
        self.records: list[tuple[Record, frozenset[str]]] = []  # those without arrays, which say the same of every pair

    def result(self) -> Coverage:
        never = [name for name, clause in self.clauses.items() if self._ask((clause, Want.MATCH)).possible is False]
        live = [name for name in self.clauses if name not in never]
        equivalent, covered, overlaps, through_arrays, undecided = [], [], [], [], []
        skipped = 0
        for one, other in combinations(live, 2):
            if monotonic() >= self.end:
                skipped += 1
                continue
            forth, back = self._implies(one, other), self._implies(other, one)
            if forth and back:
                equivalent.append((one, other))
            elif forth or back:
                covered.append((one, other) if forth else (other, one))
            else:
                shared = self._shared(one, other)
                if shared.through_array:
                    through_arrays.append((one, other))
                elif shared.record is not None:
                    overlaps.append(Overlap(one, other, shared.record))
                if None in (forth, back, shared.possible):
                    undecided.append((one, other))
        return Coverage(
            tuple(self.clauses),
            tuple(never),
            tuple(equivalent),
            tuple(covered),
            tuple(overlaps),
            tuple(through_arrays),
            tuple(undecided),
            skipped,
        )

    def _ask(self, *demands: tuple[Clause, Want]) -> Found:
        found = find([Demand(*one) for one in demands], arrays=self.arrays, now=self.now)
        if found.record is not None and not _holds_array(found.record.body, found.record.envelope):
            matching = (
                name
                for name, clause in self.clauses.items()
                if evaluate(clause, found.record, now=self.now) is Verdict.MATCH
            )
            self.records.append((found.record, frozenset(matching)))
        return found

    def _implies(self, narrow: str, wide: str) -> bool | None:
        if any(narrow in matching and wide not in matching for _, matching in self.records):
            return False
        found = self._ask((self.clauses[narrow], Want.MATCH), (self.clauses[wide], Want.NOT_MATCH))
        return None if found.possible is None else not found.possible

    def _shared(self, one: str, other: str) -> Found:
        for record, matching in self.records:
            if one in matching and other in matching:
                return Found(possible=True, record=record)
        return self._ask((self.clauses[one], Want.MATCH), (self.clauses[other], Want.MATCH))


def _holds_array(*values: object) -> bool:
    """Say whether an array is among values or anywhere in them."""
    return any(
        isinstance(value, list) or (isinstance(value, Mapping) and _holds_array(*value.values())) for value in values
    )
