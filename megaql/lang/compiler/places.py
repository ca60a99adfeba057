"""Where the paths of a clause lead, as Python expressions.

An expression gives the value, `M` where nothing is, and `ODD` where only the evaluator can tell. A maintainer keeps two rules. Nothing here ever
changes a document, so names are fetched with `get` from what is a `dict` and no class made from it. And a place has a name once its
expression has been evaluated for certain, so that what stands later fetches nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from megaql.lang.nodes import Index, Key, Root
from megaql.lang.record import MEGA_EVENT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from megaql.lang import nodes
    from megaql.lang.compiler.unit import Unit

#: The expression that a path starts at, and its names and positions.
Place: TypeAlias = tuple[str | int, ...]

#: Segments of the longest path that is followed here: each opens parentheses, and Python allows 200 of them.
LONGEST: Final = 16


class Head(NamedTuple):
    """What a generated function calls the record, the object in which a body's names are looked up, and the time."""

    record: str = "record"
    body: str = "body"
    now: str = "now"


class Places:
    """The places that one generated function fetches; `named` are those with a name by now."""

    def __init__(self, unit: Unit, head: Head, variables: Mapping[str, str], *, mega: bool) -> None:
        self.unit = unit
        self.head = head
        self.variables = variables
        self.mega = mega
        self.named: dict[Place, str] = {}

    def of(self, path: nodes.Path) -> Place | None:
        """Return the place of a path; `None` where only the evaluator can follow it."""
        steps: list[str | int] = []
        for segment in path.segments:
            match segment:
                case Key(name):
                    steps.append(name)
                case Index(position):
                    steps.append(position)
                case _:
                    return None
        if not 0 < len(steps) <= LONGEST:
            return None
        if path.root is Root.VARIABLE:
            variable = self.variables.get(str(steps[0]))
            return None if variable is None else (variable, *steps[1:])
        if path.root is Root.ENVELOPE:
            return (f"{self.head.record}.envelope", *steps)
        if not isinstance(steps[0], str):
            return None  # the body is an object here, or nothing
        if self.mega and steps[0] == "event" and isinstance((*steps, 0)[1], str) and steps[1] not in MEGA_EVENT_FIELDS:
            steps.insert(1, "attributes")
        return (self.head.body, *steps)

    def fetch(self, place: Place) -> tuple[str, str]:
        """Return the expression for what stands at a place, to be evaluated next, and the name it has from then on."""
        if len(place) == 1:
            return str(place[0]), str(place[0])
        if place not in self.named:
            source = self._member(place)
            self.named[place] = name = self.unit.fresh("v")
            return f"({name} := {source})", name
        return self.named[place], self.named[place]

    def _member(self, place: Place) -> str:
        first, holder = self.fetch(place[:-1])
        step = self.unit.constant(place[-1])
        if isinstance(place[-1], int):
            return f"element({first}, {step})"
        if first == self.head.body:
            return f"{holder}.get({step}, M)"
        return f"({holder}.get({step}, M) if type({first}) is dict else M if {holder} is M else step({holder}))"
