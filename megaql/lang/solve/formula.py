"""From a demand on a clause to demands on the clauses in it, by Kleene's rules, down to plain tests in their positive form.

A maintainer keeps one rule: every step is an equivalence. That a demand holds on a record means exactly that all of the parts hold
(`All`), or that one of them does (`OneOf`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from megaql.lang.nodes import (
    And,
    Between,
    Clause,
    Compare,
    Comparison,
    Date,
    In,
    InCidr,
    IsKind,
    ListLiteral,
    Literal,
    Matches,
    Not,
    Or,
    Param,
    Presence,
    PresenceTest,
    Quantified,
    Quantifier,
    String,
    TextTest,
)
from megaql.lang.solve.demands import Demand, Want


@dataclass(frozen=True, slots=True)
class All:
    """The demand holds exactly if all of these hold."""

    parts: tuple[Demand, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The demand holds exactly if one of these holds."""

    parts: tuple[Demand, ...]


#: A demand on a test that holds no other clauses, or on `any` and `one`, is itself.
Parts: TypeAlias = All | OneOf | Demand

#: Items of a list that are set apart, because `in` does not look them up: folded texts together, and each date.
SET_APART: Final = 8


def parts(demand: Demand) -> Parts:
    """Take one step: the parts of a demand, or the demand itself where it is on a plain test in positive form."""
    clause, want = demand
    match clause:
        case And(items):
            each = tuple(Demand(item, want) for item in items)
            return All(each) if want in {Want.MATCH, Want.NOT_NO_MATCH} else OneOf(each)
        case Or(items):
            each = tuple(Demand(item, want) for item in items)
            return OneOf(each) if want in {Want.MATCH, Want.NOT_NO_MATCH} else All(each)
        case Not(item):
            return All((Demand(item, want.negated),))
        case In(negated=False, options=ListLiteral(items)):
            split = _by_lookup(clause, items)
            return Demand(clause, want) if split is None else All((Demand(split, want),))
        case _:
            positive = _positive(clause)
            return demand if positive is None else All((Demand(positive, want.negated),))


def _positive(clause: Clause) -> Clause | None:
    """Return the test that a negated form is the negation of, `None` for a positive form."""
    match clause:
        case Compare(Comparison.NE, left, right):
            return Compare(Comparison.EQ, left, right, span=clause.span)
        case In() | Matches() | TextTest() | Between() | IsKind() | InCidr():
            return replace(clause, negated=False) if clause.negated else None
        case PresenceTest(Presence.MISSING, path):
            return PresenceTest(Presence.EXISTS, path, span=clause.span)
        case Quantified(quantifier=Quantifier.NONE):
            return replace(clause, quantifier=Quantifier.ANY)
        case Quantified(quantifier=Quantifier.ALL):
            return replace(clause, quantifier=Quantifier.ANY, condition=Not(clause.condition))
        case _:
            return None


def _by_lookup(clause: In, items: tuple[Literal | Param, ...]) -> Clause | None:
    """Write `in` with folded texts or dates among its items as an `or`, in which each part looks at texts in one way only."""
    folded = tuple(item for item in items if isinstance(item, String) and item.fold)
    moments = [item for item in items if isinstance(item, Date)]
    if (not folded or len(folded) == len(items)) and (not moments or len(items) == 1):
        return None
    if len(moments) > SET_APART:
        return None
    plain = tuple(item for item in items if item not in moments and not (isinstance(item, String) and item.fold))
    lists = [ListLiteral(some) for some in (plain, folded) if some]
    split: list[Clause] = [replace(clause, options=some) for some in lists]
    split += [Compare(Comparison.EQ, clause.item, moment) for moment in moments]
    return Or(tuple(split)) if len(split) > 1 else split[0]
