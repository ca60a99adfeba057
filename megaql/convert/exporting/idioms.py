"""Clauses of several parts that a policy says in one word, because `from_pattern` wrote that word so.

A maintainer keeps one rule: what is recognised here is what `megaql.convert.importing.leaves` writes, compared as a whole, so that the two stay together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.convert.exporting.values import Cannot
from megaql.convert.importing import leaves
from megaql.convert.matchers import AnythingBut
from megaql.lang.limits import QUANTIFIER_NESTING
from megaql.lang.nodes import IsKind, KindName, Or, Path, Presence, PresenceTest, Root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.convert.exporting.branches import Branch, Place
    from megaql.convert.exporting.paths import Scope, Wanted


def absence(one: Wanted, other: Wanted, scope: Scope) -> Place | None:
    """Return the place at which there is no leaf where one of two clauses holds, if that is what they say: `exists: false`."""
    if not (one.holds and other.holds and isinstance(one.clause, PresenceTest)):
        return None
    path = one.clause.path
    if one.clause.test is not Presence.MISSING or path.root is Root.VARIABLE:
        return None
    said = Or((one.clause, other.clause))
    left = QUANTIFIER_NESTING - len(scope.variables)
    for steps in range(1, len(path.segments) + 1):
        if said == leaves.absent(path, steps, frozenset(scope.variables), quantifiers=left):
            return _place(path, len(path.segments) - steps, scope)
    return None


def _place(path: Path, before: int, scope: Scope) -> Place | None:
    """Return the place of a path whose first keys, `before` the ones that may be arrays, must not be any."""
    try:
        (place, *more) = scope.find(path).places
    except Cannot:
        return None
    start = len(place) - len(path.segments)
    return None if more or not scope.flat.is_alone(place[: start + before + 1]) else place


def is_no_string(one: Wanted, scope: Scope) -> Place | None:
    """Return the place of which a clause says that it holds no string, if a plain value is there: the half that `anything-but` adds."""
    clause = one.clause
    if not isinstance(clause, IsKind) or clause.kind is not KindName.STRING or one.holds is not clause.negated:
        return None
    if not isinstance(clause.value, Path):
        return None
    try:
        (place, *more) = scope.find(clause.value).places
    except Cannot:
        return None
    known = place in scope.flat.scalars and scope.flat.is_one(place)
    return place if known and not more else None


def takes_no_strings(branches: Sequence[Branch], place: Place) -> bool:
    """Say whether every branch is one `anything-but` about a place, and so takes whatever is no string there."""
    return all(
        len(branch) == 1
        and branch[0].place == place
        and all(isinstance(one, AnythingBut) for one in branch[0].matchers)
        for branch in branches
    )
