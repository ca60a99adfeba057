"""The places that queries look at, as a trie of names that is walked alongside a message.

A maintainer keeps one rule: a walk reaches every value that `lang.paths` finds by the same names, those in arrays and in arrays of arrays
included. It takes no lock: it goes through tuples and copies, and asks the dictionaries that change for one name only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.lang.kinds import Kind, kind
from megaql.lang.record import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from megaql.router.fields import Field, Seen
    from megaql.router.ways import Hit

#: Names below one place up to which they are looked up in the message, and not the message's names among them.
FEW_NAMES: Final = 32


class Node:
    """A place in a message: the fields for it, and the places below it by name.

    `few` are the places below as long as there are not many of them, else `None`.
    """

    __slots__ = ("children", "few", "fields")

    def __init__(self) -> None:
        self.fields: tuple[Field, ...] = ()
        self.children: dict[str, Node] = {}
        self.few: tuple[tuple[str, Node], ...] | None = ()

    def add(self, names: tuple[str, ...], field: Field) -> None:
        """Put a field at the end of names below here."""
        if not names:
            self.fields = (*self.fields, field)
            return
        child = self.children.get(names[0])
        if child is not None:
            child.add(names[1:], field)
            return
        child = Node()
        child.add(names[1:], field)
        self.children[names[0]] = child
        self._count()

    def remove(self, names: tuple[str, ...], field: Field) -> None:
        """Take a field out again."""
        if not names:
            self.fields = tuple(one for one in self.fields if one is not field)
            return
        child = self.children[names[0]]
        child.remove(names[1:], field)
        if not (child.fields or child.children):
            del self.children[names[0]]
            self._count()

    def _count(self) -> None:
        self.few = tuple(self.children.items()) if len(self.children) <= FEW_NAMES else None

    def below(self, value: Any, hits: list[Hit], seen: Seen = None) -> None:
        """Go on to the places below a value; `seen` is a set inside an array."""
        if type(value) is dict:
            few = self.few
            for name, node in self._named(value) if few is None else few:
                if name in value:
                    node.at(value[name], hits, seen)
        else:
            self._below_odd(value, hits, seen)

    def _below_odd(self, value: Any, hits: list[Hit], seen: Seen) -> None:
        """Go on below an array, or an object that is no plain `dict`."""
        if kind(value) is Kind.OBJECT:
            for name, node in self.children.copy().items():
                member = value.get(name, MISSING)
                if member is not MISSING:
                    node.at(member, hits, seen)
        elif kind(value) is Kind.ARRAY:
            seen = set() if seen is None else seen
            for element in elements(value):
                if kind(element) is Kind.OBJECT:
                    self.below(element, hits, seen)

    def _named(self, value: dict[str, Any]) -> tuple[tuple[str, Node], ...]:
        """Return those of many places below that an object has a member for."""
        children = self.children
        return tuple((name, child) for name in value if (child := children.get(name)) is not None)

    def at(self, value: Any, hits: list[Hit], seen: Seen) -> None:
        """Ask the fields for this place about a value, and go on below it."""
        for field in self.fields:
            field.collect(value, hits, seen)
        if self.children:
            self.below(value, hits, seen)


def elements(array: Any) -> Iterable[Any]:
    """Yield everything in an array, at any depth of arrays, that is no array."""
    stack = [iter(array)]
    while stack:
        for element in stack[-1]:
            if kind(element) is Kind.ARRAY:
                stack.append(iter(element))
                break
            yield element
        else:
            stack.pop()
