"""What EventBridge patterns, SNS filter policies and event-source filters can say, as frozen, comparable values.

A pattern is a tree of `Fields`; at its leaves stand matchers, of which one has to hold. A maintainer keeps two rules. A matcher is about one
value of one kind: text matchers hold for strings only and `Numeric` for numbers only. And Python's equalities must not leak in:
`Exact(True)` is not `Exact(1)`, while `Exact(1)` is `Exact(Decimal("1.0"))`.

The aws/event-ruler README defines the meaning of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal

Comparison = Literal["=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """`"x"`, `1`, `true`, `null`: the value itself; a number by its value, however it is written."""

    value: bool | str | int | Decimal | None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Exact):
            return NotImplemented
        return isinstance(self.value, bool) is isinstance(other.value, bool) and self.value == other.value

    def __hash__(self) -> int:
        return hash((isinstance(self.value, bool), self.value))


@dataclass(frozen=True, slots=True)
class Prefix:
    """`{"prefix": "x"}`; with `fold`, `{"prefix": {"equals-ignore-case": "x"}}`."""

    text: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Suffix:
    """`{"suffix": "x"}`; with `fold`, `{"suffix": {"equals-ignore-case": "x"}}`."""

    text: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class EqualsIgnoreCase:
    """`{"equals-ignore-case": "x"}`."""

    text: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    r"""`{"wildcard": "a*b"}`: `*` is any run of characters, `\*` and `\\` are themselves."""

    text: str


@dataclass(frozen=True, slots=True)
class Numeric:
    """`{"numeric": [">", 0, "<=", 5]}`: every bound holds. One bound, or a lower and then an upper one."""

    bounds: tuple[tuple[Comparison, int | Decimal], ...]


@dataclass(frozen=True, slots=True)
class Cidr:
    """`{"cidr": "10.0.0.0/8"}`: a string that is an address in the network."""

    text: str


@dataclass(frozen=True, slots=True)
class Exists:
    """`{"exists": true}`: there is a leaf, a value that is no object and no array; `false`: there is none."""

    present: bool


Excluded = Exact | Prefix | Suffix | EqualsIgnoreCase | Wildcard


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """`{"anything-but": …}`: there is a leaf that none of these holds for. One or more, all of one class."""

    of: tuple[Excluded, ...]


Matcher = Exact | Prefix | Suffix | EqualsIgnoreCase | Wildcard | Numeric | Cidr | Exists | AnythingBut


@dataclass(frozen=True, slots=True)
class Fields:
    """What an object has to have: every member, and with `$or` one of the alternatives.

    A member is a name with the `Fields` of the object there, or with one or more matchers for the value there. There is at least one
    member or alternative. `alternatives` are empty or two or more. Of a path that a member and an alternative both say, the last in the
    pattern's order counts: `$or` stands behind so many `members_before` it, `None` being all of them.
    """

    members: tuple[tuple[str, Fields | tuple[Matcher, ...]], ...]
    alternatives: tuple[Fields, ...] = ()
    members_before: int | None = None
