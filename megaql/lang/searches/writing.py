r"""Writes the tree of a regex as a pattern again: for RE2, and for Python's `re`.

A maintainer keeps one rule: no text that a user wrote gets into a pattern for `re`. The dialects differ (`\d`, `\b`, `$`, classes, case),
so that every leaf is written as the code points it takes, by number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from megaql.lang.automata import leaves
from megaql.lang.automata.syntax import Alternation, Assertion, Char, Class, Concat, Dot, NotRead, Repeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.lang.automata.charsets import CharSet
    from megaql.lang.automata.syntax import Leaf, Tree

#: How `re` writes the assertions. Its `\B` does not hold in an empty text, where RE2's does.
_ASSERTIONS: Final = {
    Assertion.TEXT_START: r"\A",
    Assertion.TEXT_END: r"\Z",
    Assertion.LINE_START: "(?m:^)",
    Assertion.LINE_END: "(?m:$)",
    Assertion.WORD_BOUNDARY: r"(?a:\b)",
    Assertion.NO_WORD_BOUNDARY: r"(?a:(?!\b))",
}


def for_re2(tree: Tree) -> str:
    """Return an RE2 pattern of the tree, to be compiled without flags."""
    return _written(tree, leaves.source, lambda assertion: assertion.value)


def for_re(tree: Tree) -> str:
    """Return a pattern of the tree for Python's `re`; `NotRead` for one that has no such pattern."""
    return _written(tree, _leaf, _ASSERTIONS.__getitem__)


def _written(tree: Tree, leaf: Callable[[Leaf], str], assertion: Callable[[Assertion], str]) -> str:
    match tree:
        case Char() | Dot() | Class():
            return leaf(tree)
        case Assertion():
            return assertion(tree)
        case Concat(items):
            return "".join(_written(item, leaf, assertion) for item in items)
        case Alternation(items):
            return f"(?:{'|'.join(_written(item, leaf, assertion) for item in items)})"
        case Repeat(item, low, high):
            bounds = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
            if bounds is None:
                bounds = f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"
            return f"(?:{_written(item, leaf, assertion)}){bounds}"
        case _:
            assert_never(tree)


def _leaf(leaf: Leaf) -> str:
    chars = leaves.known(leaf)
    if chars is None:
        raise NotRead("has a class that is not plain")
    outside = ~chars
    if not chars.ranges:
        return "(?!)"
    if not outside.ranges:
        return "(?s:.)"
    if len(chars.ranges) == 1 and chars.ranges[0][0] == chars.ranges[0][1]:
        return re.escape(chr(chars.ranges[0][0]))
    return f"[{_ranges(chars)}]" if len(chars.ranges) <= len(outside.ranges) else f"[^{_ranges(outside)}]"


def _ranges(chars: CharSet) -> str:
    return "".join(rf"\U{low:08x}-\U{high:08x}" if high > low else rf"\U{low:08x}" for low, high in chars.ranges)
