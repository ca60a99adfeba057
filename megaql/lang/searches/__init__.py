"""How a regex or a glob is looked for in a text: as the plain operation on strings that means the same, or as a function.

Plain texts need no automaton. Python's `re` is asked where the steps it may take have a small bound (`steps`) and the text is short; it
answers in a tenth of the time that a call into RE2 takes. All else is for RE2 (`linear`), or where that is slow, for `bits`.

A maintainer keeps one rule: every search answers what `regexes.search` and `regexes.like` answer, for every text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from megaql.lang import regexes
from megaql.lang.automata import syntax
from megaql.lang.searches import globs, linear, parts, shape, steps, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from megaql.lang.automata.syntax import Tree
    from megaql.lang.nodes import Regex
    from megaql.lang.regexes import Searcher


@dataclass(frozen=True, slots=True)
class Text:
    """`value == text`, `value.startswith(text)`, `value.endswith(text)` or `text in value`."""

    operator: Literal["==", "startswith", "endswith", "in"]
    text: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function from a text to whether it matches; it never raises, and many threads may call it at once."""

    call: Callable[[str], bool]


Search = Text | Function

_OPERATORS: Final[dict[tuple[bool, bool], Literal["==", "startswith", "endswith", "in"]]] = {
    (True, True): "==",
    (True, False): "startswith",
    (False, True): "endswith",
    (False, False): "in",
}


@lru_cache(regexes.CACHED_PATTERNS)
def search(regex: Regex) -> Search:
    """Return how to search for a regex; `regexes.PatternError` where `regexes.check` would have complained."""
    reference = regexes.compiled(regexes.with_flags(regex))
    try:
        tree = shape.simplified(syntax.parse(regex))
    except syntax.NotRead:
        return Function(linear.function(reference, regexes.with_flags(regex)))
    return _of_tree(tree, reference)


@lru_cache(regexes.CACHED_PATTERNS)
def glob(pattern: str) -> Search:
    """Return how to match a whole text with a glob; `regexes.PatternError` for one too large."""
    reference = regexes.compiled_glob(pattern)
    return _of_tree(shape.simplified(globs.tree_of(pattern)), reference)


def _of_tree(tree: Tree, reference: Searcher) -> Search:
    """Return how to search for a simplified tree; `reference` is RE2's search for what it was made of."""
    plain = parts.plain(tree)
    if plain is None:
        engine, spread = _engine(tree, reference), parts.spread(tree)
        return Function(engine if spread is None else parts.in_order(spread, engine))
    texts = tuple(sorted(plain.texts))
    if len(texts) == 1:
        return Text(_OPERATORS[plain.start, plain.end], texts[0])
    if plain.start and plain.end:
        return Function(plain.texts.__contains__)
    if plain.start:
        return Function(lambda text: text.startswith(texts))
    if plain.end:
        return Function(lambda text: text.endswith(texts))
    return Function(_engine(tree, reference))


def _engine(tree: Tree, reference: Searcher) -> Callable[[str], bool]:
    """Return a search for a tree: with `re` where that is safe, with RE2 in longer texts."""
    if shape.between_bytes(tree):
        return linear.function(reference, writing.for_re2(tree))
    longer = linear.function(reference, writing.for_re2(tree), tree)
    length = steps.safe_length(tree)
    if not length:
        return longer
    pattern = re.compile(writing.for_re(tree))
    search = pattern.match if shape.anchored(tree) else pattern.search

    def call(text: str) -> bool:
        return search(text) is not None if len(text) <= length else longer(text)

    return call


#: Regexes from which on one set answers sooner than the searches one by one.
TOGETHER: Final = 4

#: Bytes of memory that one set may use, and more for each regex.
SET_MEMORY: Final = 8 << 20
MEMORY_PER_REGEX: Final = 32 << 10


class RegexSet:
    """Several regexes that are asked of one text together; `regexes.PatternError` where one is none.

    In one set of RE2 where that is sooner: for several regexes, in a text of up to `linear.SET_LENGTH`. It uses at most `SET_MEMORY` bytes, and
    `MEMORY_PER_REGEX` for each regex; regexes that need more are searched for one by one.
    """

    def __init__(self, given: Iterable[Regex]) -> None:
        self._regexes = tuple(given)
        self._one_by_one: Sequence[Callable[[str], bool]] | None = None
        self._together = None
        if len(self._regexes) >= TOGETHER:
            memory = SET_MEMORY + MEMORY_PER_REGEX * len(self._regexes)
            self._together = linear.together([regexes.with_flags(regex) for regex in self._regexes], memory)
        if self._together is None:
            self._calls()

    def matching(self, text: str) -> Sequence[int]:
        """Return the places, in order, of those regexes that match the text."""
        if self._together is not None and len(text) <= linear.SET_LENGTH:
            return sorted(self._together(text))
        return [place for place, call in enumerate(self._calls()) if call(text)]

    def _calls(self) -> Sequence[Callable[[str], bool]]:
        if self._one_by_one is None:
            self._one_by_one = [_call(search(regex)) for regex in self._regexes]
        return self._one_by_one


def _call(found: Search) -> Callable[[str], bool]:
    """Return a search as a function."""
    match found:
        case Function(call):
            return call
        case Text("==", text):
            return text.__eq__
        case Text("in", text):
            return lambda whole: text in whole
        case Text("startswith", text):
            return lambda whole: whole.startswith(text)
        case Text(_, text):
            return lambda whole: whole.endswith(text)
