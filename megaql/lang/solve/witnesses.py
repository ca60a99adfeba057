"""Records made of chains, and shown to the evaluator.

Chains that ask different things of one place need an array there. A maintainer keeps one rule: nothing is a witness before the
evaluator, on the clauses as they were given, has said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.budget import Budget
from megaql.lang.evaluator import evaluate
from megaql.lang.kinds import Kind, kind
from megaql.lang.nodes import Each, Index, Key, Path, Root
from megaql.lang.paths import resolve
from megaql.lang.record import MISSING, Record
from megaql.lang.solve.chains import Chain
from megaql.lang.solve.places import Leaf

if TYPE_CHECKING:
    from megaql.lang.solve.chains import Places
    from megaql.lang.solve.demands import Demand
    from megaql.lang.solve.trees import Segment

#: Objects inside one another that are put together member by member, most first; what lies deeper and differs becomes an array.
_DEPTHS: Final = (64, 1, 0)

#: What a MEGA event has at least.
_EVENT: Final[dict[str, object]] = {
    "protocol": "mega",
    "version": 1,
    "event": {"name": "x", "timestamp": "2026-01-01T00:00:00Z", "version": 1},
}


def confirmed(demands: Sequence[Demand], chains: Sequence[Chain], places: Places, *, mega: bool) -> Record | None:
    """Return a record made of chains on which all demands hold, `None` where none was found."""
    for record in _records(chains, mega=mega):
        if all(evaluate(clause, record, now=places.now) in want.value for clause, want in demands) and (
            places.arrays or not _meets_array(places, record)
        ):
            return record
    return None


def _records(chains: Sequence[Chain], *, mega: bool) -> Iterator[Record]:
    """Yield records to try, those that a payload gives first."""
    envelope = {name: plain(value) for one in chains for name, value in one.envelope.items()}
    bodies = [_body(one) for one in chains] or [{}]
    for depth in _DEPTHS if len(bodies) > 1 else _DEPTHS[:1]:
        body: object = MISSING
        for one in bodies:
            body = merged(body, one, depth)
        body = plain(body)
        if mega or envelope.get("kind") == "mega":
            yield Record(_event(body), {**envelope, "kind": "mega"}, mega=True)
        elif body is MISSING or envelope.get("kind") in ("text", "blob") or "body" in envelope:
            yield Record(MISSING, {"kind": "text" if "body" in envelope else "blob", **envelope})
        else:
            yield Record(body, {"kind": "data", **envelope})
        yield Record({} if body is MISSING else body, envelope)


def _event(body: object) -> object:
    """Return a body as a MEGA event in canonical form, with what the protocol asks for where nothing else stands."""
    return filled(body, _EVENT) if isinstance(body, dict) else body


def filled(value: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with the members of another one where it has none of its own."""
    inside = {
        name: filled(value[name], of) if isinstance(value.get(name), dict) and isinstance(of, dict) else of
        for name, of in by.items()
        if name not in value or isinstance(value[name], dict)
    }
    return {**by, **value, **inside}


def _body(one: Chain) -> object:
    body = one.body
    for path, value in one.deep:
        if value is not MISSING:
            body = merged(body, _at(path, value), _DEPTHS[0])
    return body


def _at(path: Path, value: object) -> object:
    """Return the smallest document in which a path with `**` finds a value."""
    for segment in reversed(path.segments):
        match segment:
            case Key(name):
                value = {name: value}
            case Leaf():
                continue
            case Each():
                value = [value]
            case Index(position):
                value = [value] * (position + 1 if position >= 0 else -position)
    return value


def merged(one: object, other: object, depth: int, along: Sequence[Segment] = ()) -> object:
    """Put two values together: members of objects by name down to a depth, everything else that differs into an array.

    Arrays at the places `along` the path to one element are put together element by element.
    """
    if one is MISSING or other is MISSING:
        return other if one is MISSING else one
    if isinstance(one, dict) and isinstance(other, dict) and depth > 0:
        both = {
            name: merged(value, other.get(name, MISSING), depth - 1, along[1:] if along[:1] == (Key(name),) else ())
            for name, value in one.items()
        }
        return {**other, **both}
    if type(one) is type(other) and one == other:
        return one
    if isinstance(one, list) and isinstance(other, list) and along and one and other:
        inner = along[1:] if isinstance(along[0], Each) else along
        return [merged(one[0], other[0], depth, inner), *one[1:], *other[1:]]
    return [*(one if isinstance(one, list) else [one]), *(other if isinstance(other, list) else [other])]


def together(chains: Sequence[Chain], place: Path) -> Chain:
    """Return chains that go through the same element at a place as one."""
    body: object = MISSING
    envelope: dict[str, object] = {}
    for one in chains:
        body = merged(body, one.body, _DEPTHS[0], place.segments)
        envelope |= one.envelope
    return Chain(body, envelope, tuple(found for one in chains for found in one.deep))


def plain(value: object) -> object:
    """Return a value as JSON would give it: a `Decimal` that a double can hold is one."""
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, Decimal) and value.is_finite():
        if value == value.to_integral_value() and abs(value) < 2**53:
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else value
    return value


def _meets_array(places: Places, record: Record) -> bool:
    """Say whether a path of the clauses meets an array that they do not ask for."""
    for place in places.seen():
        for path in _on_the_way(place):
            if path in places.asked:
                continue
            if any(kind(found.value) is Kind.ARRAY for found in resolve(path, record, {}, Budget())):
                return True
    return False


def _on_the_way(place: Path) -> Iterable[Path]:
    segments = tuple(segment for segment in place.segments if not isinstance(segment, Leaf))
    for length in range(0 if place.root is Root.BODY else 1, len(segments) + 1):
        yield Path(segments[:length], place.root)
