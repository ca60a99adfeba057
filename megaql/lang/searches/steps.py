r"""How many steps a backtracking matcher may take: what decides whether a regex is safe on Python's `re`.

A maintainer keeps one rule: the number is a bound, whatever the text, and not an estimate. Why it is one:

- To look for a tree at one place, a backtracking matcher walks it from left to right; only where a tree can be left in several ways is
  what follows walked several times. `Bound.ways` counts those ways out on which the next character is one that something following
  takes. After any other way out, what follows ends once its first leaves are tried: in `Follow.entry` steps, for nothing here has
  two ways through without a character. (If it ends with success, so does the search.)
- A repetition whose item has no first character in common with what follows has one way out: after every other one stands a character that
  the item takes. Of alternatives with no first character in common, one is gone through.
- With one way out of everything there is one path, and it takes no character twice: `fixed` steps, and `each` more for each
  character on it. With several ways, the steps of what follows count for each.
- At which places the search begins anew: at all. But no place in a repetition that takes no first character of the tree gets further than that
  one, so that as many searches take a character in a repetition as there are leaves outside of them, at most.

What repeats without an upper bound something with two ways through is exponential, and refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, assert_never

from megaql.lang.automata import leaves
from megaql.lang.automata.charsets import NONE, CharSet
from megaql.lang.automata.syntax import Alternation, Assertion, Char, Class, Concat, Dot, Repeat
from megaql.lang.searches.shape import anchored, nullable, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.lang.automata.syntax import Tree

#: Steps that one search may take in the worst case: about 100 µs.
STEPS: Final = 20_000

#: Characters of the longest text for which `re` is the quicker one, if it is to begin at each of them.
LENGTH: Final = 256

#: The same where it begins at the first one only.
ANCHORED_LENGTH: Final = 2_048

#: Where `re` is safe in shorter texts only, it is left out.
SHORTEST: Final = 32


class Unsafe(ValueError):  # noqa: N818 - a limit of the bound, no fault of the regex
    """A regex whose steps have no small bound."""


class Follow(NamedTuple):
    """What comes behind a tree: the characters that may be taken next, and the steps until it has failed on any other."""

    chars: CharSet
    entry: int


class Bound(NamedTuple):
    """The most `ways` that lead out of a tree and on, and the steps taken in it: `fixed`, and `each` for each character taken."""

    ways: int
    fixed: int
    each: int


#: Behind the last tree: the search has succeeded.
_END: Final = Follow(NONE, 1)
_NEWLINE: Final = CharSet.chars("\n")


def safe_length(tree: Tree) -> int:
    """Return the length of the longest texts in which `re` may search for a simplified tree; 0 for none."""
    length = ANCHORED_LENGTH if anchored(tree) else LENGTH
    try:
        while length >= SHORTEST:
            if steps(tree, length) <= STEPS:
                return length
            length //= 2
    except Unsafe:
        pass
    return 0


def steps(tree: Tree, length: int) -> int:
    """Return how many steps a search in a text of this length takes at most; `Unsafe` where there is no useful bound."""
    bound = _bound(tree, _END, length)
    if anchored(tree):
        return 1 + bound.fixed + bound.each * length
    places = length + 1
    if bound.ways == 1 and _apart(_entered(tree, _END).chars, _repeated(tree)):
        return places * (1 + bound.fixed) + size(tree) * bound.each * length
    return places * (1 + bound.fixed + bound.each * length)


def _bound(tree: Tree, follow: Follow, length: int) -> Bound:
    match tree:
        case Char() | Dot() | Class() | Assertion():
            return Bound(1, 1, 0)
        case Concat(items):
            return _bound_of_all(items, follow, length)
        case Alternation(items):
            ways, fixed, each = zip(*(_bound(item, follow, length) for item in items), strict=True)
            most = max if _apart(*(_entered(item, follow).chars for item in items)) else sum
            return Bound(most(ways), 1 + follow.entry + sum(fixed), most(each))
        case Repeat():
            return _bound_of_repeat(tree, follow, length)
        case _:
            assert_never(tree)


def _bound_of_all(items: Sequence[Tree], follow: Follow, length: int) -> Bound:
    follows = [follow]
    for item in reversed(items):
        follows.append(_entered(item, follows[-1]))
    ways, fixed, each = 1, 0, 0
    for item, behind in zip(items, reversed(follows[:-1]), strict=True):
        bound = _bound(item, behind, length)
        if ways == 1:
            fixed += bound.fixed
            each = max(each, bound.each)
        else:
            fixed += ways * (bound.fixed + bound.each * length)
        ways *= bound.ways
    return Bound(ways, fixed, each)


def _bound_of_repeat(repeat: Repeat, follow: Follow, length: int) -> Bound:
    """Bound a repetition: each round begins where the one before it was left, takes a character, and may be the last."""
    if nullable(repeat.item):
        raise Unsafe
    again = _entered(repeat.item, follow)
    inside = Follow(again.chars | follow.chars, again.entry + follow.entry + 1)
    bound = _bound(repeat.item, inside, length)
    high = length if repeat.high is None else min(repeat.high, length)
    low = min(repeat.low, high)
    once = bound.fixed + inside.entry
    if bound.ways == 1:
        last = low == high or _apart(again.chars, follow.chars)
        return Bound(1 if last else high - low + 1, once, bound.each + once)
    if repeat.high is None or bound.ways**high > STEPS:
        raise Unsafe
    rounds = [bound.ways**done for done in range(high + 1)]
    return Bound(sum(rounds[low:]), sum(rounds) * (once + bound.each * length), 0)


def _repeated(tree: Tree) -> CharSet:
    """Return the characters that the repetitions of a tree take."""
    match tree:
        case Concat(items) | Alternation(items):
            return CharSet.of(one for item in items for one in _repeated(item).ranges)
        case Repeat(item):
            return _taken(item)
        case _:
            return NONE


def _taken(tree: Tree) -> CharSet:
    """Return the characters that a tree takes anywhere."""
    match tree:
        case Concat(items) | Alternation(items):
            return CharSet.of(one for item in items for one in _taken(item).ranges)
        case Repeat(item):
            return _taken(item)
        case Assertion():
            return NONE
        case _:
            return leaves.known(tree) or NONE


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
