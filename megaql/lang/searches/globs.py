r"""What the glob of `like` asks: `*` is any run, `?` one character, `\` takes the next character as itself.

A maintainer keeps one rule: a text that holds U+FFFD is looked for by RE2 or as a set of code points, for lone surrogates count as it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from megaql.lang.automata.syntax import Assertion, Char, Concat, Dot, Repeat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
            items.append(Char("\ufffd" if "\ud800" <= char <= "\udfff" else char))
    return Concat((*items, Assertion.TEXT_END))


def parts_of(pattern: str) -> Sequence[str] | None:
    """Return the texts between the `*` of a glob; `None` for one with `?` or with U+FFFD, which are not only themselves."""
    parts = [""]
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part == "*":
            parts.append("")
        elif part == "?" or part[-1] == "\ufffd" or "\ud800" <= part[-1] <= "\udfff":
            return None
        else:
            parts[-1] += part[-1]
    return parts


def in_order(parts: Sequence[str]) -> Callable[[str], bool]:
    """Return whether a text begins with the first part and ends with the last one, the others between them in this order.

    Taking each part at the first place where it stands is right: it leaves the most to those behind it.
    """
    first, *middle, last = parts
    middle = [part for part in middle if part]
    shortest = sum(map(len, parts))

    def call(text: str) -> bool:
        if len(text) < shortest or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return call
