r"""From a leaf of a regex to the code points it takes, as RE2 sees them.

A maintainer keeps one rule: only plain ASCII is worked out here; case folding beyond it and Unicode's classes are asked of RE2
itself, by searching a text of all code points, so that its tables and ours cannot differ.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, assert_never

import re2

from megaql.lang.automata.charsets import EVERYTHING, NONE, SURROGATES, CharSet, all_chars
from megaql.lang.automata.syntax import Char, Class, Dot, Range

if TYPE_CHECKING:
    from megaql.lang.automata.syntax import Leaf

#: Sets kept for reuse, one for each class of each regex.
CACHED_SETS: Final = 512

_REPLACEMENT: Final = 0xFFFD


def seen_by_re2(chars: CharSet) -> CharSet:
    """Return the code points that RE2 takes for one of the set: it is given U+FFFD in the place of a lone surrogate."""
    return chars | SURROGATES if _REPLACEMENT in chars else chars - SURROGATES


@lru_cache(CACHED_SETS)
def chars_of(leaf: Leaf) -> CharSet:
    """Return the code points that a leaf takes."""
    match leaf:
        case Dot(newline):
            return EVERYTHING if newline else ~CharSet.chars("\n")
        case Char(char, fold):
            return seen_by_re2(_folded(char) if fold else CharSet.chars(char))
        case Class(_, negated, fold, source):
            plain = _plain(leaf)
            if plain is None:
                return seen_by_re2(_asked(source, fold=fold))
            return seen_by_re2(~plain if negated else plain)
        case _:
            assert_never(leaf)


#: The sets whose ASCII meaning RE2 documents.
_NAMED: Final = {
    r"\d": CharSet.of([(48, 57)]),
    r"\s": CharSet.chars("\t\n\f\r "),
    r"\w": CharSet.of([(48, 57), (65, 90), (95, 95), (97, 122)]),
}
_NAMED.update({source.upper(): ~chars for source, chars in list(_NAMED.items())})

#: What RE2 takes for an ASCII letter when case does not count, beside its two ASCII forms: the long s and the Kelvin sign.
_FOLDS_TO_ASCII: Final = {"s": "\u017f", "k": "\u212a"}


def _plain(leaf: Class) -> CharSet | None:
    r"""Return what stands in a class where that needs no table: ranges and `\d \s \w`, in ASCII if case does not count."""
    total = NONE
    for item in leaf.items:
        if not isinstance(item, Range):
            if leaf.fold or item.source not in _NAMED:
                return None
            total |= _NAMED[item.source]
        elif not leaf.fold:
            total |= CharSet(((ord(item.low), ord(item.high)),))
        elif item.high.isascii():
            for code in range(ord(item.low), ord(item.high) + 1):
                total |= _folded(chr(code))
        else:
            return None
    return total


def _folded(char: str) -> CharSet:
    """Return the characters that differ from one only in case, and itself."""
    if not char.isascii():
        return _asked(f"\\x{{{ord(char):x}}}", fold=True)
    return CharSet.chars(char.lower() + char.upper() + _FOLDS_TO_ASCII.get(char.lower(), ""))


def _asked(source: str, *, fold: bool) -> CharSet:
    """Ask RE2 which code points, surrogates aside, a regex for one character takes."""
    options = re2.Options()
    options.log_errors = False
    pattern = re2.compile(f"(?{'i' if fold else ''}:{source})+".encode("utf-8", "surrogatepass"), options)
    stretches = (stretch.decode() for stretch in pattern.findall(_all_code_points()))
    return CharSet.of((ord(stretch[0]), ord(stretch[-1])) for stretch in stretches) - SURROGATES


@lru_cache(1)
def _all_code_points() -> bytes:
    text = all_chars()
    return (text[: SURROGATES.ranges[0][0]] + text[SURROGATES.ranges[0][1] + 1 :]).encode()
