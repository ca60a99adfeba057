"""The way back to the evaluator, for one clause inside a generated function or for the whole query.

A maintainer keeps one rule: a clause that is asked alone has its share of the query's steps and no more. So what is answered here is what the
whole evaluation would have said; a share that runs out hands over the whole query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from megaql.lang.budget import Budget, OutOfBudget
from megaql.lang.evaluator import Evaluation
from megaql.lang.kinds import Kind, kind
from megaql.lang.paths import Found
from megaql.lang.record import MISSING, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from megaql.lang.nodes import Clause
    from megaql.lang.verdict import Verdict


class Slow(Exception):  # noqa: N818 - control flow between a generated function and its caller
    """Only the evaluator can tell: the whole query is evaluated by it."""


class Odd:
    """The class of `ODD`, which no value of a document has."""

    __slots__ = ()


#: What stands for the values of a path that goes through an array or a class the generated source does not know.
ODD: Final = Odd()

#: Where the elements are that a loop goes through. Any place but none: a value without one is a literal.
_HERE: Final = (None, "$")


def step(value: object) -> object:
    """Return what the next name of a path leads to, in a value that is no plain `dict`."""
    of = kind(value)
    return ODD if of is Kind.ARRAY or of is Kind.OBJECT or value is ODD else MISSING


def element(value: Any, position: int) -> object:
    """Return what an index of a path leads to."""
    if type(value) is list:
        return value[position] if -len(value) <= position < len(value) else MISSING
    return ODD if kind(value) is Kind.ARRAY or value is ODD else MISSING


def opened(body: object) -> dict[str, object]:
    """Return the object in which the names of a body are looked up that is no plain `dict`: an empty one where there is no document."""
    if body is MISSING:
        return {}
    raise Slow


def slow() -> NoReturn:
    """Hand over to the evaluator."""
    raise Slow


def reference(clause: Clause, want: Verdict, variables: Sequence[str], steps: int) -> Callable[..., bool]:
    """Return a function that asks the evaluator about one clause: `(record or None, body, now, *values of the variables)`."""

    def ask(record: Record | None, body: object, now: datetime | None, *values: object) -> bool:
        evaluation = Evaluation(record or Record(body), now)
        evaluation.budget = Budget(steps)
        evaluation.variables = {name: Found(value, _HERE) for name, value in zip(variables, values, strict=True)}
        try:
            return evaluation.clause(clause).verdict is want
        except OutOfBudget:
            raise Slow from None

    return ask
