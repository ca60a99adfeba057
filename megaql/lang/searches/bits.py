r"""Searches in long texts for what RE2 is slow at: all places of the text at once, as the bits of one integer.

Where a repetition is counted and may begin at any character of what it repeats (`a[ab]{20}c`), an automaton needs as many states as
there are subsets of its places; RE2 gives it up and takes microseconds for each character. Here the text is a number for each
leaf, with a bit for each place where the leaf takes a character, and the search a number with a bit for each place that it may have come
to. Taking a character is `&` and `<<`, and a repetition of a leaf is one addition, whose carry runs through the characters it takes.

A maintainer keeps one rule: the work for a tree is known before, `OPERATIONS` on numbers as long as the text at most.
"""

from __future__ import annotations

from functools import reduce
from itertools import accumulate, islice, repeat
from operator import or_
from typing import TYPE_CHECKING, Final, assert_never

from megaql.lang import regexes
from megaql.lang.automata import leaves
from megaql.lang.automata.charsets import EVERYTHING, CharSet
from megaql.lang.automata.syntax import Alternation, Assertion, Char, Class, Concat, Dot, Named, NotRead, Repeat
from megaql.lang.searches.shape import items_of, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.lang.automata.syntax import Leaf, Tree

#: Characters of the shortest text that is searched in this way.
LENGTH: Final = 2048

#: Operations on numbers of as many bits as the text has characters, for one search: 10 to 20 µs each for a million.
OPERATIONS: Final = 2_500

#: Sets of characters in one tree: each takes some milliseconds to find in a million characters. One byte says which ones hold one.
SETS: Final = 8

#: Places in counted repetitions that may all be come to at once or not, from which on RE2 may be slow.
PLACES: Final = 10

#: Leaves, written out, from which on RE2 may be slow with few states, too: each of them takes long to make.
LEAVES: Final = 200

_WORD: Final = Class((Named(r"\w"),), negated=False, fold=False, source=r"\w")
_NEWLINE: Final = Char("\n")


def matcher(tree: Tree) -> Callable[[str], bool] | None:
    """Return a search for a simplified tree, or `None` where this way has no bound on its work."""
    sets = list(_sets(tree))
    try:
        if len(sets) > SETS or _operations(tree) > OPERATIONS:
            return None
    except NotRead:
        return None
    return lambda text: _Text(text, sets).holds(tree)


def many_states(tree: Tree) -> bool:
    """Say whether an automaton for the tree may have very many states, or large ones."""
    return _places(tree) >= PLACES or size(tree) >= LEAVES


def _places(tree: Tree) -> int:
    """Count the places that an automaton may have to remember one by one.

    Behind a character that the repeated leaf does not take, there is one way to be inside the repetition; and in one that the tree begins
    with, all places up to some one.
    """
    total, before = 0, CharSet(())
    for item in items_of(tree):
        match item:
            case Alternation(items):
                total, before = total + sum(map(_places, items)), EVERYTHING
            case Repeat(Char() | Class() | Dot() as leaf, low, high):
                chars = leaves.known(leaf) or EVERYTHING
                total += (high or low) if (chars & before).ranges else 0
                before = chars if low else EVERYTHING
            case Repeat(inner, low, high):
                total, before = total + (high or low) * size(inner), EVERYTHING
            case Class() | Dot() | Char():
                chars = leaves.known(item) or EVERYTHING
                total += not isinstance(item, Char) and bool((chars & before).ranges)
                before = chars
    return total


def _operations(tree: Tree) -> int:
    """Return how many operations a search takes; `NotRead` for what cannot be searched for so."""
    match tree:
        case Char() | Class() | Dot():
            return 2
        case Assertion():
            return 2
        case Concat(items) | Alternation(items):
            return len(items) + sum(map(_operations, items))
        case Repeat(Char() | Class() | Dot(), low, high):
            ahead = [low, *_doubling((high or low) - low)]
            return 2 + sum(3 + 2 * (count - 1).bit_length() for count in ahead if count)
        case Repeat(item, _, high):
            if high is None:
                raise NotRead("repeats more than a leaf without an upper bound")
            return high * (1 + _operations(item))
        case _:
            assert_never(tree)


def _sets(tree: Tree) -> set[Leaf]:
    """Return the leaves whose places are needed."""
    match tree:
        case Char() | Class() | Dot():
            return {tree}
        case Assertion.WORD_BOUNDARY | Assertion.NO_WORD_BOUNDARY:
            return {_WORD}
        case Assertion.LINE_START | Assertion.LINE_END:
            return {_NEWLINE}
        case Concat(items) | Alternation(items):
            return set().union(*map(_sets, items))
        case Repeat(item):
            return _sets(item)
        case _:
            return set()


class _Text:
    """A text as numbers. Bit `n` is the place before its character `n`, and the highest one its end."""

    def __init__(self, text: str, sets: Sequence[Leaf]) -> None:
        self._end = 1 << len(text)
        self._marks = _marked(text, sets)[::-1]
        self._numbers = {leaf: number for number, leaf in enumerate(sets)}
        self._found: dict[Leaf, int] = {}

    def holds(self, tree: Tree) -> bool:
        """Say whether the tree matches anywhere."""
        return self._after(tree, 2 * self._end - 1) != 0

    def _after(self, tree: Tree, places: int) -> int:
        """Return the places behind the tree, from all of these places."""
        if not places:
            return 0
        match tree:
            case Char() | Class() | Dot():
                return (places & self._where(tree)) << 1
            case Assertion():
                return places & self._allowed(tree)
            case Concat(items):
                for item in items:
                    places = self._after(item, places)
                return places
            case Alternation(items):
                return reduce(or_, (self._after(item, places) for item in items))
            case Repeat(Char() | Class() | Dot() as leaf, low, high):
                return _behind(self._where(leaf), places, low, high)
            case Repeat(item, low, high):
                rounds = repeat(item, high or low)
                after = accumulate(rounds, lambda so_far, item: self._after(item, so_far), initial=places)
                return reduce(or_, islice(after, low, None))
            case _:
                assert_never(tree)

    def _allowed(self, assertion: Assertion) -> int:
        match assertion:
            case Assertion.TEXT_START:
                return 1
            case Assertion.TEXT_END:
                return self._end
            case Assertion.LINE_START:
                return 1 | self._where(_NEWLINE) << 1
            case Assertion.LINE_END:
                return self._end | self._where(_NEWLINE)
            case _:
                boundaries = self._where(_WORD) ^ (self._where(_WORD) << 1)
                return boundaries if assertion is Assertion.WORD_BOUNDARY else ~boundaries

    def _where(self, leaf: Leaf) -> int:
        """Return the places of the characters that a leaf takes."""
        if leaf not in self._found:
            number = self._numbers[leaf]
            digits = bytes(ord("1") if mark >> number & 1 else ord("0") for mark in range(256))
            self._found[leaf] = int(self._marks.translate(digits) or b"0", 2)
        return self._found[leaf]


def _marked(text: str, sets: Sequence[Leaf]) -> bytes:
    """Return a byte for each character: bit `n` says that the set of that number holds it."""
    try:
        written = text.encode("latin-1")
    except UnicodeEncodeError:
        return text.translate(_marks(sets, sorted(set(text)))).encode("latin-1")
    marks = _marks(sets, _FEW_CHARS)  # to look for those that are there takes longer than all the rest
    return written.translate(bytes(marks.values()))


#: What `_marked` writes one byte for, in order.
_FEW_CHARS: Final = tuple(map(chr, range(256)))


def _marks(sets: Sequence[Leaf], chars: Sequence[str]) -> dict[int, int]:
    marks = dict.fromkeys(map(ord, chars), 0)
    for number, leaf in enumerate(sets):
        for char in _taken(leaf, chars):
            marks[ord(char)] |= 1 << number
    return marks


def _behind(where: int, places: int, low: int, high: int | None) -> int:
    """Return the places behind `low` to `high` characters that stand at the places `where`."""
    places = _ahead(where, places, low)
    if high is None:
        # The carry of the addition runs through each stretch of characters from the first place in it.
        return (((places & where) + where) ^ where) | places
    for count in _doubling(high - low):
        places |= _ahead(where, places, count)
    return places


def _doubling(most: int) -> Iterator[int]:
    """Yield steps of which each is one more than those before it together, to `most`: some of them make up every number up to there."""
    reached = 0
    while reached < most:
        step = min(reached + 1, most - reached)
        yield step
        reached += step


def _ahead(where: int, places: int, count: int) -> int:
    """Return the places behind exactly `count` characters that stand at the places `where`."""
    if not count:
        return places
    stretches, length = where, 1
    while length < count:
        more = min(length, count - length)
        stretches &= stretches >> more
        length += more
    return (places & stretches) << count


def _taken(leaf: Leaf, chars: Sequence[str]) -> set[str]:
    """Return those of the characters that a leaf takes: asked of RE2 where that is not plain."""
    known = leaves.known(leaf)
    if known is not None:
        return {char for char in chars if ord(char) in known}
    one = regexes.compiled(leaves.source(leaf))
    return {char for char in chars if one.search(regexes.utf8(char))}
