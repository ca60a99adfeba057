r"""The glob of `like` as the tree of a regex: `*` is any run, `?` one character, `\` takes the next character as itself.

A maintainer keeps one rule: what `regexes.like` makes of a glob is what this makes of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from megaql.lang.automata.syntax import Assertion, Char, Concat, Dot, Repeat

if TYPE_CHECKING:
    from megaql.lang.automata.syntax import Tree


def tree_of(pattern: str) -> Tree:
    """Return a glob as the tree of a regex."""
    items: list[Tree] = [Assertion.TEXT_START]
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part == "*":
            items.append(Repeat(Dot(newline=True), 0, None))
        elif part == "?":
            items.append(Dot(newline=True))
        else:
            char = part[-1]
            # RE2 is given U+FFFD for a surrogate of the glob, too.
            items.append(Char("\ufffd" if "\ud800" <= char <= "\udfff" else char))
    return Concat((*items, Assertion.TEXT_END))
