"""Where the paths of a query lead in what a service sees, and what the query itself says of the things on the way.

A maintainer keeps two rules. A path may lead to several places (`event.x` of a MEGA event was published as `event.x` or as
`event.attributes.x`), and a policy must try all of them. And what is not known to be a single value may be an array: only the query's own words
(`a is object`, `@kind == "mega"`), a service's contract or the caller's promise say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.convert.exporting.branches import Flat, Place, Step, keys
from megaql.convert.exporting.values import Cannot
from megaql.lang.nodes import (
    Compare,
    Comparison,
    Each,
    Index,
    IsKind,
    Key,
    KindName,
    Path,
    Root,
    String,
)
from megaql.lang.record import MEGA_EVENT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from megaql.convert.exporting.target import Target
    from megaql.lang.nodes import Clause


class Wanted(NamedTuple):
    """A clause and the verdict it must have: MATCH, or NO_MATCH where `holds` is false."""

    clause: Clause
    holds: bool


class Found(NamedTuple):
    """The places of a path. `why` says why a field there is not yet what the path leads to, and is empty if it is."""

    places: tuple[Place, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a clause is looked at with: the service, the variables' places, what is known not to be an array.

    `flat` also knows what other clauses say, `certain` only what holds without them.
    """

    target: Target
    flat: Flat
    certain: Flat
    mega: bool = False
    variables: Mapping[str, Found] = field(default_factory=dict)
    binders: Iterator[int] = field(default_factory=lambda: count(1))

    def find(self, path: Path) -> Found:
        """Return the places of a path of the document or of a variable; `Cannot` for one that a policy cannot follow."""
        names, why = _names(path)
        if path.root is Root.ENVELOPE:
            return Found((self._in_envelope(names),), why)
        if path.root is Root.VARIABLE:
            start = self.variables[names[0]]
            places = tuple((*place, *map(Step, names[1:])) for place in start.places)
            why = start.why or why
        elif self.target.body is None:
            raise Cannot("the policy sees message attributes only")
        else:
            places = (self.target.place(names),)
        spelled = tuple(dict.fromkeys(way for place in places for way in self._spellings(place)))
        if len(spelled) > 1 and not self.mega:
            why = why or "only in a MEGA event are event.x and event.attributes.x one attribute"
        return Found(spelled, why)

    def _in_envelope(self, names: tuple[str, ...]) -> Place:
        field, *rest = names
        before = self.target.envelope.get(field)
        if before is None:
            raise Cannot(f"{self.target.dialect.service} does not see @{field}")
        if len(rest) != (field == "attributes"):
            raise Cannot(f"@{'.'.join(names)} is no plain value")
        return tuple(map(Step, (*before, *rest)))

    def is_filled_in(self, place: Place) -> bool:
        """Say whether a missing field counts as 1: a MEGA event has these versions where the publisher sent none."""
        body = self.target.body
        return body is not None and keys(place)[len(body) :] in _VERSIONS and keys(place)[: len(body)] == body

    def _spellings(self, place: Place) -> tuple[Place, ...]:
        """Return the ways in which a publisher may have sent an attribute of a MEGA event; one way for any other place."""
        start = len(self.target.body or ())
        match keys(place)[start:]:
            case ("event", "attributes", name, *_) if name not in MEGA_EVENT_FIELDS:
                return (place, place[: start + 1] + place[start + 2 :])
            case ("event", name, *_) if name not in MEGA_EVENT_FIELDS:
                return (place, (*place[: start + 1], Step("attributes"), *place[start + 1 :]))
        return (place,)


_VERSIONS: Final = (("event", "version"), ("object", "version"))


def _names(path: Path) -> tuple[tuple[str, ...], str]:
    """Return a path's keys; an index is left out, for a policy looks at every element."""
    names: list[str] = []
    why = ""
    for segment in path.segments:
        match segment:
            case Key(name):
                names.append(name)
            case Index() | Each():
                why = "a policy cannot ask for elements by their place, nor whether something is an array"
            case _:
                raise Cannot("a policy cannot search at any depth")
    for name in names if path.root is not Root.ENVELOPE else ():
        if "." in name or name == "$or" or not name or any("\ud800" <= char <= "\udfff" for char in name):
            raise Cannot(f"a policy cannot name the key {name!r}")
    if not isinstance(path.segments[0], Key):
        raise Cannot("a policy sees objects only, not an array as the whole body")
    return tuple(names), why


# What a query says of its paths

#: What the protocol says of an event: these are objects or null, and those are plain values or null.
_MEGA_OBJECTS: Final = (
    ("event",),
    ("event", "attributes"),
    ("object",),
    ("object", "current"),
    ("object", "previous"),
)
_MEGA_SCALARS: Final = (
    *(("event", name) for name in sorted(MEGA_EVENT_FIELDS - {"attributes"})),
    *(("object", name) for name in ("id", "type", "version")),
    ("protocol",),
    ("version",),
)


def informed(scope: Scope, wanted: Iterable[Wanted]) -> Scope:
    """Return the scope with what clauses that all have to hold say of their paths."""
    facts = list(wanted)
    mega = scope.mega or any(_is_mega(one) for one in facts)
    flat = scope.flat
    if mega and not scope.mega and scope.target.body is not None:
        flat = flat.plus(Flat(map(scope.target.place, _MEGA_OBJECTS), map(scope.target.place, _MEGA_SCALARS)))
    scope = replace(scope, flat=flat, mega=mega)
    kinds = [
        (one.clause.value, one.clause, one.clause.negated is one.holds)
        for one in facts
        if isinstance(one.clause, IsKind) and isinstance(one.clause.value, Path)
    ]
    for path, clause, negated in sorted(kinds, key=lambda known: len(known[0].segments)):
        scope = _learn(scope, path, clause.kind, negated=negated)
    return scope


def _is_mega(wanted: Wanted) -> bool:
    match wanted.clause:
        case Compare(Comparison.EQ, Path((Key("kind"),), Root.ENVELOPE), String("mega", False)):
            return wanted.holds
    return False


def _learn(scope: Scope, path: Path, kind: KindName, *, negated: bool) -> Scope:
    try:
        found = scope.find(path)
    except Cannot:
        return scope
    if not all(isinstance(segment, Key) for segment in path.segments):
        return scope
    places = tuple(place for place in found.places if scope.flat.is_single(place))
    if not negated:
        flat = kind is not KindName.ARRAY
        scalar = flat and kind is not KindName.OBJECT
    else:
        flat = kind is KindName.ARRAY
        scalar = kind is KindName.OBJECT and all(map(scope.flat.is_flat, places))
    known = Flat(places if flat else (), places if scalar else ())
    return replace(scope, flat=scope.flat.plus(known))
