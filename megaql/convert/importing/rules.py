"""What a pattern asks of the leaves of a document, as a formula over paths.

A leaf is a value that is no object and no array; event-ruler knows nothing else of a document. It takes leaves one after the other, in the order
of their names, and none from another element of an array than the ones before. So where a leaf is asked for, it may be any that stands beside
those taken; and where none may be, that is asked only beside the leaves whose names come before. `Absent.beside` says how much of its way those
have settled, which is what the order of names comes to.

A maintainer keeps one rule: a formula is equivalent to what event-ruler expands the pattern to (`terms`), and stays as short as the pattern was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Final, TypeAlias

from megaql.convert.matchers import Exists, Fields, Matcher
from megaql.errors import ConvertError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.convert.dialects import Dialect

Keys: TypeAlias = tuple[str, ...]

#: The most conditions that are looked at, over all combinations of alternatives together.
MAX_LOOKED_AT: Final = 200_000
#: The most keys with a dot in one path, each of which is read in two ways.
MAX_DOTTED_KEYS: Final = 6


# Compared by identity: the same words at two places are two conditions.
@dataclass(frozen=True, slots=True, eq=False)
class Some:
    """There is a leaf at a path for which one of the matchers holds."""

    path: Keys
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Absent:
    """There is no leaf at a path beside what is taken already, which settles its first `beside` keys."""

    path: Keys
    beside: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class All:
    """Every item holds, and the leaves they take stand beside each other."""

    items: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False)
class One:
    """One of the items holds."""

    items: tuple[Formula, ...]


Atom: TypeAlias = Some | Absent
Formula: TypeAlias = "Some | Absent | All | One"


def formula(fields: Fields, dialect: Dialect) -> Formula:
    """Return what a pattern asks; raises `ConvertError` for one that comes to too many rules.

    Where a service has no nested patterns, a dot in a key is no more than a character.
    """
    said = _fields(fields, ())
    leaves = sum(1 for _ in atoms(said))
    dots = max(sum("." in key for key in atom.path) for atom in atoms(said))
    if _size(said) * leaves > MAX_LOOKED_AT or dots > MAX_DOTTED_KEYS:
        raise ConvertError(
            "The pattern is too large for one query.",
            why=f"it has {leaves:,} conditions and its alternatives combine to {_size(said):,} rules",
            hint="split it into several patterns",
        )
    combinations = list(terms(said))
    kept = [_last(term) for term in combinations]
    settled = _settled(said, combinations) if kept == combinations else _written_out(list(dict.fromkeys(kept)))
    return _without_dots(settled) if dialect.nested else settled


def _last(term: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """Keep what is said last of each path, as event-ruler does."""
    return tuple({name(atom): atom for atom in term}.values())


def atoms(said: Formula) -> Iterator[Atom]:
    """Yield what a formula asks of single paths, in its order."""
    match said:
        case All(items) | One(items):
            for item in items:
                yield from atoms(item)
        case _:
            yield said


def name(atom: Atom) -> str:
    """Return the name by which event-ruler knows a path."""
    return ".".join(atom.path)


def _fields(fields: Fields, path: Keys) -> Formula:
    items: list[Formula] = []
    for key, rule in fields.members:
        at = (*path, key)
        items.append(_fields(rule, at) if isinstance(rule, Fields) else _leaf(at, rule))
    if fields.alternatives:
        before = len(items) if fields.members_before is None else fields.members_before
        items.insert(before, _either(tuple(_fields(alternative, path) for alternative in fields.alternatives)))
    return _every(tuple(items))


def _leaf(path: Keys, matchers: tuple[Matcher, ...]) -> Formula:
    present = tuple(matcher for matcher in matchers if matcher != Exists(present=False))
    if len(present) == len(matchers):
        return Some(path, matchers)
    return _either((Absent(path), Some(path, present))) if present else Absent(path)


def _every(items: tuple[Formula, ...]) -> Formula:
    flat = tuple(part for item in items for part in (item.items if isinstance(item, All) else (item,)))
    return flat[0] if len(flat) == 1 else All(flat)


def _either(items: tuple[Formula, ...]) -> Formula:
    flat = tuple(part for item in items for part in (item.items if isinstance(item, One) else (item,)))
    return flat[0] if len(flat) == 1 else One(flat)


def terms(said: Formula) -> Iterator[tuple[Atom, ...]]:
    """Yield the rules without alternatives that a formula comes to, each as what has to hold together."""
    match said:
        case All(items):
            for chosen in product(*(list(terms(item)) for item in items)):
                yield tuple(atom for part in chosen for atom in part)
        case One(items):
            for item in items:
                yield from terms(item)
        case _:
            yield (said,)


def _size(said: Formula) -> int:
    match said:
        case All(items):
            size = 1
            for item in items:
                size *= _size(item)
            return size
        case One(items):
            return sum(map(_size, items))
        case _:
            return 1


def _settled(said: Formula, combinations: list[tuple[Atom, ...]]) -> Formula:
    """Give each `Absent` the keys that are settled before it; where that depends on the alternative, write all of them out."""
    settled: dict[Absent, set[int]] = {}
    for term in combinations:
        for atom in term:
            if isinstance(atom, Absent):
                settled.setdefault(atom, set()).add(_beside(atom, term))
    if all(len(counts) == 1 for counts in settled.values()):
        return _with_beside(said, {atom: counts.pop() for atom, counts in settled.items()})
    return _written_out(combinations)


def _written_out(combinations: list[tuple[Atom, ...]]) -> Formula:
    """Return the formula that one of the rules holds."""
    return _either(
        tuple(
            _every(
                tuple(replace(atom, beside=_beside(atom, term)) if isinstance(atom, Absent) else atom for atom in term)
            )
            for term in combinations
        )
    )


def _beside(absent: Absent, term: tuple[Atom, ...]) -> int:
    before = (atom.path for atom in term if isinstance(atom, Some) and _order(atom) < _order(absent))
    return max((_shared(absent.path, path) for path in before), default=0)


def _order(atom: Atom) -> bytes:
    """Names come in the order of their UTF-16 code units, as Java sorts text."""
    return name(atom).encode("utf-16-be", errors="surrogatepass")


def _shared(one: Keys, other: Keys) -> int:
    """Return how many keys two paths have in common, of those that lead to objects."""
    count = 0
    for left, right in zip(one[:-1], other[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count


def _with_beside(said: Formula, settled: dict[Absent, int]) -> Formula:
    match said:
        case All(items):
            return All(tuple(_with_beside(item, settled) for item in items))
        case One(items):
            return One(tuple(_with_beside(item, settled) for item in items))
        case Absent():
            return replace(said, beside=settled[said])
        case _:
            return said


def _without_dots(said: Formula) -> Formula:
    """Read a key with dots both ways, as one key and as a path: event-ruler joins keys with dots and cannot tell them apart."""
    match said:
        case All(items):
            return _every(tuple(map(_without_dots, items)))
        case One(items):
            return _either(tuple(map(_without_dots, items)))
        case Some():
            return _either(tuple(replace(said, path=sum(way, ())) for way in _ways(said.path)))
        case Absent():
            return _every(
                tuple(Absent(sum(way, ()), sum(len(keys) for keys in way[: said.beside])) for way in _ways(said.path))
            )


def _ways(path: Keys) -> Iterator[tuple[Keys, ...]]:
    """Yield the readings of a path, each as the keys that stand for each of its own."""
    return product(*(((key,), tuple(key.split("."))) if "." in key else ((key,),) for key in path))
