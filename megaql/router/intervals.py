"""Intervals, and which of them a value lies in: a search tree in the order of the lower bounds that knows how far up each part of it reaches.

The tree is a treap: balanced by priorities that look random. A maintainer keeps one rule: a node never changes. Adding and removing make the
nodes on the way to the root anew, about two dozen of ten thousand, and readers go on with the root they have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

#: What orders an interval: by its lower bound, none first, then by its upper one.
_Key: TypeAlias = tuple[bool, Any, bool, Any]

#: Two bounds that compare with each other, both inside; `None` is none.
Interval: TypeAlias = tuple[Any, Any]


class _Node(NamedTuple):
    """One interval with what it stands for, the smaller ones and the larger ones, and the highest bound among them all."""

    low: Any
    high: Any
    top: Any
    left: _Node | None
    right: _Node | None
    item: Any
    key: _Key
    priority: int


class Intervals(Generic[T]):
    """Intervals, each with one item. One thread changes it at a time, any number may ask meanwhile."""

    __slots__ = ("_items", "_root")

    def __init__(self) -> None:
        self._items: dict[Interval, T] = {}
        self._root: _Node | None = None

    def __len__(self) -> int:
        return len(self._items)

    def get(self, interval: Interval) -> T | None:
        """Return the item of an interval."""
        return self._items.get(interval)

    def add(self, interval: Interval, item: T) -> None:
        """Add an interval that is not there yet."""
        self._items[interval] = item
        self._root = _with(self._root, _node(interval, item))

    def remove(self, interval: Interval) -> None:
        """Take out an interval that is there."""
        del self._items[interval]
        self._root = _without(self._root, _key(interval))

    def holding(self, value: Any) -> Iterator[T]:
        """Yield the items of the intervals that a value lies in."""
        stack = [self._root] if self._root is not None else []
        while stack:
            low, high, top, left, right, item, _, _ = stack.pop()
            if top is not None and top < value:
                continue
            if left is not None:
                stack.append(left)
            if low is None or low <= value:
                if high is None or value <= high:
                    yield item
                if right is not None:
                    stack.append(right)

    def every(self) -> Iterator[T]:
        """Yield all items."""
        stack = [self._root]
        while stack:
            node = stack.pop()
            if node is not None:
                yield node.item
                stack += (node.left, node.right)


def _key(interval: Interval) -> _Key:
    low, high = interval
    return low is not None, low, high is not None, high


def _node(interval: Interval, item: object) -> _Node:
    key = _key(interval)
    return _Node(*interval, interval[1], None, None, item, key, hash(key))


def _joined(node: _Node, left: _Node | None, right: _Node | None) -> _Node:
    """Return a node over two others."""
    tops = [node.high, *(below.top for below in (left, right) if below is not None)]
    top = None if None in tops else max(tops)
    return node._replace(left=left, right=right, top=top)


def _with(root: _Node | None, new: _Node) -> _Node:
    if root is None:
        return new
    if new.priority > root.priority:
        return _joined(new, *_split(root, new.key))
    if new.key < root.key:
        return _joined(root, _with(root.left, new), root.right)
    return _joined(root, root.left, _with(root.right, new))


def _split(root: _Node | None, key: _Key) -> tuple[_Node | None, _Node | None]:
    """Return what is before a key and what is after it."""
    if root is None:
        return None, None
    if root.key < key:
        before, after = _split(root.right, key)
        return _joined(root, root.left, before), after
    before, after = _split(root.left, key)
    return before, _joined(root, after, root.right)


def _without(root: _Node | None, key: _Key) -> _Node | None:
    if root is None:
        return None
    if root.key == key:
        return _merged(root.left, root.right)
    if key < root.key:
        return _joined(root, _without(root.left, key), root.right)
    return _joined(root, root.left, _without(root.right, key))


def _merged(left: _Node | None, right: _Node | None) -> _Node | None:
    if left is None or right is None:
        return left or right
    if left.priority > right.priority:
        return _joined(left, left.left, _merged(left.right, right))
    return _joined(right, _merged(left, right.left), right.right)
