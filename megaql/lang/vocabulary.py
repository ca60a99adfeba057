"""The words of the language: keywords, functions, envelope fields, kinds, units, and the nearest one to a typing error.

Every part that must know a name asks here. A maintainer adding a keyword adds it to NAME in `grammar/megaql.lark` as
well; a test compares the two.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.lang.nodes import KindName, Presence, Quantifier, TextOperator
from megaql.lang.record import ENVELOPE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ENVELOPE_FIELDS", "FUNCTIONS", "KEYWORDS", "KINDS", "SIZE_UNITS", "Function", "nearest"]

#: Words that are no names where a path starts, in lower case.
KEYWORDS: Final = frozenset(
    {"and", "between", "cidr", "false", "in", "is", "not", "null", "or", "true"}
    | {word.value for words in (TextOperator, Presence, Quantifier) for word in words}
)

#: The kinds `is` can ask for.
KINDS: Final = tuple(kind.value for kind in KindName)


@dataclass(frozen=True, slots=True)
class Function:
    """A function's call as documented, and how many arguments it takes."""

    signature: str
    arity: int


#: Every function by its name in lower case. `count` is not among them: it has a syntax of its own.
FUNCTIONS: Final = {
    "number": Function("number(path)", 1),
    "lower": Function("lower(path)", 1),
    "upper": Function("upper(path)", 1),
    "length": Function("length(path)", 1),
    "size": Function("size(path)", 1),
    "date": Function("date(path)", 1),
    "epoch": Function("epoch(path)", 1),
    "epoch_ms": Function("epoch_ms(path)", 1),
    "age": Function("age(path)", 1),
    "ago": Function("ago(15m)", 1),
    "now": Function("now()", 0),
}

#: The units of a size by their names in lower case, with the bytes in one.
SIZE_UNITS: Final = {
    "b": ("B", 1),
    "kb": ("KB", 10**3),
    "mb": ("MB", 10**6),
    "gb": ("GB", 10**9),
    "tb": ("TB", 10**12),
    "kib": ("KiB", 2**10),
    "mib": ("MiB", 2**20),
    "gib": ("GiB", 2**30),
    "tib": ("TiB", 2**40),
}


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` was probably meant to be, or None where nothing is close."""
    spelled = {_folded(choice): choice for choice in choices}
    found = difflib.get_close_matches(_folded(word[:64]), spelled, n=1, cutoff=0.6)
    return spelled[found[0]] if found else None


def _folded(word: str) -> str:
    """Return a word without what people vary: case, hyphens, underscores."""
    return word.lower().replace("-", "").replace("_", "")
