"""What must hold of single values for a query to match: the part of a query that an index can look up.

A maintainer keeps one rule: a requirement may ask too little, never too much. A message that meets none of the alternatives cannot match; one
that meets one is asked about the whole query. So a place stands for everything below the names of a path, positions in arrays left out,
and bounds count as inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from megaql.lang.nodes import Regex


class Place(NamedTuple):
    """Names that lead from the body, or from the envelope, to values."""

    names: tuple[str, ...]
    envelope: bool = False


class Word(Enum):
    """What `true`, `false` and `null` are looked up by: to Python `True` is 1."""

    TRUE = "true"
    FALSE = "false"
    NULL = "null"


#: What equal strings, numbers and words have in common. Equal numbers hash alike whatever their class.
Key: TypeAlias = "str | int | Decimal | Word"

#: What an interval ends at.
Bound: TypeAlias = "int | Decimal | str | datetime"


class Line(Enum):
    """What values are ordered along."""

    NUMBERS = "numbers"
    TEXTS = "texts"
    DATES = "dates"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value equals one of the keys."""

    place: Place
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class OneOfFolded:
    """A value is a string that is one of the texts once it is casefolded."""

    place: Place
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartsWith:
    """A value is a string that starts so."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class EndsWith:
    """A value is a string that ends so."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Finds:
    """A value is a string in which the regex is found."""

    place: Place
    regex: Regex


@dataclass(frozen=True, slots=True)
class Within:
    """A value lies between two bounds, of which `None` is none.

    With `joint`, one value need not lie between both: of several, one may be above `low` and another below `high`.
    """

    place: Place
    line: Line
    low: Bound | None
    high: Bound | None
    joint: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value, of whatever kind."""

    place: Place


Requirement: TypeAlias = OneOf | OneOfFolded | StartsWith | EndsWith | Finds | Within | Present

#: The requirements of an alternative that are used. Each is a level of the index.
LEVELS: Final = 6

#: Envelope fields that most messages of a queue have the same value of.
_COARSE: Final = frozenset({"kind", "format", "queue", "topic"})


def arranged(requirements: list[Requirement]) -> tuple[Requirement, ...]:
    """Return the requirements of one alternative in the order in which an index asks for them: the ones that few messages meet first.

    The order depends on them alone, so that a query is found again where it was put.
    """
    found = dict.fromkeys(_joined(requirements))
    others = {one.place for one in found if not isinstance(one, Present)}
    kept = [one for one in found if not (isinstance(one, Present) and one.place in others)]
    return tuple(sorted(kept, key=_rank)[:LEVELS])


def _joined(requirements: list[Requirement]) -> list[Requirement]:
    """Put a lower and an upper bound of the same place together: many queries have only one of them below a value's."""
    ends: dict[tuple[Place, Line], list[Within]] = {}
    rest: list[Requirement] = []
    for one in requirements:
        if isinstance(one, Within) and (one.low is None or one.high is None):
            ends.setdefault((one.place, one.line), []).append(one)
        else:
            rest.append(one)
    for (place, line), several in ends.items():
        lows = [one.low for one in several if one.low is not None]
        highs = [one.high for one in several if one.high is not None]
        low: Bound | None = max(lows, default=None)
        high: Bound | None = min(highs, default=None)
        rest.append(Within(place, line, low, high, joint=low is not None and high is not None))
    return rest


def _rank(requirement: Requirement) -> tuple[int, int]:
    place = requirement.place
    match requirement:
        case OneOf(keys=keys) if (place.envelope and place.names[0] in _COARSE) or all(
            isinstance(key, Word) for key in keys
        ):
            return 3, len(keys)
        case OneOf(keys=keys) | OneOfFolded(keys=keys):
            return 0, len(keys)
        case StartsWith(text=text) | EndsWith(text=text):
            return 1, -len(text)
        case Within(low=low, high=high):
            return (4 if low is None or high is None else 2), 0
        case Finds():
            return 2, 1
        case Present():
            return 5, 0
