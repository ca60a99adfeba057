"""Places: the paths of a query, seen from the record, with what a quantifier's variable stands for written out.

`any x in P: (x.b == 1)` asks about `P[*].b`, and `any x of P: (x == 1)` about the values at `P` that are no arrays, which no path of the
language can say: `Leaf` does. A maintainer keeps one rule: places are for reasoning and are never resolved in a record.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from megaql.lang.nodes import Count, Deep, Each, Key, Node, Path, Quantified, Root
from megaql.lang.record import MEGA_EVENT_FIELDS
from megaql.lang.tree import AnyNode, children, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from megaql.lang.nodes import Clause, Value

T = TypeVar("T", bound=AnyNode)


class Form(Enum):
    """Which records a search is about."""

    ANY = "all, since no path has another meaning in a MEGA event"
    OTHER = "those that are no MEGA events"
    EVENT = "MEGA events, with the paths that their attributes are kept at"


@dataclass(frozen=True, slots=True)
class Leaf(Each):
    """The value at a place that is no array: itself, or something in it at any depth of arrays."""


@dataclass(frozen=True, slots=True)
class Element(Each):
    """An element of the array at a place: `[*]`, but a quantifier over such a place looks into it, as it does with a variable."""


@dataclass(frozen=True, slots=True)
class Visited(Each):
    """One of the values that a path ending in `**` leads to. What such a value lacks is missing, as it is of any variable."""


#: The variable that stands for the value at the place of a test when the evaluator is asked about it.
VALUE: Final = Path((Key("value"),), Root.VARIABLE)

#: The same for any number of values, which the variable holds in a list.
PROBE: Final = Path((Key("value"), Each()), Root.VARIABLE)


def element_of(node: Quantified | Count) -> Path:
    """Return the place of what the quantifier's variable stands for."""
    path = node.path
    if node.spread:
        # A value that is no array is its own only one.
        own = path.segments[-1:] == (Leaf(),)
        return path if own else dataclasses.replace(path, segments=(*path.segments, Leaf()))
    if leads_to_elements(path):
        return dataclasses.replace(path, segments=(*path.segments, Visited())) if path.segments[-1] == Deep() else path
    return dataclasses.replace(path, segments=(*path.segments, Element()))


def as_written(place: Path) -> Path:
    """Return a place with `[*]` for each element of an array, so that two places of the same values are equal."""
    if not any(isinstance(segment, Element) for segment in place.segments):
        return place
    return Path(tuple(Each() if isinstance(one, Element) else one for one in place.segments), place.root)


def leads_to_elements(path: Path) -> bool:
    """Say whether a quantifier takes what a path leads to as elements already, because it ends in `[*]` or `**`."""
    return bool(path.segments) and type(path.segments[-1]) in {Each, Deep}


def substitute(node: T, variable: str, place: Path) -> T:
    """Put a place in for a variable."""

    def change(path: Path) -> Value:
        if path.root is not Root.VARIABLE or path.segments[0] != Key(variable):
            return path
        return Path((*place.segments, *path.segments[1:]), place.root)

    return rewrite(node, change, variable)


def rewrite(node: T, change: Callable[[Path], Value], bound: str | None = None) -> T:
    """Return a tree with its paths changed, except below a quantifier that binds the variable `bound` anew."""
    if isinstance(node, Path):
        return cast("T", change(node))
    inside: dict[str, object] = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if field.name == "condition" and getattr(node, "variable", None) == bound:
            continue
        if isinstance(value, Node):
            inside[field.name] = rewrite(cast("AnyNode", value), change, bound)
        elif isinstance(value, tuple):
            inside[field.name] = tuple(rewrite(item, change, bound) for item in value)
    return dataclasses.replace(node, **cast("Any", inside)) if inside else node


def replace_value(node: T, old: Value, new: Value) -> T:
    """Return a tree with one value put in the place of another, wherever it stands."""
    if node == old:
        return cast("T", new)
    inside: dict[str, object] = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            inside[field.name] = replace_value(cast("AnyNode", value), old, new)
        elif isinstance(value, tuple) and not isinstance(node, Path):
            inside[field.name] = tuple(replace_value(item, old, new) for item in value)
    return dataclasses.replace(node, **cast("Any", inside)) if inside else node


def paths_in(node: AnyNode) -> Iterator[Path]:
    """Yield the paths of a tree that start at the record, outermost first; those of unbound variables too."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Path):
            yield current
        stack.extend(children(current))


def canonical(path: Path) -> Path:
    """Return the place that a body path names in a MEGA event: `event.x` is `event.attributes.x` for an `x` that is no field.

    So it is for a variable that stands for `event`.
    """
    segments = path.segments
    if path.root is Root.BODY and segments and segments[0] == Key("event"):
        at = next((number for number, one in enumerate(segments[1:], 1) if not isinstance(one, Leaf)), len(segments))
        match segments[at:]:
            case (Key(name), *_) if name not in MEGA_EVENT_FIELDS:
                return Path((*segments[:at], Key("attributes"), *segments[at:]))
    return path


def has_two_names(clause: Clause) -> bool:
    """Say whether a clause means something else in a MEGA event, because of a path to an attribute or a variable for `event`."""
    return any(
        canonical(node) != node if isinstance(node, Path) else element_of(node).segments[:2] == (Key("event"), Leaf())
        for node in walk(clause)
        if isinstance(node, Path | Quantified | Count)
    )
