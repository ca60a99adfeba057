"""Ignoring case as event-ruler does, in MegaQL's words.

`equals-ignore-case` takes each UTF-16 code unit of its text in lower and in upper case, and nothing else: `straße` is `STRASSE` to it, and never
`Strasse`. MegaQL's `"x"i` compares by Unicode case folding, where `K` (the Kelvin sign) is a k and `ß` is `ss`. The two agree for most words; where
they do not, `lower()` or a regex says it. A maintainer keeps one rule: each test here is true only if no text whatever is treated differently.
"""

from __future__ import annotations

import re
from typing import Final

#: ASCII letters that another character folds to as well: the Kelvin sign to k, the long s to s, the ligatures to ff, fi and fl.
_FOLDED_TO: Final = re.compile(r"[ks]|f[fil]")


def is_casefold(text: str) -> bool:
    """Say whether `"text"i` is exactly the text with its letters in either case."""
    return text.isascii() and _FOLDED_TO.search(text.lower()) is None


def is_lower(text: str, *, is_prefix: bool = False) -> bool:
    """Say whether `lower(…)` of a string is the text in lower case exactly where the string is the text with its letters in either case.

    With `is_prefix`, whether it begins so exactly where the string does.
    """
    # The Kelvin sign becomes a k, and the dotted İ an i with a dot after it.
    return text.isascii() and "k" not in text.lower() and not (is_prefix and text.lower().endswith("i"))


def regex(text: str) -> str:
    """Return the regex for a text with each of its letters in either case."""
    return "".join(map(_either_case, text))


def _either_case(char: str) -> str:
    # The engine looks at UTF-16 code units, and half a character has no case.
    spellings = dict.fromkeys((char.lower(), char.upper()) if ord(char) < 0x10000 else (char,))
    if len(spellings) == 1:
        return _escaped(char)
    if all(len(spelling) == 1 for spelling in spellings):
        return f"[{''.join(map(_escaped, spellings))}]"
    return f"(?:{'|'.join(''.join(map(_escaped, spelling)) for spelling in spellings)})"


def _escaped(char: str) -> str:
    return f"\\{char}" if char.isascii() and not char.isalnum() and char.isprintable() and char != " " else char
