"""Whether a record without any choice between elements can satisfy facts: one value at each place, each array seen through one element.

Facts about elements say "some" or "every". If a record satisfies them, then for each "some" it holds a chain of values, one at each
place, on which that one and every "every" hold. So refuting each chain refutes the record. A maintainer keeps one rule: what a
chain leaves out is left out of both, so a chain may be possible where the record is not, and never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from megaql.lang.kinds import Kind
from megaql.lang.nodes import Deep, Each, Index, Key
from megaql.lang.record import MISSING
from megaql.lang.solve.facts import REFUTED, Answer, Fact, Status
from megaql.lang.solve.places import Leaf
from megaql.lang.solve.probes import Grade
from megaql.lang.solve.values import SCALARS, has_results, judge, length_of_array, possible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Segment: TypeAlias = Key | Index | Each | Deep


@dataclass(slots=True)
class Tree:
    """The facts about one place and about the places that its path goes on to.

    `arrays` says whether the value may be an array, `loose` whether every value may be. `grown` keeps
    the answer about a place that is met again through another array.
    """

    facts: list[Fact] = field(default_factory=list)
    branches: dict[Segment, Tree] = field(default_factory=dict)
    arrays: bool = False
    loose: bool = False
    grown: Answer | None = None

    def at(self, segments: Iterable[Segment]) -> Tree:
        """Return the tree at the end of these segments, making it where it is not."""
        tree = self
        for segment in segments:
            tree = tree.branches.setdefault(segment, Tree(arrays=tree.loose, loose=tree.loose))
        return tree


#: Arrays directly inside arrays that are tried, beyond those that paths ask for and those that are empty or lists of the query: to every
#: test, an array of arrays is like the array of all that is in them.
NESTED: Final = 0


def grow(tree: Tree, *, must_be: bool = False, nested: int = NESTED, kinds: Sequence[Kind] = SCALARS) -> Answer:
    """Return whether one chain of values from here on can satisfy all facts. With `must_be`, the value cannot be missing."""
    best = REFUTED
    for answer in _choices(tree, must_be=must_be, nested=nested, kinds=kinds):
        if answer.status is Status.YES:
            return answer
        if answer.status > best.status:
            best = answer
    return best


def _choices(tree: Tree, *, must_be: bool, nested: int, kinds: Sequence[Kind]) -> Iterator[Answer]:
    if not must_be:
        yield Answer(_forced(tree, (MISSING,)), MISSING)
    leaf = tree.branches.get(Leaf())
    single = Tree(tree.facts, {name: branch for name, branch in tree.branches.items() if not isinstance(name, Leaf)})
    single = _joined(single, leaf) if leaf else single
    below = min((_forced(branch, (MISSING,)) for branch in single.branches.values()), default=Status.YES)
    if kinds and below is not Status.NO:
        scalar = possible(single.facts, kinds) if single.facts else Answer(Status.YES, "x")
        yield Answer(min(below, scalar.status), scalar.value)
    yield _object(single)
    if tree.arrays:
        yield _empty_array(tree)
        yield from _listed(tree)
        if nested >= 0:
            yield _array(tree, nested)


def _forced(tree: Tree, values: tuple[object, ...]) -> Status:
    """Say whether the facts can hold from here on if the place leads to no value: it is missing, or in an empty array.

    In another chain it may lead to one, so a fallback for want of any value refutes nothing.
    """
    status = Status.YES
    for fact in tree.facts:
        if not fact.holds(*values):
            timed = fact.test.clock and fact.test.grade is not Grade.CALL
            if not timed and (values or not fact.elsewhere):
                return Status.NO
            status = Status.MAYBE
    for branch in tree.branches.values():
        if (below := _forced(branch, values)) is Status.NO:
            return below
        status = min(status, below)
    return status


def _object(tree: Tree) -> Answer:
    """Return an object with the members that the facts need."""
    status = Status.YES
    members: dict[str, object] = {}
    for segment, branch in tree.branches.items():
        answer = _member(branch) if isinstance(segment, Key) else Answer(_forced(branch, (MISSING,)))
        status = min(status, answer.status)
        if status is Status.NO:
            return REFUTED
        if isinstance(segment, Key) and answer.value is not MISSING:
            members[segment.name] = answer.value
    if not tree.facts:
        return Answer(status, members)
    if not has_results(Kind.OBJECT, tree.facts):
        return REFUTED
    best = REFUTED
    for value in (members, {**members, "more": 1}):
        judged = judge(Kind.OBJECT, tree.facts, value)
        if judged > best.status:
            best = Answer(judged, value)
    return Answer(min(status, best.status), best.value)


def _member(tree: Tree) -> Answer:
    """Return the answer about a member or an element of its own."""
    if tree.grown is None:
        tree.grown = grow(tree)
    return tree.grown


def _empty_array(tree: Tree) -> Answer:
    status = Status.YES if all(fact.holds([]) for fact in tree.facts) else Status.MAYBE
    if not all(fact.holds([]) for fact in tree.facts if fact.test.grade is not Grade.OTHER):
        return REFUTED
    for segment, branch in tree.branches.items():
        status = min(status, _forced(branch, (MISSING,) if isinstance(segment, Index) else ()))
    return Answer(status, [])


def _listed(tree: Tree) -> Iterator[Answer]:
    """Yield arrays that the query wrote as lists."""
    for fact in tree.facts:
        if fact.known.loose_lists:
            yield Answer(Status.MAYBE, [])
        for value in fact.known.lists:
            status = judge(Kind.ARRAY, tree.facts, value)
            if not all(fact.holds(value) for fact in tree.facts if fact.certain):
                continue
            for segment, branch in tree.branches.items():
                inside = (MISSING,) if any(not isinstance(one, list) for one in value) else ()
                below = _forced(branch, inside) if isinstance(segment, Key) else Status.MAYBE
                status = min(status, below)
            yield Answer(status, value)


def _array(tree: Tree, nested: int) -> Answer:
    """Return an array, looked at through one element: what is wanted of every element of it is wanted of this one."""
    length = length_of_array(tree.facts)
    if length is None:
        return REFUTED
    each = tree.branches.get(Each())
    answer = grow(_element(tree, each), must_be=True, nested=nested if each else nested - 1)
    array = [answer.value] * max(length, *(fact.copies for fact in tree.facts), 1)
    status = min(answer.status, judge(Kind.ARRAY, [fact for fact in tree.facts if fact.of_array], array))
    for segment, branch in tree.branches.items():
        if isinstance(segment, Index):
            there = _member(branch)
            status = min(status, Status.MAYBE, there.status)
            array = _placed(array, segment.position, there.value)
    return REFUTED if status is Status.NO else Answer(status, array)


def _element(tree: Tree, each: Tree | None) -> Tree:
    """Return the facts about one element: its own, those about the array, and those about members of whatever is in the array."""
    element = Tree([fact.wrapped() for fact in tree.facts if not fact.of_array], {}, tree.loose, tree.loose)
    for segment, branch in tree.branches.items():
        if isinstance(segment, Key | Leaf):
            element.branches[segment] = branch
    element.arrays |= any(fact.known.lists for fact in tree.facts)
    return _joined(element, each) if each else element


def _joined(one: Tree, other: Tree) -> Tree:
    """Return the facts of both trees about the same values."""
    branches = dict(one.branches)
    for segment, branch in other.branches.items():
        branches[segment] = _joined(branches[segment], branch) if segment in branches else branch
    return Tree([*one.facts, *other.facts], branches, one.arrays or other.arrays, one.loose or other.loose)


def _placed(array: list[object], position: int, value: object) -> list[object]:
    """Return an array with a value at a position; without one, the array ends before it."""
    if value is MISSING:
        return array[: max(position if position >= 0 else -position - 1, 1)]
    if position < 0:
        return [*array[: len(array) + position + 1], value, *[array[0]] * (-position - 1)]
    return [*(array + [array[0]] * position)[:position], value, *array[position + 1 :]]
