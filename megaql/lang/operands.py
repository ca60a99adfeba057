"""What the literals of a query stand for when they meet the values of a document.

A maintainer keeps one rule: where the literal decides how the other side is read (a date, `"x"i`), it becomes a class of its own here,
so that the comparison sees it in the value and needs no look at the node.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final, NamedTuple, assert_never

from megaql.lang.dates import Moment
from megaql.lang.kinds import CountRange, Folded, Kind, kind, number, text
from megaql.lang.nodes import (
    Boolean,
    Date,
    Duration,
    ListLiteral,
    Null,
    Number,
    Param,
    Regex,
    Size,
    String,
)
from megaql.lang.reasons import Reason
from megaql.lang.vocabulary import SIZE_UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.lang.nodes import Literal

#: Enough digits for any number a query may write, times any unit.
_EXACT: Final = Context(prec=1_100, Emax=999_999, Emin=-999_999)


def literal(node: Literal | Param) -> object:
    """Return the value of a literal; a parameter that nobody bound and a regex are values that cannot be known."""
    match node:
        case String(value, fold):
            return Folded(value.casefold()) if fold else value
        case Number(value) | Boolean(value) | Duration(value):
            return value
        case Null():
            return None
        case Date(value, date_only):
            return Moment(value, date_only)
        case Size(units, unit):
            scale = SIZE_UNITS[unit.lower()][1]
            return units * scale if isinstance(units, int) else _EXACT.multiply(units, Decimal(scale))
        case ListLiteral(items):
            return [literal(item) for item in items]
        case Param(name):
            return Reason((f"the parameter ${name} has no value",))
        case Regex():
            return Reason(("a regex is no value; it stands on the right of ~",))
        case _:
            assert_never(node)


class Options(NamedTuple):
    """A list literal made ready for `in`: scalars and casefolded texts to look up, and the rest to compare one by one."""

    scalars: frozenset[tuple[Kind, object]]
    folded: frozenset[str]
    others: tuple[object, ...]

    def every(self) -> Iterator[object]:
        """Yield all items as values, for what cannot be looked up."""
        yield from self.others
        yield from map(Folded, self.folded)
        yield from (value for _, value in self.scalars)


#: Items of list literals kept ready, all lists together; past it all are made anew. About 100 bytes each.
READY_ITEMS: Final = 1_000_000


class _Ready:
    """List literals kept ready, by identity: hashing ten thousand items for each message would cost more than it saves.

    Threads that race may count an item twice or not at all, which changes when lists are made anew and nothing else.
    """

    def __init__(self) -> None:
        self.lists: dict[int, tuple[ListLiteral, Options]] = {}
        self.items = 0

    def keep(self, node: ListLiteral, made: Options) -> None:
        if self.items > READY_ITEMS:
            self.lists.clear()
            self.items = 0
        self.lists[id(node)] = (node, made)
        self.items += len(node.items) + 1


_READY: Final = _Ready()


def options(node: ListLiteral) -> Options:
    """Return the items of a list literal, sorted by how they are looked up. Safe to call from many threads."""
    ready = _READY.lists.get(id(node))
    if ready is not None and ready[0] is node:
        return ready[1]
    items = [literal(item) for item in node.items]
    keys = [lookup_key(item) for item in items]
    made = Options(
        frozenset(key for key in keys if key is not None),
        frozenset(item.text for item in items if isinstance(item, Folded)),
        tuple(item for item, key in zip(items, keys, strict=True) if key is None and not isinstance(item, Folded)),
    )
    _READY.keep(node, made)
    return made


def lookup_key(value: object) -> tuple[Kind, object] | None:
    """Return what equal scalars have in common, `None` for values that must be compared.

    Equal numbers hash alike whatever their class, which Python promises for `int` and `Decimal`.
    """
    of = kind(value)
    if of is Kind.STRING and not isinstance(value, Folded):
        return of, text(value)
    if of is Kind.NUMBER and not isinstance(value, CountRange):
        exact = number(value)
        return None if exact is None else (of, exact)
    return (of, value) if of in {Kind.BOOLEAN, Kind.NULL} else None
