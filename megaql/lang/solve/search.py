"""The search through the ways in which demands can hold: what must be is collected first, then the `or`s are tried one by one.

A maintainer keeps one rule: an answer is `Impossible` only when every way was refuted, and a way left for want of time or of a proof
makes the whole answer `Undecided`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from megaql.lang.nodes import Clause, Path, Presence, PresenceTest, Quantified, Quantifier
from megaql.lang.solve.chains import Chain, Places, chain, constants_hold, split
from megaql.lang.solve.demands import DEFAULT_LIMIT, Demand, Impossible, Limit, Outcome, Undecided, Want, Witness
from megaql.lang.solve.facts import Status
from megaql.lang.solve.formula import All, OneOf, parts
from megaql.lang.solve.places import canonical, element_of, rewrite, substitute
from megaql.lang.solve.witnesses import confirmed, together
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from megaql.lang.record import Record

Allowed: TypeAlias = frozenset[Verdict]

_ALL: Allowed = frozenset(Verdict)

#: Makes a record of chains and says whether the demands hold on it.
Accept: TypeAlias = "Callable[[Sequence[Chain]], Record | None]"


class Way(NamedTuple):
    """Whether a way may hold, and the chains that show it."""

    status: Status
    chains: tuple[Chain, ...] = ()


_CLOSED = Way(Status.NO)


def solve(
    demands: Sequence[Demand], *, arrays: bool = True, limit: Limit = DEFAULT_LIMIT, now: datetime | None = None
) -> Outcome:
    """Look for a record on which all demands hold.

    With `arrays=False`, only among records in which no path meets an array that the clauses do not ask for by a quantifier, `[n]`,
    `[*]`, `in`, a list literal or `is array`. `now` is the time at which a witness is confirmed, the present if it is not given.
    """
    time = datetime.now(UTC) if now is None else now
    forms = [(False, [*demands])]
    in_event = [Demand(rewrite(clause, canonical), want) for clause, want in demands]
    if in_event != forms[0][1]:
        forms.append((True, in_event))
    closed = True
    for mega, form in forms:
        search = _Search(form, arrays=arrays, limit=limit, now=time)

        def accept(chains: Sequence[Chain], search: _Search = search, *, mega: bool = mega) -> Record | None:
            return confirmed(demands, chains, search.places, mega=mega)

        way = search.run(form, {}, (), accept)
        if search.found is not None:
            return Witness(search.found, time if search.places.reads_clock() else None)
        closed = closed and way.status is Status.NO
    return Impossible() if closed else Undecided("these clauses are not understood well enough")


class _Search:
    def __init__(self, demands: Sequence[Demand], *, arrays: bool, limit: Limit, now: datetime) -> None:
        self.places = Places((clause for clause, _ in demands), arrays=arrays, now=now)
        self.left = limit.branches
        self.found: Record | None = None

    def run(
        self,
        demands: Sequence[Demand],
        facts: Mapping[Clause, Allowed],
        pinned: tuple[Path, ...],
        accept: Accept | None = None,
        pending: Sequence[OneOf] = (),
    ) -> Way:
        """Try all ways in which the demands and one of each pending choice hold together with the facts; stop at a record that is accepted."""
        known = dict(facts)
        choices = _collect(list(demands), known, pending)
        if choices is None:
            return _CLOSED
        way = self.hold(known, pinned)
        if way.status is Status.NO:
            return _CLOSED
        if not choices:
            self.found = accept(way.chains) if accept is not None else None
            return way
        choice = min(choices, key=lambda one: len(one.parts))
        rest = [one for one in choices if one is not choice]
        best = _CLOSED
        for part in choice.parts:
            self.left -= 1
            if self.left < 0:
                return Way(Status.MAYBE, best.chains)
            way = self.run([part], known, pinned, accept, rest)
            if self.found is not None or (accept is None and way.status is Status.YES):
                return way
            best = max(best, way, key=lambda one: one.status)
        return best

    def hold(self, facts: Mapping[Clause, Allowed], pinned: tuple[Path, ...]) -> Way:
        """Return whether the facts can hold together, each `some` in a chain of its own."""
        if not constants_hold(self.places, facts):
            return _CLOSED
        sorted_ = split(self.places, facts, pinned)
        every = sorted_.every
        plain: dict[Clause, Allowed] = {}
        quantified: list[tuple[Quantified, Allowed]] = []
        for clause, allowed in sorted_.some.items():
            if isinstance(clause, Quantified):
                quantified.append((clause, allowed))
            else:
                plain[clause] = allowed
        status, joint = self._chain({**every, **plain})
        chains = [joint]
        if status is not Status.YES and len(plain) > 1:
            status, chains = Status.YES, []
            for clause, allowed in plain.items():
                one, made = self._some(clause, allowed, every)
                status = min(status, one)
                chains.append(made)
        for node, allowed in quantified:
            if status is not Status.NO:
                way = self._element(node, allowed, every, pinned)
                status = min(status, way.status)
                chains.extend(way.chains)
        return Way(status, tuple(chains)) if status is not Status.NO else _CLOSED

    def _some(self, clause: Clause, allowed: Allowed, every: Mapping[Clause, Allowed]) -> tuple[Status, Chain]:
        """Return a chain for one fact; a value that is there shows more than one that is missing."""
        facts = {**every, clause: allowed}
        present = PresenceTest(Presence.EXISTS, self.places.test(clause).place)
        if present not in facts:
            status, made = self._chain({**facts, present: Want.MATCH.value})
            if status is Status.YES:
                return status, made
        return self._chain(facts)

    def _chain(self, facts: Mapping[Clause, Allowed]) -> tuple[Status, Chain]:
        return chain(self.places, ((self.places.test(clause), allowed) for clause, allowed in facts.items()))

    def _element(
        self, clause: Quantified, allowed: Allowed, every: Mapping[Clause, Allowed], pinned: tuple[Path, ...]
    ) -> Way:
        """Return whether `any x in P` can have its verdict by one element: itself as wanted, and every "none" about the same elements."""
        best = _CLOSED
        if Verdict.UNKNOWN in allowed:
            status, made = self._chain({**every, clause: allowed})
            best = Way(status, (made,))
            if status is Status.YES:
                return best
        place = element_of(clause)
        want = Want.NOT_NO_MATCH if Verdict.UNKNOWN in allowed else Want.MATCH
        demands = [Demand(PresenceTest(Presence.EXISTS, place), Want.MATCH)]
        demands.append(Demand(substitute(clause.condition, clause.variable, place), want))
        for other, permitted in every.items():
            if isinstance(other, Quantified) and element_of(other) == place and Verdict.MATCH not in permitted:
                never = Want.NOT_MATCH if Verdict.UNKNOWN in permitted else Want.NO_MATCH
                demands.append(Demand(substitute(other.condition, other.variable, place), never))
        way = self.run(demands, every, (*pinned, place))
        one = together(way.chains, place)
        return max(Way(way.status, (one,)), best, key=lambda way: way.status)


def _collect(demands: list[Demand], facts: dict[Clause, Allowed], pending: Sequence[OneOf]) -> list[OneOf] | None:
    """Take demands apart into facts and choices, and choices with one part left as demands; `None` for a contradiction."""
    choices = list(pending)
    while True:
        while demands:
            match parts(demands.pop(0)):
                case All(some):
                    demands[:0] = some
                case OneOf() as choice:
                    choices.append(choice)
                case Demand(clause, want):
                    facts[clause] = facts.get(clause, _ALL) & want.value
                    if not facts[clause]:
                        return None
                    if isinstance(clause, Quantified) and clause.quantifier is Quantifier.ONE and want is Want.MATCH:
                        demands.append(Demand(replace(clause, quantifier=Quantifier.ANY), want))
        open_ = [left for left in (_open(choice, facts) for choice in choices) if left is not None]
        if any(not choice.parts for choice in open_):
            return None
        demands = [choice.parts[0] for choice in open_ if len(choice.parts) == 1]
        choices = [choice for choice in open_ if len(choice.parts) > 1]
        if not demands:
            return choices


def _open(choice: OneOf, facts: Mapping[Clause, Allowed]) -> OneOf | None:
    """Leave out the parts that contradict the facts; `None` where a part holds already."""
    left = []
    for part in choice.parts:
        inner = part
        while isinstance(step := parts(inner), All) and len(step.parts) == 1:
            inner = step.parts[0]
        allowed = facts.get(inner.clause)
        if allowed is not None and allowed <= inner.want.value:
            return None
        if allowed is None or allowed & inner.want.value:
            left.append(part)
    return OneOf(tuple(left))
