"""Records made of chains, and shown to the evaluator.

Chains that ask different things of one place need an array there. A maintainer keeps one rule: nothing is a witness before the
evaluator, on the clauses as they were given, has said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice, product
from typing import TYPE_CHECKING, Any, Final

from megaql.lang.budget import Budget
from megaql.lang.evaluator import evaluate
from megaql.lang.kinds import Kind, kind
from megaql.lang.nodes import Each, Index, Key, Path, Root
from megaql.lang.paths import resolve
from megaql.lang.record import MISSING, Record
from megaql.lang.solve.chains import Chain
from megaql.lang.solve.places import Form, Leaf, Visited, as_written

if TYPE_CHECKING:
    from megaql.lang.solve.chains import Places
    from megaql.lang.solve.demands import Demand
    from megaql.lang.solve.trees import Segment

#: Objects inside one another that are put together member by member at most.
_DEPTH: Final = 64

#: How chains are put together, the most natural first: down to which depth member by member, and whether arrays become elements of one.
_MERGES: Final = ((_DEPTH, False), (_DEPTH, True), (1, False), (0, False))


#: What a MEGA event has at least.
_EVENT: Final[dict[str, object]] = {
    "protocol": "mega",
    "version": 1,
    "event": {"name": "x", "timestamp": "2026-01-01T00:00:00Z", "version": 1},
}


def confirmed(
    demands: Sequence[Demand],
    chains: Sequence[Chain],
    places: Places,
    counts: Sequence[tuple[Path, int]],
    *,
    form: Form,
) -> Record | None:
    """Return a record made of chains on which all demands hold, `None` where none was found.

    `counts` says how many elements like the one that a chain goes through should stand at a place.
    """
    for record in _records(chains, counts, form=form):
        if _holds(demands, record, places):
            return record
    made = next(_records(chains, counts, form=form), None)
    tried = () if made is None else filled_in(places, made)
    return next((record for record in tried if _holds(demands, record, places)), None)


def _holds(demands: Sequence[Demand], record: Record, places: Places) -> bool:
    return all(evaluate(clause, record, now=places.now) in want.value for clause, want in demands) and (
        places.arrays or not _meets_array(places, record)
    )


#: Values for paths that are compared with one another.
_SAMPLES: Final[tuple[object, ...]] = ("x", 1, 2, "y", True, ["x"], [])

#: Records that are tried with such values.
_FILLINGS: Final = 250


def filled_in(places: Places, record: Record) -> Iterator[Record]:
    """Yield the record with sample values at the places of tests that are understood only by trying."""
    free = [
        place
        for place in places.free()
        if place.root is Root.BODY and all(isinstance(one, Key) for one in place.segments)
    ]
    if not free or not isinstance(record.body, dict):
        return
    there = [
        found.value for place in free for found in resolve(place, record, {}, Budget()) if found.value is not MISSING
    ]
    samples = [*there, *_SAMPLES]
    for values in islice(product(samples, repeat=len(free)), _FILLINGS):
        body: object = record.body
        for place, value in zip(free, values, strict=True):
            body = _put(body, [one.name for one in place.segments if isinstance(one, Key)], value)
        yield Record(body, record.envelope, record.mega)


def _put(body: object, names: Sequence[str], value: object) -> object:
    if not names:
        return value
    members = body if isinstance(body, dict) else {}
    return {**members, names[0]: _put(members.get(names[0]), names[1:], value)}


#: Elements of an array that is made to be counted; a query that asks for more has no witness.
ELEMENTS: Final = 10_000


def _repeated(body: object, segments: Sequence[Segment], number: int) -> object:
    """Return a body with an array at a place repeated, so that it holds as many elements of a kind."""
    if not segments and isinstance(body, list):
        return body * number
    if segments and isinstance(body, dict) and isinstance(segments[0], Key) and segments[0].name in body:
        name = segments[0].name
        return {**body, name: _repeated(body[name], segments[1:], number)}
    return body


def _records(chains: Sequence[Chain], counts: Sequence[tuple[Path, int]], *, form: Form) -> Iterator[Record]:
    """Yield records to try, those that a payload gives first."""
    envelope = {name: plain(value) for one in chains for name, value in one.envelope.items()}
    bodies = [one.body for one in chains] or [{}]
    for depth, nest in _MERGES if len(bodies) > 1 else _MERGES[:1]:
        body: object = MISSING
        for one in bodies:
            body = merged(body, one, depth, nest=nest)
        for path, value in [found for one in chains for found in one.deep]:
            if value is not MISSING:
                body = _found_in(body, path, value)
        yield from _around(plain(body), envelope, form)
        for path, number in counts:
            body = _repeated(body, path.segments, number) if 1 < number <= ELEMENTS else body
        if counts:
            yield from _around(plain(body), envelope, form)


def _around(body: object, envelope: Mapping[str, object], form: Form) -> Iterator[Record]:
    """Yield records with a body as a payload gives them: a body and the kind that is said of it belong together."""
    kind_ = envelope.get("kind")
    if form is Form.EVENT or kind_ == "mega":
        if form is not Form.OTHER and kind_ in (None, "mega"):
            yield Record(_event(body), {**envelope, "kind": "mega"}, mega=True)
    elif body is MISSING or kind_ in ("text", "blob") or "body" in envelope:
        yield Record(MISSING, {"kind": "text" if "body" in envelope else "blob", **envelope})
    else:
        yield Record(body, {"kind": "data", **envelope})
        yield Record(body, envelope)


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


def _found_in(body: object, path: Path, value: object) -> object:
    """Return a body in which a path with `**` finds a value, beside what it finds already."""
    inner = _at(path, value)
    if isinstance(body, dict) and isinstance(inner, dict) and not body.keys().isdisjoint(inner):
        return {**body, "more": _found_in(body.get("more", MISSING), path, value)}
    return merged(body, inner, _DEPTH)


def _at(path: Path, value: object) -> object:
    """Return the smallest document in which a path with `**` finds a value."""
    for segment in reversed(path.segments):
        match segment:
            case Key(name):
                value = {name: value}
            case Leaf() | Visited():
                continue
            case Each():
                value = [value]
            case Index(position):
                value = [value] * (position + 1 if position >= 0 else -position)
    return value


def merged(one: object, other: object, depth: int, along: Sequence[Segment] = (), *, nest: bool = False) -> object:
    """Put two values together: members of objects by name down to a depth, everything else that differs into an array.

    Arrays at the places `along` the path to one element are put together element by element; with `nest` they become elements of one.
    """
    if one is MISSING or other is MISSING:
        return other if one is MISSING else one
    if isinstance(one, dict) and isinstance(other, dict) and depth > 0:
        both = {
            name: merged(
                value, other.get(name, MISSING), depth - 1, along[1:] if along[:1] == (Key(name),) else (), nest=nest
            )
            for name, value in one.items()
        }
        return {**other, **both}
    if type(one) is type(other) and one == other:
        return one
    if isinstance(one, list) and isinstance(other, list) and along and one and other:
        inner = along[1:] if isinstance(along[0], Each) else along
        return [merged(one[0], other[0], depth, inner), *one[1:], *other[1:]]
    if nest:
        return [one, other]
    return [*(one if isinstance(one, list) else [one]), *(other if isinstance(other, list) else [other])]


def together(chains: Sequence[Chain], place: Path) -> Chain:
    """Return chains that go through the same element at a place as one."""
    body: object = MISSING
    envelope: dict[str, object] = {}
    for one in chains:
        body = merged(body, one.body, _DEPTH, place.segments)
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
            if as_written(path) in places.asked:
                continue
            if any(kind(found.value) is Kind.ARRAY for found in resolve(path, record, {}, Budget())):
                return True
    return False


def _on_the_way(place: Path) -> Iterable[Path]:
    segments = tuple(segment for segment in place.segments if not isinstance(segment, Leaf | Visited))
    for length in range(0 if place.root is Root.BODY else 1, len(segments) + 1):
        yield Path(segments[:length], place.root)
