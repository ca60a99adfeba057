"""Regexes made simpler, where only whether they match is asked: without what may be left out.

A maintainer keeps one rule: the simpler tree matches in exactly the texts where the first one does; where, and how far, is nobody's
concern here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from megaql.lang.automata.syntax import Alternation, Assertion, Char, Class, Concat, Dot, Named, Range, Repeat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.lang.automata.syntax import Tree

EMPTY: Final = Concat(())

#: Any text.
_ANY: Final = Repeat(Dot(newline=True), 0, None)


def simplified(tree: Tree) -> Tree:
    """Return a smaller tree that matches in the same texts."""
    items = [*items_of(_flat(tree))]
    if items[:2] == [Assertion.TEXT_START, _ANY]:
        items = items[2:]
    if items[-2:] == [_ANY, Assertion.TEXT_END]:
        items = items[:-2]
    return _trimmed(_trimmed(_concat(items), first=True), first=False)


def anchored(tree: Tree) -> bool:
    """Say whether a tree matches at the start of the text only."""
    return Assertion.TEXT_START in items_of(tree)[:1]


def items_of(tree: Tree) -> Sequence[Tree]:
    """Return what follows one after the other."""
    return tree.items if isinstance(tree, Concat) else (tree,)


def size(tree: Tree) -> int:
    """Count the leaves of a tree with its counted repetitions written out."""
    match tree:
        case Concat(items) | Alternation(items):
            return sum(map(size, items))
        case Repeat(item, low, high):
            return size(item) * max(high or low, 1)
        case _:
            return 1


def nullable(tree: Tree) -> bool:
    """Say whether a tree may match without a character."""
    match tree:
        case Char() | Dot() | Class():
            return False
        case Assertion():
            return True
        case Concat(items):
            return all(map(nullable, items))
        case Alternation(items):
            return any(map(nullable, items))
        case Repeat(item, low):
            return low == 0 or nullable(item)
        case _:
            assert_never(tree)


def between_bytes(tree: Tree) -> bool:
    r"""Say whether a tree may match inside a character, for RE2 looks at bytes: only `\B` holds there, and nothing is taken there."""
    return nullable(tree) and _has_no_boundary(tree)


def _has_no_boundary(tree: Tree) -> bool:
    match tree:
        case Concat(items) | Alternation(items):
            return any(map(_has_no_boundary, items))
        case Repeat(item):
            return _has_no_boundary(item)
        case _:
            return tree is Assertion.NO_WORD_BOUNDARY


def _flat(tree: Tree) -> Tree:
    """Return a tree without concatenations in concatenations, repetitions that are none, and preferences."""
    match tree:
        case Concat(items):
            flat: list[Tree] = []
            for item in items:
                flat += items_of(_flat(item))
            return _concat(flat)
        case Alternation(items):
            return _either([*map(_flat, items)])
        case Repeat(item, low, high):
            return _repeat(_flat(item), low, high)
        case _:
            return tree


def _either(items: Sequence[Tree]) -> Tree:
    """Return an alternation, as one class where it is one between single characters."""
    ranges: list[Range | Named] = []
    for item in items:
        match item:
            case Char(char, fold=False):
                ranges.append(Range(char, char))
            case Class(some, negated=False, fold=False):
                ranges += some
            case _:
                return Alternation(tuple(items))
    return Class(tuple(ranges), negated=False, fold=False, source=f"[{''.join(map(_item_source, ranges))}]")


def _item_source(item: Range | Named) -> str:
    return rf"\x{{{ord(item.low):x}}}-\x{{{ord(item.high):x}}}" if isinstance(item, Range) else item.source


def _concat(items: Sequence[Tree]) -> Tree:
    return items[0] if len(items) == 1 else Concat(tuple(items))


def _repeat(item: Tree, low: int, high: int | None) -> Tree:
    if high == 0 or item == EMPTY:
        return EMPTY
    return item if low == high == 1 else Repeat(item, low, high)


def _trimmed(tree: Tree, *, first: bool) -> Tree:
    """Return a tree without what may match nothing at one of its ends, which no anchor holds.

    Where `x*y` matches, `y` does, a bit later; and where `y` matches, `x*y` does.
    """
    match tree:
        case Concat(items):
            rest = list(items)
            at = 0 if first else -1
            while rest:
                end = _trimmed(rest.pop(at), first=first)
                if end != EMPTY:
                    ends = items_of(end)
                    return _concat([*ends, *rest] if first else [*rest, *ends])
            return EMPTY
        case Alternation(items):
            ends = [_trimmed(item, first=first) for item in items]
            return EMPTY if EMPTY in ends else Alternation(tuple(dict.fromkeys(ends)))
        case Repeat(item, low):
            end = _trimmed(item, first=first)
            return end if low == 1 or end == EMPTY else _repeat(item, low, low)
        case Char() | Dot() | Class() | Assertion():
            return tree
        case _:
            assert_never(tree)
