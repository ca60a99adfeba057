"""From clauses to branches of a policy that loses no message they match.

The recursion follows what is *wanted*: a negation wants NO_MATCH of its clause, and Kleene's tables say what that asks of the parts. A maintainer
keeps one rule: a plan takes every message for which the clause has the verdict wanted. `Plan.implied` is the other half, that it takes no
other; where it is false, the clause is asked again after the policy.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from megaql.convert.exporting import envelope, idioms
from megaql.convert.exporting.atoms import tested
from megaql.convert.exporting.branches import Branch, Conflict, Leaf, Step, both, looseness, merged, narrowed
from megaql.convert.exporting.paths import Found, Scope, Wanted, informed
from megaql.convert.exporting.values import ABSENT, NO_STRING, Cannot
from megaql.lang.nodes import (
    And,
    Between,
    Boolean,
    Compare,
    Comparison,
    In,
    InCidr,
    IsKind,
    Matches,
    Not,
    Opaque,
    Or,
    Presence,
    PresenceTest,
    Quantified,
    Quantifier,
    TextTest,
    Truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.lang.nodes import Clause


class Why(NamedTuple):
    """A clause that a policy does not test exactly, or not at all, and why."""

    clause: Clause
    why: str


class Plan(NamedTuple):
    """Branches that take every message wanted; `implied` if they take no other, else `whys` say where the difference is."""

    branches: tuple[Branch, ...]
    implied: bool = True
    whys: tuple[Why, ...] = ()


class Stuck(Exception):  # noqa: N818 - an answer, not a fault
    """Nothing of a clause can be pushed down; the reasons say which parts stand in the way."""

    def __init__(self, *whys: Why) -> None:
        super().__init__()
        self.whys = whys


EVERYTHING = Plan(((),))
NOTHING = Plan(())


def conjuncts(wanted: Wanted) -> list[Wanted]:
    """Return the parts that all have to be as wanted, for the wanted whole."""
    match wanted:
        case Wanted(Not(item), holds):
            return conjuncts(Wanted(item, not holds))
        case Wanted(And(items), True) | Wanted(Or(items), False):
            return [part for item in items for part in conjuncts(Wanted(item, wanted.holds))]
    return [wanted]


def plan(wanted: Wanted, scope: Scope) -> Plan:
    """Return what a policy tests for a clause; `Stuck` if there is nothing."""
    parts = conjuncts(wanted)
    if len(parts) > 1:
        return joined(parts, scope)
    clause, holds = parts[0]
    match clause:
        case Or(items) | And(items):
            return _alternatives([Wanted(item, holds) for item in items], scope)
        case Quantified():
            return _quantified(clause, scope, holds=holds)
        case Truth(Boolean(value)):
            return EVERYTHING if value is holds else NOTHING
        case Opaque():
            raise Stuck(Why(clause, "a Python function runs nowhere else"))
        case _:
            return _tested(clause, scope, holds=holds)


def joined(parts: Sequence[Wanted], scope: Scope) -> Plan:
    """Return a plan for parts that all have to be as wanted; `Stuck` if none of them can be pushed down."""
    scope = informed(scope, parts)
    whole = Whole(scope)
    whys: list[Why] = []
    for part, found in planned(parts, scope):
        if isinstance(found, Stuck):
            whys += found.whys
        else:
            why = whole.add(found)
            whys += found.whys if why is None else (Why(as_clause(part), why),)
    if whole.branches == ((),) and whys:
        raise Stuck(*whys)
    return Plan(whole.branches, not whys, tuple(whys))


def planned(parts: Sequence[Wanted], scope: Scope) -> list[tuple[Wanted, Plan | Stuck]]:
    """Return each part with its plan, the tightest first, so that what excludes another goes before it."""
    found: list[tuple[Wanted, Plan | Stuck]] = []
    for part in parts:
        try:
            found.append((part, plan(part, scope)))
        except Stuck as stuck:
            found.append((part, stuck))
    return sorted(found, key=lambda pair: looseness(pair[1].branches) if isinstance(pair[1], Plan) else (0, 0))


class Whole:
    """The branches of several plans together. `fits` says why branches are too much for a service, or nothing."""

    def __init__(self, scope: Scope, fits: Callable[[tuple[Branch, ...]], str] = lambda _: "") -> None:
        self.scope = scope
        self.branches: tuple[Branch, ...] = ((),)
        self._fits = fits

    def add(self, found: Plan) -> str | None:
        """Add a plan, or return why it must be left out; then nothing changes."""
        before, more = self.branches, found.branches
        if len(before) == len(more) == 1:
            one, other = narrowed(before[0], more[0], self.scope.flat)
            before, more = (one,), (other,)
        try:
            branches = both(before, more, self.scope.flat)
        except Conflict as conflict:
            return str(conflict)
        if why := self._fits(branches):
            return why
        self.branches = branches
        return None


def _alternatives(parts: Sequence[Wanted], scope: Scope) -> Plan:
    """One part as wanted is enough: every one must be pushed down, or the policy would lose what only it takes."""
    plans = _plans(parts, scope)
    branches = tuple(merged([branch for found in plans for branch in found.branches]))
    if () in branches:
        return EVERYTHING
    return Plan(branches, all(found.implied for found in plans), tuple(why for found in plans for why in found.whys))


def _plans(parts: Sequence[Wanted], scope: Scope) -> list[Plan]:
    """Return a plan for each part, and one for two parts that are an idiom together."""
    for at, (one, other) in enumerate(pairwise(parts)):
        if (place := idioms.absence(one, other, scope)) is not None:
            leaf = Leaf(place, (ABSENT,), one.clause.span.start, alone=True)
            return [*_plans(parts[:at], scope), Plan(((leaf,),)), *_plans(parts[at + 2 :], scope)]
    for at, part in enumerate(parts):
        if (place := idioms.is_no_string(part, scope)) is not None:
            rest = [plan(other, scope) for other in (*parts[:at], *parts[at + 1 :])]
            if all(idioms.takes_no_strings(found.branches, place) for found in rest):
                return [_but_strings(found) for found in rest]
    return [plan(part, scope) for part in parts]


def _but_strings(found: Plan) -> Plan:
    """Return a plan beside one for what is no string, which it may take then."""
    whys = tuple(why for why in found.whys if why.why != NO_STRING)
    return Plan(found.branches, not whys, whys)


def _quantified(node: Quantified, scope: Scope, *, holds: bool) -> Plan:
    """`any` and what comes down to it: one value that is as wanted. The others also hold for an empty array, which no policy can see."""
    match node.quantifier, holds:
        case (Quantifier.ANY, True) | (Quantifier.NONE, False):
            inner, why = True, ""
        case Quantifier.ONE, True:
            inner, why = True, "a policy cannot count"
        case Quantifier.ALL, False:
            inner, why = False, ""
        case _:
            raise Stuck(
                Why(as_clause(Wanted(node, holds)), "it holds for an empty array, in which a policy sees nothing")
            )
    if not node.spread:
        why = why or "a policy does not see whether something is an array"
    clause = as_clause(Wanted(node, holds))
    try:
        found = scope.find(node.path)
    except Cannot as cannot:
        raise Stuck(Why(clause, str(cannot))) from None
    sign = 1 if node.spread else -1
    bound = tuple(_bind(place, sign * next(scope.binders)) for place in found.places)
    inside = dataclasses.replace(scope, variables={**scope.variables, node.variable: Found(bound, found.why)})
    result = plan(Wanted(node.condition, inner), inside)
    if not why and not _needs_an_element(result, bound):
        why = "a policy does not see whether an array is empty"
    if not why and not scope.target.consistent and _needs_one_element(result, bound, scope):
        why = f"{scope.target.dialect.service} does not promise to take both from one element of an array"
    whys = (*result.whys, *((Why(clause, why),) if why else ()))
    return Plan(result.branches, result.implied and not why, whys)


def _bind(place: tuple[Step, ...], binder: int) -> tuple[Step, ...]:
    return (*place[:-1], place[-1]._replace(binder=binder))


def _needs_an_element(found: Plan, bound: Sequence[tuple[Step, ...]]) -> bool:
    return all(
        any(leaf.place[: len(place)] == place and not leaf.absent for leaf in branch for place in bound)
        for branch in found.branches
    )


def _needs_one_element(found: Plan, bound: Sequence[tuple[Step, ...]], scope: Scope) -> bool:
    return any(
        sum(leaf.place[: len(place)] == place for leaf in branch) > 1
        and not scope.flat.is_alone((*(Step(step.key) for step in place), Step("")))
        for branch in found.branches
        for place in bound
    )


def _tested(clause: Clause, scope: Scope, *, holds: bool) -> Plan:
    own = as_clause(Wanted(clause, holds))
    try:
        found = envelope.tested(clause, scope, holds=holds) or tested(clause, scope, holds=holds)
    except Cannot as cannot:
        raise Stuck(Why(own, str(cannot))) from None
    order = clause.span.start
    branches = tuple((Leaf(place, matchers, order, found.alone),) for place, matchers in found.fields)
    return Plan(branches, not found.why, (Why(own, found.why),) if found.why else ())


def as_clause(wanted: Wanted) -> Clause:
    """Return the clause that matches where one is as wanted, without a `not` where an operator has its own negation."""
    clause, holds = wanted
    if holds:
        return clause
    match clause:
        case Not(item):
            return item
        case Compare(Comparison.EQ | Comparison.NE as operator):
            opposite = Comparison.NE if operator is Comparison.EQ else Comparison.EQ
            return dataclasses.replace(clause, operator=opposite)
        case In() | Matches() | TextTest() | Between() | IsKind() | InCidr():
            return dataclasses.replace(clause, negated=not clause.negated)
        case PresenceTest(Presence.EXISTS | Presence.MISSING as presence):
            opposite_presence = Presence.MISSING if presence is Presence.EXISTS else Presence.EXISTS
            return dataclasses.replace(clause, test=opposite_presence)
        case _:
            return Not(clause)
