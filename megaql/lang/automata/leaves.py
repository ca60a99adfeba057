r"""From a leaf of a regex to the code points it takes, as RE2 sees them.

A maintainer keeps one rule: only plain ASCII is worked out here; case folding beyond it and Unicode's classes are asked of RE2
itself, by searching a text of all code points, so that its tables and ours cannot differ.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, assert_never

import re2

from megaql.lang.automata.charsets import EVERYTHING, SURROGATES, CharSet, all_chars
from megaql.lang.automata.syntax import Char, Class, Dot, Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from megaql.lang.automata.syntax import Leaf, Named

#: Sets kept for reuse, one for each class of each regex.
CACHED_SETS: Final = 512

_REPLACEMENT: Final = 0xFFFD


def seen_by_re2(chars: CharSet) -> CharSet:
    """Return the code points that RE2 takes for one of the set: it is given U+FFFD in the place of a lone surrogate."""
    if not chars.ranges or chars.ranges[-1][1] < SURROGATES.ranges[0][0]:
        return chars
    return chars | SURROGATES if _REPLACEMENT in chars else chars - SURROGATES


@lru_cache(CACHED_SETS)
def chars_of(leaf: Leaf) -> CharSet:
    """Return the code points that a leaf takes."""
    chars = known(leaf)
    return seen_by_re2(_asked(source(leaf))) if chars is None else chars


@lru_cache(CACHED_SETS)
def known(leaf: Leaf) -> CharSet | None:
    """Return the code points that a leaf takes, or `None` where they are to be asked of RE2, which takes milliseconds."""
    match leaf:
        case Dot(newline):
            return EVERYTHING if newline else _NO_NEWLINE
        case Char(char, fold):
            chars = _union((Range(char, char),), fold=fold)
            return chars and seen_by_re2(chars)
        case Class(items, negated, fold):
            chars = _union(items, fold=fold)
            return chars and seen_by_re2(~chars if negated else chars)
        case _:
            assert_never(leaf)


def source(leaf: Leaf) -> str:
    """Return a regex that takes what the leaf does, wherever it stands."""
    match leaf:
        case Dot(newline):
            return "(?s:.)" if newline else "(?-s:.)"
        case Char(char, fold):
            return f"(?i:\\x{{{ord(char):x}}})" if fold else f"\\x{{{ord(char):x}}}"
        case Class(_, _, fold, text):
            return f"(?i:{text})" if fold else f"(?-i:{text})"
        case _:
            assert_never(leaf)


_NO_NEWLINE: Final = ~CharSet.chars("\n")

#: The sets whose ASCII meaning RE2 documents.
_ASCII: Final = {
    r"\d": CharSet.of([(48, 57)]),
    r"\s": CharSet.chars("\t\n\f\r "),
    r"\w": CharSet.of([(48, 57), (65, 90), (95, 95), (97, 122)]),
    "[:alnum:]": CharSet.of([(48, 57), (65, 90), (97, 122)]),
    "[:alpha:]": CharSet.of([(65, 90), (97, 122)]),
    "[:ascii:]": CharSet.of([(0, 127)]),
    "[:blank:]": CharSet.chars("\t "),
    "[:cntrl:]": CharSet.of([(0, 31), (127, 127)]),
    "[:digit:]": CharSet.of([(48, 57)]),
    "[:graph:]": CharSet.of([(33, 126)]),
    "[:lower:]": CharSet.of([(97, 122)]),
    "[:print:]": CharSet.of([(32, 126)]),
    "[:punct:]": CharSet.of([(33, 47), (58, 64), (91, 96), (123, 126)]),
    "[:space:]": CharSet.chars("\t\n\v\f\r "),
    "[:upper:]": CharSet.of([(65, 90)]),
    "[:word:]": CharSet.of([(48, 57), (65, 90), (95, 95), (97, 122)]),
    "[:xdigit:]": CharSet.of([(48, 57), (65, 70), (97, 102)]),
}
#: Those that are named as what they leave out: case is folded before that.
_OPPOSITES: Final = {name.upper() if name[0] == "\\" else f"[:^{name[2:]}": name for name in _ASCII}

#: What RE2 takes for an ASCII letter when case does not count, beside its two ASCII forms: the long s and the Kelvin sign.
_FOLDS_TO_ASCII: Final = {"s": "\u017f", "k": "\u212a"}


def _union(items: Iterable[Range | Named], *, fold: bool) -> CharSet | None:
    """Return what the items of a class take together, where that needs no table beyond ASCII."""
    ranges: list[tuple[int, int]] = []
    for item in items:
        if isinstance(item, Range):
            chars, negated = CharSet(((ord(item.low), ord(item.high)),)), False
        else:
            negated = item.source in _OPPOSITES
            named = _ASCII.get(_OPPOSITES.get(item.source, item.source))
            if named is None:
                return None
            chars = named
        if fold:
            if chars.ranges[-1][1] > 127:
                return None
            chars = CharSet.of(_folded(chars))
        ranges += (~chars if negated else chars).ranges
    return CharSet.of(ranges)


def _folded(chars: CharSet) -> Iterator[tuple[int, int]]:
    """Yield the ASCII characters of a set and those that differ from one of them only in case, as ranges."""
    for low, high in chars.ranges:
        yield low, high
        for char in map(chr, range(low, high + 1)):
            for other in char.lower() + char.upper() + _FOLDS_TO_ASCII.get(char.lower(), ""):
                yield ord(other), ord(other)


def _asked(source: str) -> CharSet:
    """Ask RE2 which code points, surrogates aside, a regex for one character takes."""
    options = re2.Options()
    options.log_errors = False
    pattern = re2.compile(f"(?:{source})+".encode("utf-8", "surrogatepass"), options)
    stretches = (stretch.decode() for stretch in pattern.findall(_all_code_points()))
    return CharSet.of((ord(stretch[0]), ord(stretch[-1])) for stretch in stretches) - SURROGATES


@lru_cache(1)
def _all_code_points() -> bytes:
    text = all_chars()
    return (text[: SURROGATES.ranges[0][0]] + text[SURROGATES.ranges[0][1] + 1 :]).encode()
