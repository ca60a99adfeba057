"""The search through the ways in which demands can hold: what must be is collected first, then the `or`s are tried one by one.

A maintainer keeps one rule: an answer is `Impossible` only when every way was refuted, and a way left for want of time or of a proof
makes the whole answer `Undecided`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from megaql.lang.nodes import IsKind, KindName, ListLiteral, Presence, PresenceTest, Quantified, Quantifier
from megaql.lang.solve.chains import Places, chain, counted, counted_demands, fixed_hold, split, within
from megaql.lang.solve.demands import DEFAULT_LIMIT, Demand, Impossible, Limit, Outcome, Undecided, Want, Witness
from megaql.lang.solve.facts import Status
from megaql.lang.solve.formula import All, OneOf, parts
from megaql.lang.solve.places import Form, element_of, has_two_names, leads_to_elements, substitute
from megaql.lang.solve.probes import OutOfWork, Work
from megaql.lang.solve.witnesses import confirmed, together
from megaql.lang.tree import walk
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from megaql.lang.nodes import Clause, Path
    from megaql.lang.record import Record
    from megaql.lang.solve.chains import Allowed, Chain, Facts

ALL: Final = frozenset(Verdict)

_UNKNOWN: Final = frozenset({Verdict.UNKNOWN})

#: What each fact costs in each way, beside the looks at its test.
_OVERHEAD: Final = 5

#: Elements inside elements that are chosen one after the other. Queries nest quantifiers to three; each may be met once more in a guard.
_PINNED: Final = 6

#: Makes a record of the chains that facts have, if the demands hold on it.
Accept: TypeAlias = "Callable[[Sequence[Chain], Facts], Record | None]"


class Way(NamedTuple):
    """Whether a way may hold, and the chains that show it."""

    status: Status
    chains: tuple[Chain, ...] = ()

    def beside(self, other: Way) -> Way:
        """Return both ways together, in one record."""
        if self.status is Status.NO or other.status is Status.NO:
            return _CLOSED
        return Way(min(self.status, other.status), (*self.chains, *other.chains))


@dataclass(frozen=True, slots=True)
class Scope:
    """What is chosen already: the places whose elements are, and the quantifiers that are guarded against in this chain."""

    pinned: tuple[Path, ...] = ()
    guarded: frozenset[Clause] = frozenset()

    def pinning(self, place: Path) -> Scope:
        """Return the scope in which the element at a place is chosen too."""
        return replace(self, pinned=(*self.pinned, place))

    def guarding(self, clauses: Iterable[Clause]) -> Scope:
        """Return the scope in which quantifiers are guarded against too."""
        return replace(self, guarded=self.guarded | set(clauses))


_CLOSED = Way(Status.NO)


def solve(
    demands: Sequence[Demand], *, arrays: bool = True, limit: Limit = DEFAULT_LIMIT, now: datetime | None = None
) -> Outcome:
    """Look for a record on which all demands hold.

    With `arrays=False`, only among records in which no path meets an array that the clauses do not ask for by a quantifier, `[n]`,
    `[*]`, `in`, a list literal or `is array`. `now` is the time at which a witness is confirmed, the present if it is not given.
    """
    time = datetime.now(UTC) if now is None else now
    if (
        sum(len(node.items) for clause, _ in demands for node in walk(clause) if isinstance(node, ListLiteral))
        > limit.items
    ):
        return Undecided("the lists are too long to compare")
    twice = any(has_two_names(clause) for clause, _ in demands)
    closed = True
    for form in (Form.OTHER, Form.EVENT) if twice else (Form.ANY,):
        search = _Search(demands, arrays=arrays, limit=limit, now=time, form=form)

        def accept(chains: Sequence[Chain], facts: Facts, search: _Search = search, form: Form = form) -> Record | None:
            return confirmed(demands, chains, search.places, counted(search.places, facts), form=form)

        try:
            way = search.run(demands, {}, Scope(), accept=accept)
        except OutOfWork:
            return Undecided("the clauses take too long to compare")
        if search.found is not None:
            return Witness(search.found, time if search.places.reads_clock() else None)
        closed = closed and way.status is Status.NO
    return Impossible() if closed else Undecided("the clauses are not understood well enough")


class _Search:
    def __init__(self, demands: Sequence[Demand], *, arrays: bool, limit: Limit, now: datetime, form: Form) -> None:
        self.places = Places(
            (clause for clause, _ in demands), arrays=arrays, now=now, work=Work(limit.looks), form=form
        )
        self.left = limit.branches
        self.found: Record | None = None

    def run(
        self,
        demands: Sequence[Demand],
        facts: Facts,
        scope: Scope,
        pending: Sequence[OneOf] = (),
        accept: Accept | None = None,
    ) -> Way:
        """Try all ways in which the demands and one of each pending choice hold together with the facts; stop at a record that is accepted."""
        known = dict(facts)
        choices = _collect(list(demands), known, pending)
        if choices is not None and (counted := counted_demands(self.places, known)):
            choices = _collect(counted, known, choices)
        if choices is None:
            return _CLOSED
        way = self.hold(known, scope)
        if way.status is Status.NO:
            return _CLOSED
        if not choices:
            self.found = accept(way.chains, known) if accept is not None else None
            return way
        choice = min(choices, key=lambda one: len(one.parts))
        rest = [one for one in choices if one is not choice]
        best = _CLOSED
        for part in choice.parts:
            self.left -= 1
            if self.left < 0:
                return Way(Status.MAYBE, best.chains)
            way = self.run([part], known, scope, rest, accept)
            if self.found is not None or (accept is None and way.status is Status.YES):
                return way
            best = max(best, way, key=lambda one: one.status)
        return best

    def hold(self, facts: Facts, scope: Scope) -> Way:
        """Return whether the facts can hold together, each that wants "some" in a chain of its own."""
        self.places.work.spend(_OVERHEAD * len(facts))
        if not fixed_hold(self.places, facts):
            return _CLOSED
        every, some = split(self.places, facts, scope.pinned)
        plain: dict[Clause, Allowed] = {}
        quantified: list[tuple[Quantified, Allowed]] = []
        for clause, allowed in some.items():
            if isinstance(clause, Quantified):
                quantified.append((clause, allowed))
            else:
                plain[clause] = allowed
        way = self._chain({**every, **plain}, every, scope) if plain or not quantified else Way(Status.YES)
        along = {clause: self._along(self.places.test(clause).place, every, scope) for clause in some}
        # Elements that are chosen by themselves need not be in one chain, nor need a value that is wanted beside them.
        apart = way.status is not Status.YES and (scope.pinned or len(plain) > 1)
        if apart:
            way = Way(Status.YES)
        if apart or (not plain and any(facts is not every for facts in along.values())):
            for pin in dict.fromkeys(scope.pinned):
                way = way.beside(self._chain(self._along(pin, every, scope), every, scope))
        if apart:
            for clause, allowed in plain.items():
                way = way.beside(self._some(clause, allowed, along[clause], scope))
        for node, allowed in quantified:
            way = way.beside(self._element(node, allowed, along[node], scope))
        return way

    def _along(self, place: Path, every: Facts, scope: Scope) -> Facts:
        """Return the facts that are so of every chain with a value at a place: those of a chosen element only if the place is in there."""
        others = [pin for pin in scope.pinned if not within(place, pin)]
        if not others:
            return every
        places = {fact: self.places.test(fact).place for fact in every}
        return {fact: every[fact] for fact, at in places.items() if not any(within(at, pin) for pin in others)}

    def _some(self, clause: Clause, allowed: Allowed, every: Facts, scope: Scope) -> Way:
        """Return a chain for one fact; a value that is there shows more than one that is missing."""
        facts = {**every, clause: allowed}
        present = PresenceTest(Presence.EXISTS, self.places.test(clause).place)
        if present not in facts:
            way = self._chain({**facts, present: Want.MATCH.value}, every, scope)
            if way.status is Status.YES:
                return way
        return self._chain(facts, every, scope)

    def _chain(self, facts: Facts, every: Facts, scope: Scope) -> Way:
        """Return a chain on which the facts hold, and on which no element is as quantifiers say that none is."""
        guards = [_guard(clause, allowed) for clause, allowed in _nones(every) if clause not in scope.guarded]
        if guards:
            return self.run([], facts, scope.guarding(clause for clause, _ in _nones(every)), guards)
        return self._raw(facts, every, scope)

    def _raw(self, facts: Facts, every: Facts, scope: Scope) -> Way:
        tests = ((self.places.test(clause), allowed) for clause, allowed in facts.items())
        status, made = chain(self.places, tests, elsewhere=self._elsewhere(every, scope))
        return Way(status, (made,) if status is not Status.NO else ())

    def _elsewhere(self, every: Facts, scope: Scope) -> frozenset[Clause]:
        """Return the facts with a fallback whose place may have a value in another chain, so that none in this one means nothing."""
        loose = []
        for clause in every:
            test = self.places.test(clause)
            if test.fallback and self.places.several(test, scope.pinned):
                present = PresenceTest(Presence.EXISTS, test.place)
                facts = {**every, present: every.get(present, ALL) & Want.MATCH.value}
                tests = ((self.places.test(fact), allowed) for fact, allowed in facts.items())
                if facts[present] and chain(self.places, tests, elsewhere=frozenset(every))[0] is not Status.NO:
                    loose.append(clause)
        return frozenset(loose)

    def _element(self, clause: Quantified, allowed: Allowed, every: Facts, scope: Scope) -> Way:
        """Return whether `any x in P` can have its verdict by one element, or be UNKNOWN for want of an array."""
        place = element_of(clause)
        pin = self.places.named(place)
        if len(scope.pinned) >= _PINNED:
            return Way(Status.MAYBE)
        best = _CLOSED
        again = pin in scope.pinned
        nones = [(other, permitted) for other, permitted in _nones(every) if not (again and other in scope.guarded)]
        if Verdict.UNKNOWN in allowed:
            best = self._raw({**every, clause: _UNKNOWN, **_no_elements(clause)}, every, scope)
            if best.status is Status.YES:
                return best
        want = Want.NOT_NO_MATCH if Verdict.UNKNOWN in allowed else Want.MATCH
        demands = [
            Demand(PresenceTest(Presence.EXISTS, place), Want.MATCH),
            Demand(substitute(clause.condition, clause.variable, place), want),
        ]
        guards = [_guard(other, permitted) for other, permitted in nones]
        way = self.run(demands, every, scope.guarding(other for other, _ in nones).pinning(pin), guards)
        if way.status > best.status:
            return Way(way.status, (together(way.chains, pin),))
        return best


def _nones(every: Facts) -> Iterator[tuple[Quantified, Allowed]]:
    """Yield the quantifiers that no element may satisfy."""
    for clause, allowed in every.items():
        if isinstance(clause, Quantified) and Verdict.MATCH not in allowed:
            yield clause, allowed


def _guard(clause: Quantified, allowed: Allowed) -> OneOf:
    """Say what a quantifier that no element may satisfy means for one chain: it has no element there, or one that does not."""
    place = element_of(clause)
    never = Want.NOT_MATCH if Verdict.UNKNOWN in allowed else Want.NO_MATCH
    condition = substitute(clause.condition, clause.variable, place)
    return OneOf((Demand(PresenceTest(Presence.EXISTS, place), Want.NO_MATCH), Demand(condition, never)))


def _no_elements(clause: Quantified) -> Facts:
    """Say that a value at the place of a quantifier leads to no elements, which makes the quantifier UNKNOWN."""
    path = clause.path
    if clause.spread or leads_to_elements(path):
        return {PresenceTest(Presence.EXISTS, path): Want.NO_MATCH.value}
    return {IsKind(path, KindName.ARRAY): Want.NOT_MATCH.value}


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
                    facts[clause] = facts.get(clause, ALL) & want.value
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


def _open(choice: OneOf, facts: Facts) -> OneOf | None:
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
