"""The values of a clause that are more than a path: defaults, functions, counts.

A maintainer keeps one rule: what cannot be known about a value (a function of something missing or of another kind) is `M` here. Operators take
both for UNKNOWN alike, and those that do not (`exists`, `??`) take paths alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from megaql.lang import nodes, operands
from megaql.lang.compiler.operators import NUMBERS, SINGLE, SIZED
from megaql.lang.compiler.reference import ODD
from megaql.lang.kinds import read_number
from megaql.lang.record import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.lang.compiler.places import Places

#: Fallbacks that have a class which generated tests know.
_PLAIN: Final = (str, int, bool, type(None), Decimal)


def fetch(places: Places, node: nodes.Value) -> tuple[str, str] | None:
    """Return the expression for a value, to be evaluated next, and its name from then on; `None` for what the evaluator must do."""
    match node:
        case nodes.Path():
            place = places.of(node)
            return None if place is None else places.fetch(place)
        case nodes.Default(path, fallback):
            return _default(places, path, operands.literal(fallback))
        case nodes.Call(function, (nodes.Path() as path,)) if function in _FUNCTIONS:
            fetched = fetch(places, path)
            return fetched and _named(places, f"{function}({fetched[0]})")
        case _:
            return None


def _default(places: Places, path: nodes.Path, fallback: object) -> tuple[str, str] | None:
    fetched = fetch(places, path)
    if fetched is None or type(fallback) not in _PLAIN:
        return None
    first, name = fetched
    return _named(places, f"{places.unit.constant(fallback)} if {first} is M else {name}")


def _named(places: Places, source: str) -> tuple[str, str]:
    name = places.unit.fresh("w")
    return f"({name} := {source})", name


def _text_function(change: Callable[[str], str]) -> Callable[[object], object]:
    def apply(value: object) -> object:
        return change(value) if type(value) is str else _unknown(value)

    return apply


def _length(value: Any) -> object:
    return len(value) if type(value) in SIZED else _unknown(value)


def _number(value: object) -> object:
    if type(value) is str:
        exact = read_number(value)
        return MISSING if exact is None else exact
    return value if type(value) in NUMBERS else _unknown(value)


def _unknown(value: object) -> object:
    """Return what a function makes of a value that it does not take."""
    return MISSING if type(value) in SINGLE else ODD


_FUNCTIONS: Final[dict[str, Callable[[Any], object]]] = {
    "lower": _text_function(str.lower),
    "upper": _text_function(str.upper),
    "length": _length,
    "number": _number,
}

#: The functions by the names that generated source has for them.
NAMES: Final[dict[str, object]] = dict(_FUNCTIONS)
