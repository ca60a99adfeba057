"""How a regex or a glob is looked for in a text: as the plain operation on strings that means the same, or as a function.

A maintainer keeps one rule: every search answers what `regexes.search` and `regexes.like` answer, for every text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, Literal

from megaql.lang import regexes
from megaql.lang.automata import syntax
from megaql.lang.automata.syntax import Assertion, Char, Concat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from megaql.lang.automata.syntax import Tree
    from megaql.lang.nodes import Regex


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
    regexes.search(regex, "")
    try:
        tree = syntax.parse(regex)
    except syntax.NotRead:
        return Function(partial(regexes.search, regex))
    return _plain(tree) or Function(partial(regexes.search, regex))


@lru_cache(regexes.CACHED_PATTERNS)
def glob(pattern: str) -> Search:
    """Return how to match a whole text with a glob; `regexes.PatternError` for one too large."""
    regexes.like(pattern, "")
    return Function(partial(regexes.like, pattern))


class RegexSet:
    """Several regexes that are asked of one text together."""

    def __init__(self, patterns: Iterable[Regex]) -> None:
        self._searches = [partial(regexes.search, pattern) for pattern in patterns]

    def matching(self, text: str) -> Sequence[int]:
        """Return the places, in order, of those regexes that match the text."""
        return [place for place, one in enumerate(self._searches) if one(text)]


def _plain(tree: Tree) -> Text | None:
    """Return the plain operation that a tree of characters between anchors is."""
    items = list(tree.items) if isinstance(tree, Concat) else [tree]
    start = bool(items) and items[0] is Assertion.TEXT_START
    items = items[start:]
    end = bool(items) and items[-1] is Assertion.TEXT_END
    items = items[: len(items) - end]
    chars = [item.char for item in items if isinstance(item, Char) and not item.fold and not _replaced(item.char)]
    return Text(_OPERATORS[start, end], "".join(chars)) if len(chars) == len(items) else None


def _replaced(char: str) -> bool:
    """Say whether RE2 sees something else in a text than this character: lone surrogates all count as U+FFFD."""
    return char == "\ufffd" or "\ud800" <= char <= "\udfff"
