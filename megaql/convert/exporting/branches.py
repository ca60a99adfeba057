"""A policy in the making: alternatives, each of which tests some fields, put together without losing a message.

A branch takes a message if each of its leaves holds; a policy takes it if one branch does. A maintainer keeps one rule: two leaves stand in one
branch only if no array can come between them. EventBridge takes the fields of a branch from one element of each array, so that
`a.b` and `a.c` in one branch lose `{"a": [{"b": 1}, {"c": 2}]}`, which a query that asks for both matches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.convert.matchers import (
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Numeric,
    Prefix,
    Wildcard,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from megaql.convert.matchers import Matcher


class Step(NamedTuple):
    """A key on the way to a field, and the quantifier whose variable stands for what is there, 0 for none.

    Below 0 the quantifier is an `in`, whose elements may be arrays again; a value of an `of` never is.
    """

    key: str
    binder: int = 0


Place = tuple[Step, ...]


def keys(place: Place) -> tuple[str, ...]:
    """Return the names on the way to a place."""
    return tuple(step.key for step in place)


class Flat:
    """What is known not to be an array, and what is known to be no object either.

    Without `arrays` everything is, but for what a quantifier asks for.
    """

    def __init__(self, flat: Iterable[Place] = (), scalars: Iterable[Place] = (), *, arrays: bool = True) -> None:
        self.scalars = frozenset(scalars)
        self.flat = frozenset(flat) | self.scalars
        self.arrays = arrays

    def plus(self, other: Flat) -> Flat:
        """Return what either knows."""
        return Flat(self.flat | other.flat, self.scalars | other.scalars, arrays=self.arrays)

    def is_flat(self, place: Place) -> bool:
        """Say whether what stands at a place, reached from one object, is no array."""
        return not self.arrays or place[-1].binder > 0 or place in self.flat

    def is_scalar(self, place: Place) -> bool:
        """Say whether what stands at a place, reached from one object, is neither array nor object."""
        return not self.arrays or place in self.scalars

    def is_single(self, place: Place) -> bool:
        """Say whether a path leads from its start, the message or the variable of a quantifier, to at most one value."""
        start = max((at for at, step in enumerate(place[:-1], 1) if step.binder), default=1)
        return all(self.is_flat(place[:end]) for end in range(start, len(place)))

    def is_one(self, place: Place) -> bool:
        """Say whether what stands at a place is one value: no other value of the same field is beside it."""
        return self.is_single(place) and self.is_flat(place)

    def is_alone(self, place: Place) -> bool:
        """Say whether there is at most one such place in a message, so that nothing there means nothing at all."""
        return all(
            _bare(place[:end]) in self.flat or (not self.arrays and not place[end - 1].binder)
            for end in range(1, len(place))
        )

    def together(self, one: Place, other: Place) -> bool:
        """Say whether fields of two places are never in different elements of an array that both are in."""
        shared = next(
            (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a.key != b.key),
            min(len(one), len(other)) - 1,
        )
        same = max((at for at in range(1, shared + 1) if one[:at] == other[:at] and self._is_one(one[:at])), default=0)
        return all(self._is_object(one[:end], other[:end]) for end in range(same + 1, shared + 1))

    def _is_one(self, place: Place) -> bool:
        """Say whether a place is a variable that stands for one object."""
        return bool(place[-1].binder) and self.is_flat(place)

    def _is_object(self, one: Place, other: Place) -> bool:
        if not self.arrays and not one[-1].binder and not other[-1].binder:
            return True
        return _bare(one) in self.flat or (one == other and one in self.flat)


def _bare(place: Place) -> Place:
    return tuple(Step(step.key) for step in place)


@dataclass(frozen=True)
class Leaf:
    """A field of which one of the matchers holds. `order` is where the query asks for it.

    `alone` says that it may hold for a message without a document or any field, which some services never take by that.
    """

    place: Place
    matchers: tuple[Matcher, ...]
    order: int = 0
    alone: bool = False

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The names on the way to the field."""
        return keys(self.place)

    @cached_property
    def said(self) -> tuple[tuple[str, ...], frozenset[Matcher]]:
        """What the policy says by the leaf: equal where two leaves test the same of the same field."""
        return self.keys, frozenset(self.matchers)

    @property
    def absent(self) -> bool:
        """Whether the leaf holds where there is no such field."""
        return Exists(present=False) in self.matchers


Branch = tuple[Leaf, ...]


class Conflict(Exception):  # noqa: N818 - an answer, not a fault
    """Two tests cannot stand in one policy; the text says why."""


#: Branches that a policy may come to by multiplying alternatives; more have no room in any policy.
MAX_BRANCHES: Final = 64


def both(ones: Sequence[Branch], others: Sequence[Branch], flat: Flat) -> tuple[Branch, ...]:
    """Return the branches that take what two policies take; `Conflict` where that would lose messages or there are too many."""
    if len(ones) > 1 and len(others) > 1 and len(ones) * len(others) > MAX_BRANCHES:
        raise Conflict(f"it would need more than {MAX_BRANCHES} combinations")
    return tuple(_joined(one, other, flat) for one, other in product(ones, others))


def _joined(one: Branch, other: Branch, flat: Flat) -> Branch:
    leaves = list(one)
    for leaf in other:
        if any(_settles(known, leaf, flat) for known in one):
            continue
        for known in one:
            _check_pair(known, leaf, flat)
        leaves.append(leaf)
    return tuple(leaves)


def _settles(known: Leaf, leaf: Leaf, flat: Flat) -> bool:
    """Say whether one leaf already sees to another: it tests the same, or that there is anything at all."""
    if leaf.matchers == (Exists(present=True),):
        return known.keys == leaf.keys and not known.absent
    return leaf.said == known.said and flat.together(leaf.place, known.place)


def _check_pair(known: Leaf, leaf: Leaf, flat: Flat) -> None:
    here, there = known.keys, leaf.keys
    if here[0] != there[0]:
        return
    if here == there:
        raise Conflict("a policy tests a field once, and tests this one for another clause")
    if here[: len(there)] == there or there[: len(here)] == here:
        raise Conflict(
            f"a policy cannot test {'.'.join(here if len(here) < len(there) else there)} both as a value and as an object"
        )
    if (known.absent and len(known.matchers) == 1) or (leaf.absent and len(leaf.matchers) == 1):
        return  # A field that is nowhere is in no element.
    if not flat.together(known.place, leaf.place):
        shared = next(at for at, (a, b) in enumerate(zip(here, there, strict=False)) if a != b)
        way = ".".join(here[:shared])
        if any(step.binder < 0 for step in known.place[:shared]):
            raise Conflict(
                f"an element of {way} may be an array of objects itself; `of` in place of `in` means each of these"
            )
        raise Conflict(
            f"{way} may be an array, and a policy would want both from one element of it; `is object` says that it is none"
        )


def merged(branches: Sequence[Branch]) -> list[Branch]:
    """Unite branches that differ in what they test of one field: `a` is 1 or 2."""
    fewer: list[Branch] = []
    for branch in branches:
        for at, known in enumerate(fewer):
            if (united := _united(known, branch)) is not None:
                fewer[at] = united
                break
        else:
            fewer.append(branch)
    return fewer if len(fewer) == len(branches) else merged(fewer)


def _united(one: Branch, other: Branch) -> Branch | None:
    if [leaf.keys for leaf in one] != [leaf.keys for leaf in other]:
        return None
    different = [at for at, leaf in enumerate(one) if leaf.said != other[at].said]
    if not different:
        return one
    if len(different) > 1:
        return None
    (at,) = different
    matchers = tuple(dict.fromkeys((*one[at].matchers, *other[at].matchers)))
    both_said = replace(one[at], matchers=matchers, alone=one[at].alone or other[at].alone)
    return (*one[:at], both_said, *one[at + 1 :])


def narrowed(one: Branch, other: Branch, flat: Flat) -> tuple[Branch, Branch]:
    """Return two branches of which one holds what both say of a field, where it can have one value only and one matcher says both."""
    taken = list(other)
    leaves: list[Leaf] = []
    for leaf in one:
        kept = leaf
        for twin in taken:
            met = _intersection(leaf, twin) if leaf.place == twin.place and flat.is_one(leaf.place) else None
            if met is not None:
                taken.remove(twin)
                kept = Leaf(leaf.place, (met,), leaf.order)
                break
        leaves.append(kept)
    return tuple(leaves), tuple(taken)


def _intersection(one: Leaf, other: Leaf) -> Numeric | AnythingBut | None:
    """Return the range of a lower and an upper bound that two leaves test, or all that they exclude."""
    match one.matchers, other.matchers:
        case ((AnythingBut(of=these),), (AnythingBut(of=those),)) if (
            len({_form(item) for item in (*these, *those)}) == 1
        ):
            return AnythingBut(tuple(dict.fromkeys((*these, *those))))
        case ((Numeric(bounds=(low,)),), (Numeric(bounds=(high,)),)):
            low, high = (low, high) if low[0].startswith(">") else (high, low)
            if low[0].startswith(">") and high[0].startswith("<") and low[1] < high[1]:
                return Numeric((low, high))
    return None


def _form(matcher: Matcher) -> tuple[type, type]:
    return type(matcher), type(matcher.value) if isinstance(matcher, Exact) and isinstance(matcher.value, str) else int


# How much a test leaves, least first: what of several tests that exclude each other a policy should have.
_RANKS = ((Exact, EqualsIgnoreCase), (Cidr, Prefix, Wildcard), (Numeric,), (AnythingBut,), (Exists,))


def looseness(branches: Sequence[Branch]) -> tuple[int, int]:
    """Return how much a policy lets through, roughly, and then how large it is; smaller is tighter."""
    loosest = max((min((_rank(leaf) for leaf in branch), default=len(_RANKS)) for branch in branches), default=0)
    return loosest, sum(len(leaf.matchers) for branch in branches for leaf in branch)


def _rank(leaf: Leaf) -> int:
    return max(
        next((rank for rank, classes in enumerate(_RANKS) if isinstance(matcher, classes)), 1)
        for matcher in leaf.matchers
    )
