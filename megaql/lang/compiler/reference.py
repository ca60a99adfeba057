"""The way back to the evaluator, for one clause inside a generated function or for the whole query.

A maintainer keeps one rule: a clause that is asked alone has a share of the query's budget so small that all shares together are within
it. So what is answered here is what the whole evaluation would have said; a share that runs out hands over the whole query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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

_HERE: Final = (None, "$")


def step(value: object) -> object:
    """Return what the next name of a path leads to, in a value that is no plain `dict`."""
    of = kind(value)
    return ODD if of is Kind.ARRAY or of is Kind.OBJECT or value is ODD else MISSING


def reference(clause: Clause, want: Verdict, variables: Sequence[str], steps: int) -> Callable[..., bool]:
    """Return a function that asks the evaluator about one clause: `(record or body, now, *values of the variables)`."""

    def ask(subject: Record | dict[str, object], now: datetime | None, *values: object) -> bool:
        evaluation = Evaluation(subject if isinstance(subject, Record) else Record(subject), now)
        evaluation.budget = Budget(steps)
        evaluation.variables = {name: Found(value, _HERE) for name, value in zip(variables, values, strict=True)}
        try:
            return evaluation.clause(clause).verdict is want
        except OutOfBudget:
            raise Slow from None

    return ask
