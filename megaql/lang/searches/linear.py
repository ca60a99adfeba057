"""Searches in linear time: RE2, in the way of its ways that answers yes or no the soonest, and bits for what RE2 is slow at.

`re2.Set` answers without looking for the place, in half the time of `search`; but it reads each text to its end, and where an
automaton grows with each character it has no other way to go on.

A maintainer keeps one rule: a set is asked about short texts only. Python's wrapper reports none of its errors: a set that ran out of
memory would say that nothing matches. It does not, for `Compile` refuses a set that could not hold 20 states of the largest size,
and a full cache is emptied; no set of any size of memory was ever seen to lose a match. Threads may ask one at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import re2

from megaql.lang import regexes
from megaql.lang.searches import bits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.lang.automata.syntax import Tree
    from megaql.lang.regexes import Searcher

#: Characters of the longest text that a set is asked about, and of one where it may have very many states.
SET_LENGTH: Final = 1_024
LENGTH_OF_MANY_STATES: Final = 256

#: Instructions of the largest program that RE2 is quick with: its automaton keeps up to so many for each state.
PROGRAM: Final = 5_000


def function(reference: Searcher, pattern: str, tree: Tree | None = None) -> Callable[[str], bool]:
    """Return a search for a pattern that matches where `reference` does; `tree` is what it means, if that is known.

    Nothing is compiled before the first text comes: where all texts are short, `re` is asked about them and this never.
    """
    engines: list[Callable[[str], bool]] = []

    def call(text: str) -> bool:
        if not engines:
            engines.append(_compiled(reference, pattern, tree))
        return engines[0](text)

    return call


def _compiled(reference: Searcher, pattern: str, tree: Tree | None) -> Callable[[str], bool]:
    large = reference.programsize > PROGRAM
    try:
        # A large program takes long to compile, and is there already.
        searcher = reference if large else regexes.compiled(pattern)
        short = None if large else together([pattern], regexes.PATTERN_MEMORY)
    except regexes.PatternError:
        searcher, short = reference, None
    slow = large or tree is None or bits.many_states(tree)
    long = bits.matcher(tree) if slow and tree is not None else None
    length = LENGTH_OF_MANY_STATES if slow else SET_LENGTH

    def call(text: str) -> bool:
        if short is not None and len(text) <= length:
            return bool(short(text))
        if long is not None and len(text) >= bits.LENGTH:
            return long(text)
        return searcher.search(regexes.utf8(text)) is not None

    return call


def together(patterns: Sequence[str], memory: int) -> Callable[[str], Sequence[int]] | None:
    """Return a search for all patterns, RE2's own, at once: it says which ones match, in no order.

    `None` where they would need more than this many bytes of memory.
    """
    patterns_set = re2.Set.SearchSet(regexes.options(memory))
    for pattern in patterns:
        patterns_set.Add(regexes.utf8(pattern))
    try:
        patterns_set.Compile()
    except re2.error:
        return None
    # The stubs say that it returns a truth value.
    match = cast("Callable[[bytes], Sequence[int] | None]", patterns_set.Match)
    return lambda text: match(regexes.utf8(text)) or ()
