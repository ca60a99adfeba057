"""The walk through a trie of places as source of its own, which is generated once the trie has stayed as it is for a while.

A maintainer keeps two rules. A walk finds what `Node.below` finds, and leaves to it, or to a field, whatever is not an object, a string or an
integer of Python's own classes. And a walk belongs to one state of the trie: who changes that begins a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.lang.compiler.unit import Unit
from megaql.lang.record import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from megaql.router.fields import Field
    from megaql.router.trie import Node
    from megaql.router.ways import Hit

#: Messages after which what stayed as it is gets a function: making one takes as long as some hundred messages.
TRIED: Final = 200

#: Places in one function, and their names one below the other, at most.
PLACES: Final = 64
DEPTH: Final = 16

#: What generated source calls the list of what was hit, and `MISSING`.
HITS: Final = "hits"
NAMES: Final[Mapping[str, object]] = {"M": MISSING}


class Walk:
    """The way through one trie in one state. Any number of threads may walk at once; those that race make the function twice."""

    __slots__ = ("_asked", "down", "root")

    def __init__(self, root: Node) -> None:
        self.root = root
        self._asked = 0
        #: `(value, hits)` puts what a value leads to into the list.
        self.down: Callable[[Any, list[Hit]], None] = self._at_first

    def _at_first(self, value: Any, hits: list[Hit]) -> None:
        self._asked += 1
        if self._asked >= TRIED:
            self.down = generate(self.root)
            self.down(value, hits)
        else:
            self.root.below(value, hits)


def generate(root: Node) -> Callable[[Any, list[Hit]], None]:
    """Return a function that does what `root.below` does as long as the trie stays as it is."""
    unit = Unit(NAMES)
    lines = WalkWriter(unit, {}).below(root, "value", ())
    unit.add("\n".join([f"def down(value, {HITS}):", *indented(lines)]))
    return unit.compile("down")


def indented(lines: list[str]) -> list[str]:
    """Return the lines of a block."""
    return [f"    {line}" for line in lines or ["pass"]]


class WalkWriter:
    """Writes the lines of a walk.

    `named` are the places whose value has a name wherever the place above is an object. `at_hit` returns what is done with what one
    value led to, before it goes into the list.
    """

    def __init__(
        self, unit: Unit, named: Mapping[tuple[str, ...], str], at_hit: Callable[[str], list[str]] = lambda _: []
    ) -> None:
        self._unit = unit
        self._named = named
        self._at_hit = at_hit
        self._places = 0

    def below(self, node: Node, value: str, path: tuple[str, ...]) -> list[str]:
        """Return what goes on from a value to the places below it."""
        general = f"{self._unit.constant(node.below)}({value}, {HITS})"
        if not node.few:  # there are very many, or none
            return [general] if node.few is None else []
        lines = [f"if type({value}) is dict:"]
        for name, child in node.few:
            member = self._named.get((*path, name))
            asked = member
            if member is None:
                member = self._unit.fresh("v")
                asked = f"({member} := {value}.get({self._unit.constant(name)}, M))"
            block = [f"if {asked} is not M:", *indented(self._at(child, member, (*path, name)))]
            lines += indented(block)
        return [*lines, f"elif type({value}) is not str:", f"    {general}"]

    def _at(self, node: Node, value: str, path: tuple[str, ...]) -> list[str]:
        """Return what asks about a value, and goes on below it."""
        self._places += 1
        if self._places > PLACES or len(path) > DEPTH:
            return [f"{self._unit.constant(node.at)}({value}, {HITS}, None)"]
        asked = [line for field in node.fields for line in self._ask(field, value)]
        return asked + self.below(node, value, path)

    def _ask(self, field: Field, value: str) -> list[str]:
        """Return what looks a value up, where that is all there is to ask; the rest is the field's."""
        collect = f"{self._unit.constant(field.collect)}({value}, {HITS}, None)"
        equal = field.only_equal()
        if equal is None:
            return [collect]
        bucket = self._unit.fresh("b")
        return [
            f"if type({value}) is str or type({value}) is int:",
            f"    if ({bucket} := {self._unit.constant(equal.buckets.get)}({value})) is not None:",
            *indented(indented([*self._at_hit(bucket), f"{HITS}.append({bucket})"])),
            "else:",
            f"    {collect}",
        ]
