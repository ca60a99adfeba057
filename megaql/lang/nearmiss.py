"""Near misses: over any number of messages, which clauses kept how many out, by which values, and how far each message got.

A maintainer keeps two rules. Memory is bounded by the query and the constants here, never by the number of messages. And what kept a message out
is what `blockers` says.
"""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Literal

from megaql.lang import neartext
from megaql.lang.blockers import blockers, involved
from megaql.lang.nearkeys import NearKeys
from megaql.lang.nearvalues import NearValue, NearValues
from megaql.lang.nodes import And, Not, Or, Quantified, Quantifier
from megaql.lang.paths import location
from megaql.lang.printer import to_text
from megaql.lang.trace import Note, trace
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from megaql.lang.nodes import Clause
    from megaql.lang.record import Record

#: Distinct reasons, and distinct places of missing values, that are counted for one clause.
KEPT: Final = 32


@dataclass(frozen=True, slots=True)
class Example:
    """A message that stands for others: its place in the run, from 1, and its id if it has one."""

    position: int
    id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"position": self.position, "id": self.id} if self.id else {"position": self.position}

    def __str__(self) -> str:
        return self.id[:8] or f"message {self.position:,}"


@dataclass(slots=True)
class Counted:
    """Something said of messages: a reason, or a place that was meant; how often, and the first of them."""

    text: str
    hint: str
    example: Example
    count: int = 0


@dataclass(slots=True)
class Misses:
    """What one clause did to the messages of a run.

    `alone` counts the messages that it alone kept out, `together` those that it kept out with other clauses. `negated` says that it stands under a
    `not` and keeps out by holding. `reasons` are why it was UNKNOWN, `places` what stands where a value was missing, `values` what came nearest.
    `inside` are the clauses of a quantifier's condition: what kept the element out that came nearest.
    """

    node: Clause
    wanted: Verdict
    alone: int = 0
    together: int = 0
    example: Example | None = None
    reasons: dict[tuple[str, str], Counted] = field(default_factory=dict)
    places: dict[tuple[str, str], Counted] = field(default_factory=dict)
    values: NearValues = field(default_factory=NearValues)
    inside: list[Misses] = field(default_factory=list)

    def add(self, note: Note, example: Example, *, alone: bool) -> None:
        """Count a message that the clause kept out."""
        if (alone and not self.alone) or self.example is None:
            self.example = example
        self.alone += alone
        self.together += not alone
        if note.finding.cause is not None:
            _count(self.reasons, note.finding.reason, note.finding.cause.hint, example)
        self.values.add(note, example, alone=alone, wanted=self.wanted)

    @property
    def clause(self) -> str:
        """The clause's canonical text."""
        return to_text(self.node)

    @property
    def negated(self) -> bool:
        """Whether the clause keeps messages out by holding."""
        return self.wanted is Verdict.NO_MATCH

    @property
    def unknown(self) -> list[Counted]:
        """Why the clause was UNKNOWN, the most frequent reason first."""
        return sorted(self.reasons.values(), key=lambda one: -one.count)

    @property
    def instead(self) -> list[Counted]:
        """Places where nothing was, as `text`, and what is there instead, as `hint`; the most frequent first."""
        return sorted(self.places.values(), key=lambda one: -one.count)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; parts that say nothing are left out."""
        parts: dict[str, Any] = {
            "clause": self.clause,
            "negated": self.negated,
            "alone": self.alone,
            "together": self.together,
            "example": self.example and self.example.to_dict(),
            "unknown": [_reason(one) for one in self.unknown],
            "instead": [
                {"missing": one.text, "there": one.hint, "count": one.count, "example": one.example.to_dict()}
                for one in self.instead
            ],
            "nearest": [_value(one) for one in self.values.nearest()],
            "other_values": self.values.others,
            "inside": [one.to_dict() for one in self.inside if one.alone or one.together],
        }
        return {name: value for name, value in parts.items() if value or name in {"alone", "together"}}


def _reason(one: Counted) -> dict[str, Any]:
    parts = {"reason": one.text, "hint": one.hint, "count": one.count, "example": one.example.to_dict()}
    return {name: value for name, value in parts.items() if value}


def _value(one: NearValue) -> dict[str, Any]:
    parts = {
        "value": one.plain,
        "kind": one.kind,
        "against": one.against,
        "remark": one.nearness.remark,
        "count": one.count,
        "alone": one.alone,
        "example": one.example.to_dict(),
    }
    return {name: value for name, value in parts.items() if value != ""}


@dataclass(frozen=True, slots=True)
class Step:
    """How far messages got: of an `and`, those for which this clause and all before it hold; of an `or`, this one or one before it."""

    clause: str
    count: int


@dataclass(frozen=True, slots=True)
class NearMisses:
    """What a run over many messages came to.

    `verdicts` counts messages by verdict. `funnel` has a step for each clause of the outermost `and` or `or`, which is the `connective`. `clauses` are the clauses that kept
    messages out, in the order of the text; `alone` is the number of messages that one clause alone kept out.
    """

    query: str
    connective: Literal["and", "or"]
    verdicts: dict[Verdict, int]
    alone: int
    funnel: tuple[Step, ...]
    clauses: tuple[Misses, ...]

    @property
    def seen(self) -> int:
        """How many messages there were."""
        return sum(self.verdicts.values())

    @property
    def ranked(self) -> list[Misses]:
        """The clauses, those first that alone kept out the most messages."""
        return sorted(self.clauses, key=lambda one: (-one.alone, -one.together))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "query": self.query,
            "seen": self.seen,
            "verdicts": {verdict.value: self.verdicts[verdict] for verdict in Verdict},
            "funnel": [{"clause": step.clause, "count": step.count} for step in self.funnel],
            "alone": self.alone,
            "near_misses": [one.to_dict() for one in self.ranked],
        }

    def __str__(self) -> str:
        return "\n".join(map(neartext.plain, neartext.lines(self)))


class Tally:
    """Counts near misses, one message at a time. `now` is the time of the whole run; not thread-safe."""

    def __init__(self, clause: Clause, *, now: datetime | None = None) -> None:
        self._clause = clause
        self._now = now or datetime.now(UTC)
        self._items = clause.items if isinstance(clause, And | Or) else (clause,)
        self._passed = [0] * len(self._items)
        self._verdicts: Counter[Verdict] = Counter()
        self._alone = 0
        self._keys = NearKeys()
        self._misses: list[Misses] = []
        self._by_node: dict[tuple[int, Verdict], Misses] = {}
        self._prepare(clause, Verdict.MATCH, self._misses)

    def add(self, record: Record) -> Note:
        """Count a message, and return what the evaluation of it noted."""
        note = trace(self._clause, record, now=self._now)
        self._verdicts[note.verdict] += 1
        self._advance(note)
        if note.verdict is not Verdict.MATCH:
            identity = record.envelope.get("id")
            example = Example(self._verdicts.total(), identity if isinstance(identity, str) else "")
            self._alone += self._blame(note, record, example)
        return note

    def result(self) -> NearMisses:
        """Return what the messages so far came to."""
        joined = isinstance(self._clause, And)
        texts = (f"({to_text(item)})" if joined and isinstance(item, Or) else to_text(item) for item in self._items)
        steps = (Step(text, count) for text, count in zip(texts, self._passed, strict=True))
        kept = tuple(one for one in self._misses if one.alone or one.together)
        verdicts = {verdict: self._verdicts[verdict] for verdict in Verdict}
        connective: Literal["and", "or"] = "or" if isinstance(self._clause, Or) else "and"
        return NearMisses(to_text(self._clause), connective, verdicts, self._alone, tuple(steps), kept)

    def _advance(self, note: Note) -> None:
        """Count the steps of the funnel that a message took."""
        notes = note.children if isinstance(self._clause, And | Or) else (note,)
        holds = [one.verdict is Verdict.MATCH for one in notes]
        held = accumulate(holds, operator.or_ if isinstance(self._clause, Or) else operator.and_)
        self._passed = [count + one for count, one in zip(self._passed, held, strict=False)]

    def _blame(self, note: Note, record: Record, example: Example) -> bool:
        """Count what kept out a message, or an element of one; says whether one clause did it alone."""
        alone = set(map(id, blockers(note)))
        told: set[int] = set()
        for one, wanted in involved(note):
            misses = self._by_node[id(one.node), wanted]
            if id(misses) in told:
                continue
            told.add(id(misses))
            misses.add(one, example, alone=id(one) in alone)
            if (instead := self._keys.instead(one, record)) is not None:
                missing, near = instead
                _count(misses.places, location(missing), location(near), example)
            if misses.inside and (element := _nearest_element(one)) is not None:
                self._blame(element, record, example)
        return bool(alone)

    def _prepare(self, clause: Clause, wanted: Verdict, into: list[Misses]) -> None:
        """Make a place for each clause that can keep messages out; the same clause twice has one."""
        match clause:
            case And(items=items) | Or(items=items):
                for item in items:
                    self._prepare(item, wanted, into)
            case Not(item=item):
                self._prepare(item, wanted.negated, into)
            case _:
                known = next((one for one in into if one.wanted is wanted and one.node == clause), None)
                if known is None:
                    known = Misses(clause, wanted)
                    into.append(known)
                self._by_node[id(clause), wanted] = known
                if isinstance(clause, Quantified) and clause.quantifier in _POSITIVE and wanted is Verdict.MATCH:
                    self._prepare(clause.condition, Verdict.MATCH, known.inside)


#: The quantifiers that keep a message out for want of an element that meets the condition, or by one that does not.
_POSITIVE: Final = frozenset({Quantifier.ANY, Quantifier.ALL, Quantifier.ONE})


def _nearest_element(note: Note) -> Note | None:
    """Return what was found about the element that came nearest to what a quantifier asks, `None` where too many met it."""
    if (
        isinstance(note.node, Quantified)
        and note.node.quantifier is Quantifier.ONE
        and note.finding.decider is not None
    ):
        return None
    elements = [one for one in note.children if one.verdict is not Verdict.MATCH]
    return min(elements, key=lambda one: sum(1 for _ in involved(one)), default=None)


def _count(counted: dict[tuple[str, str], Counted], text: str, hint: str, example: Example) -> None:
    one = counted.get((text, hint))
    if one is None:
        if len(counted) >= KEPT:
            return
        one = counted[text, hint] = Counted(text, hint, example)
    one.count += 1
