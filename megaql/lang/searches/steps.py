r"""How many steps a backtracking matcher may take: what decides whether a regex is safe on Python's `re`.

A maintainer keeps one rule: the number is a bound, whatever the text, and not an estimate. Why it is one: to look for a tree at one place,
a backtracking matcher walks it from left to right, and only where a tree can be left in several ways does it walk what follows
several times. `Bound.ways` counts the ways out of a tree on which the next character is one that something following takes; after
any other way out, what follows fails (or ends the search with success) once its first leaves are tried, which is
`Follow.entry` steps, for nothing here has two ways through without a character. So a tree and what follows take at most
`steps` and `ways` times the steps of what follows. A repetition of a leaf with no character in common with what follows has one way out,
for after every other one stands a character that it could still take; two alternatives with no first character in common are not
both gone through. What repeats without an upper bound something with two ways through is exponential, and is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, assert_never

from megaql.lang.automata import leaves
from megaql.lang.automata.charsets import NONE, CharSet
from megaql.lang.automata.syntax import Alternation, Assertion, Char, Class, Concat, Dot, Repeat
from megaql.lang.searches.shape import anchored, nullable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.lang.automata.syntax import Tree

#: Steps that one search may take in the worst case: about 100 µs.
STEPS: Final = 20_000

#: Characters of the longest text for which `re` is the quicker one.
LENGTH: Final = 256


class Unsafe(ValueError):  # noqa: N818 - a limit of the bound, no fault of the regex
    """A regex whose steps have no small bound."""


class Follow(NamedTuple):
    """What comes behind a tree: the characters that may be taken next, and the steps until it has failed on any other."""

    chars: CharSet
    entry: int


class Bound(NamedTuple):
    """The most `ways` that lead out of a tree and on, and the most `steps` taken in it and on those that do not lead on."""

    ways: int
    steps: int


#: Behind the last tree: the search has succeeded.
_END: Final = Follow(NONE, 1)
_NEWLINE: Final = CharSet.chars("\n")


def safe_length(tree: Tree) -> int:
    """Return the length of the longest texts in which `re` may search for a simplified tree; 0 for none."""
    length = LENGTH
    try:
        while length >= LENGTH // 8:
            if steps(tree, length) <= STEPS:
                return length
            length //= 2
    except Unsafe:
        pass
    return 0


def steps(tree: Tree, length: int) -> int:
    """Return how many steps a search in a text of this length takes at most; `Unsafe` where there is no useful bound."""
    places = 1 if anchored(tree) else length + 1
    return places * (1 + _bound(tree, _END, length).steps)


def _bound(tree: Tree, follow: Follow, length: int) -> Bound:
    match tree:
        case Char() | Dot() | Class() | Assertion():
            return Bound(1, 1)
        case Concat(items):
            return _bound_of_all(items, follow, length)
        case Alternation(items):
            bounds = [_bound(item, follow, length) for item in items]
            ways = [bound.ways for bound in bounds]
            apart = _apart(*(_entered(item, follow).chars for item in items))
            return Bound(max(ways) if apart else sum(ways), 1 + follow.entry + sum(bound.steps for bound in bounds))
        case Repeat():
            return _bound_of_repeat(tree, follow, length)
        case _:
            assert_never(tree)


def _bound_of_all(items: Sequence[Tree], follow: Follow, length: int) -> Bound:
    follows = [follow]
    for item in reversed(items):
        follows.append(_entered(item, follows[-1]))
    ways, steps = 1, 0
    for item, behind in zip(items, reversed(follows[:-1]), strict=True):
        bound = _bound(item, behind, length)
        steps += ways * bound.steps
        ways *= bound.ways
    return Bound(ways, steps)


def _bound_of_repeat(repeat: Repeat, follow: Follow, length: int) -> Bound:
    """Bound a repetition: each round begins where the one before it was left, and each may be the last."""
    if nullable(repeat.item):
        raise Unsafe
    again = _entered(repeat.item, follow)
    inside = Follow(again.chars | follow.chars, again.entry + follow.entry + 1)
    ways, steps = _bound(repeat.item, inside, length)
    # A round takes a character, so that there are no more rounds than those.
    high = length if repeat.high is None else min(repeat.high, length)
    low = min(repeat.low, high)
    if ways == 1:
        once = low == high or _apart(again.chars, follow.chars)
        return Bound(1 if once else high - low + 1, (high + 1) * (steps + inside.entry))
    if repeat.high is None or ways**high > STEPS:
        raise Unsafe
    rounds = [ways**done for done in range(high + 1)]
    return Bound(sum(rounds[low:]), sum(rounds) * (steps + inside.entry))


def _entered(tree: Tree, follow: Follow) -> Follow:
    """Return what a tree and what follows it take next; `Unsafe` where there are two ways to the end without a character."""
    match tree:
        case Char() | Dot() | Class():
            chars = leaves.known(tree)
            if chars is None:
                raise Unsafe
            return Follow(chars, 1)
        case Assertion():
            # Behind the end of the text nothing is taken, and behind that of a line only its line break.
            ends = {Assertion.TEXT_END: NONE, Assertion.LINE_END: follow.chars & _NEWLINE}
            return Follow(ends.get(tree, follow.chars), 1 + follow.entry)
        case Concat(items):
            for item in reversed(items):
                follow = _entered(item, follow)
            return follow
        case Alternation(items):
            if sum(map(nullable, items)) > 1:
                raise Unsafe
            return _either([_entered(item, follow) for item in items])
        case Repeat(item, low):
            entered = _entered(item, follow)
            return _either([entered] if low else [entered, follow])
        case _:
            assert_never(tree)


def _either(follows: Sequence[Follow]) -> Follow:
    ranges = [one for follow in follows for one in follow.chars.ranges]
    return Follow(CharSet.of(ranges), 1 + sum(follow.entry for follow in follows))


def _apart(*sets: CharSet) -> bool:
    """Say whether no character is in two of the sets."""
    together = CharSet.of(one for chars in sets for one in chars.ranges)
    return _size(together) == sum(map(_size, sets))


def _size(chars: CharSet) -> int:
    return sum(high - low + 1 for low, high in chars.ranges)
