"""A clause about one path where there are arrays, on the way or at its end: a test applied to each value.

Most queries never meet one, so the test is compiled when the first is there. A maintainer keeps one rule: only arrays and objects of Python's
own classes are gone through here, `list` and `dict`, and no more values than the clause has steps for; all else is the evaluator's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from megaql.lang.compiler.operators import KNOWN as _KNOWN
from megaql.lang.compiler.operators import Operand
from megaql.lang.record import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from megaql.lang.compiler.operators import Leaf
    from megaql.lang.compiler.unit import Function, Unit
    from megaql.lang.record import Record

#: Steps of the evaluator for one value in an array, at most: selected, taken out of the arrays around it, compared twice.
_STEPS: Final = 10

#: Code points that an element may have so that reading it takes no step.
_CHARACTERS: Final = 1_023


class Through(NamedTuple):
    """A way through arrays: names and positions, from the variable of that number or from the body.

    `holds` says whether the clause is true where one value passes the test or where all fail it.
    """

    path: Sequence[str | int]
    variable: int | None
    steps: int
    holds: bool


class Unsuited(Exception):  # noqa: N818 - control flow within this module
    """A value that is not gone through here."""


def _unsuited() -> bool:
    raise Unsuited


def asker(unit: Unit, leaf: Leaf, through: Through, general: Function) -> Function:
    """Return a function that asks about one clause, as `reference.reference` does with `general`."""
    name = unit.fresh("e")
    unit.names["unsuited"] = _unsuited
    test = leaf.write(unit, Operand("value", "value", _CHARACTERS))
    if test is None:
        return general
    unit.add(f"def {name}(value):\n    return {test.joined('value', 'unsuited()', '', holds=through.holds)}\n")
    passes, fold = unit.compile(name), any if through.holds else all

    def ask(record: Record | None, body: object, now: datetime | None, *values: object) -> bool:
        start = body if through.variable is None else values[through.variable]
        try:
            return fold(map(passes, _leaves(_follow(start, through), through.steps)))
        except Unsuited:
            return general(record, body, now, *values)  # type: ignore[no-any-return]

    return ask


def _follow(start: object, through: Through) -> list[Any]:
    """Return what a path leads to, as `paths.resolve` does."""
    found: list[Any] = [start]
    left = through.steps
    for step in through.path:
        left -= len(found) * _STEPS
        if isinstance(step, str):
            found = [_member(value, step) for value in _leaves(found, left)]
        else:
            found = [_element(value, step) for value in found]
    return found


def _member(value: Any, name: str) -> object:
    if type(value) is dict:
        return value.get(name, MISSING)
    if type(value) not in _KNOWN:
        raise Unsuited
    return MISSING


def _element(value: Any, position: int) -> object:
    if type(value) is list:
        return value[position] if -len(value) <= position < len(value) else MISSING
    if type(value) not in _KNOWN:
        raise Unsuited
    return MISSING


def _leaves(values: list[Any], steps: int) -> list[Any]:
    """Return the values and, of those that are arrays, everything in them that is none."""
    if list not in map(type, values):
        return values
    found: list[Any] = []
    stack = [iter(values)]
    seen = 0
    while stack:
        for value in stack[-1]:
            seen += 1
            if seen * _STEPS > steps:
                raise Unsuited
            if type(value) is list:
                stack.append(iter(value))
                break
            found.append(value)
        else:
            stack.pop()
    return found
