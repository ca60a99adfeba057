"""Regexes that are only texts: one of several, or some in their order with anything between.

A maintainer keeps one rule: a text is one that RE2 sees as it is. U+FFFD is none, for lone surrogates count as it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.lang.automata import leaves
from megaql.lang.automata.syntax import Alternation, Assertion, Char, Class, Concat, Dot, Repeat
from megaql.lang.searches.shape import items_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.lang.automata.syntax import Tree

#: Texts that one regex may stand for.
TEXTS: Final = 64


class Plain(NamedTuple):
    """One of some texts at the `start` of a text, at its `end`, as all of it, or anywhere."""

    texts: frozenset[str]
    start: bool
    end: bool


class Spread(NamedTuple):
    """Texts in their order, the first one at the `start` and the last one at the `end` if so said.

    Before each but the first stand `gaps` characters or more, in one line if `in_line`.
    """

    texts: Sequence[str]
    gaps: Sequence[int]
    start: bool
    end: bool
    in_line: bool


def plain(tree: Tree) -> Plain | None:
    """Return the texts that a simplified tree stands for; `None` where there are more than `TEXTS`, or it is no such tree."""
    items, start, end = _between_anchors(tree)
    texts = _texts(Concat(tuple(items)))
    return None if texts is None else Plain(frozenset(texts), start, end)


def spread(tree: Tree) -> Spread | None:
    """Return the texts of a simplified tree that has nothing else but `.*` and `.+` between them, or `None`."""
    items, start, end = _between_anchors(tree)
    texts, gaps, in_line = [""], [], False
    for item in items:
        one = _texts(item)
        match item:
            case Repeat(Dot(newline), low, None):
                texts.append("")
                gaps.append(low)
                in_line = in_line or not newline
            case _ if one is None or len(one) > 1:
                return None
            case _:
                texts[-1] += one[0]
    return Spread(texts, gaps, start, end, in_line)


def in_order(spread: Spread, otherwise: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return a search for texts in their order, which asks `otherwise` about texts of several lines if that counts.

    Taking each part at the first place where it stands is right: it leaves the most to those behind it.
    """
    steps = [*zip([0, *spread.gaps], spread.texts, strict=True)]
    first = steps.pop(0)[1] if spread.start else ""
    gap, last = steps.pop() if spread.end else (0, "")
    in_line = spread.in_line

    def call(text: str) -> bool:
        if in_line and "\n" in text:
            return otherwise(text)
        if not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for least, part in steps:
            at = text.find(part, at + least, end)
            if at < 0:
                return False
            at += len(part)
        return at + gap <= end

    return call


def _between_anchors(tree: Tree) -> tuple[Sequence[Tree], bool, bool]:
    items = items_of(tree)
    start = Assertion.TEXT_START in items[:1]
    end = Assertion.TEXT_END in items[start:][-1:]
    return items[start : len(items) - end], start, end


def _texts(tree: Tree) -> list[str] | None:
    """Return all texts that a tree takes, if they are few."""
    match tree:
        case Char() | Class() | Dot():
            chars = leaves.known(tree)
            if chars is None or len(chars.ranges) != 1 or chars.ranges[0][0] != chars.ranges[0][1]:
                return None
            return [chr(chars.ranges[0][0])]
        case Concat(items):
            parts = [_texts(item) for item in items]
            sizes = 1
            for part in parts:
                sizes *= TEXTS + 1 if part is None else len(part)
                if sizes > TEXTS:
                    return None
            return ["".join(chosen) for chosen in product(*(part for part in parts if part is not None))]
        case Alternation(items):
            texts: list[str] = []
            for item in items:
                some = _texts(item)
                if some is None or len(texts) + len(some) > TEXTS:
                    return None
                texts += some
            return texts
        case Repeat(item, low, high) if low == high:
            one = _texts(item)
            return None if one is None or len(one) > 1 else [one[0] * low]
        case _:
            return None
