"""Queries to policies: as much of a query as a service can ask, and what is left to ask afterwards.

A maintainer keeps one rule, and everything in `exporting` serves it: a policy never keeps back a message that the query matches. Where
the two differ, the policy takes more, and the residual query says the rest; policy and residual together are the query.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from megaql.convert import sns_limits
from megaql.convert.dialects import RESERVED_IN_OR
from megaql.convert.exporting import values, writing
from megaql.convert.exporting.branches import Flat, Leaf
from megaql.convert.exporting.clauses import Plan, Stuck, Whole, Why, as_clause, conjuncts, planned
from megaql.convert.exporting.fields import fields
from megaql.convert.exporting.paths import Scope, Wanted, informed
from megaql.convert.importing import reading
from megaql.convert.matchers import Fields, Numeric, Wildcard
from megaql.errors import ConvertError
from megaql.lang import printer, tree
from megaql.query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.convert.exporting.branches import Branch
    from megaql.convert.exporting.target import Target


class Fit(Enum):
    """How a policy compares with the query it was made of."""

    EXACT = "exact"
    SUPERSET = "superset"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a policy does not say the same as a clause of the query; or, without a clause, what an exact policy rests on."""

    clause: str
    why: str

    def __str__(self) -> str:
        return f"{self.clause}: {self.why}" if self.clause else self.why


@dataclass(frozen=True, slots=True)
class Export:
    """A query for another service.

    `policy` is what the service is given, ready for `json.dumps`: `None` where the fit is IMPOSSIBLE. It takes every message that the query matches.
    `residual` is what must be asked of the messages it takes: `None` where it takes no others, which is EXACT, and the whole query where there
    is no policy. `reasons` say what stands in the way of an exact policy, and then what is taken for granted of the messages.
    """

    policy: dict[str, Any] | None
    fit: Fit
    residual: Query | None
    reasons: tuple[Reason, ...]


def export(query: Query, target: Target, *, arrays: bool = True) -> Export:
    """Return the tightest policy of a service for a query.

    Without `arrays` the caller promises that where the query compares a value, there is one that is neither array nor object, and that no array
    stands on the way to it, but for arrays that the query itself asks for by a quantifier.
    """
    parts = conjuncts(Wanted(query.node, holds=True))
    certain = Flat(target.objects, arrays=arrays)
    scope = informed(Scope(target, certain, certain), parts)
    whole = Whole(scope, lambda branches: _too_much(branches, target))
    exact: set[int] = set()
    whys: list[Why] = []
    for part, found in planned(parts, scope):
        if isinstance(found, Stuck):
            whys += found.whys
            continue
        if (why := whole.add(found)) is not None:
            if (looser := _loosened(found, target)) is not None:
                whole.add(looser)
            whys.append(Why(as_clause(part), why))
        elif found.implied:
            exact.add(id(part))
        else:
            whys += found.whys
    reasons = tuple(dict.fromkeys(Reason(printer.to_text(clause), why) for clause, why in whys))
    if whole.branches in ((), ((),)):
        says_nothing = Reason(str(query), "it holds for every message" if whole.branches else "it holds for no message")
        return Export(None, Fit.IMPOSSIBLE, query, reasons or (says_nothing,))
    rest = [as_clause(part) for part in parts if id(part) not in exact]
    return Export(
        writing.policy(fields(whole.branches)),
        Fit.SUPERSET if rest else Fit.EXACT,
        Query(tree.conjunction(rest)) if rest else None,
        (*reasons, *_assumptions(whole.branches, target)),
    )


def as_criteria(exported: Export) -> Export:
    """Return an export as the filter criteria of an event source mapping or a pipe: one filter with the policy as its pattern."""
    if exported.policy is None:
        return exported
    pattern = json.dumps(exported.policy, ensure_ascii=False)
    return replace(exported, policy={"Filters": [{"Pattern": pattern}]})


def _loosened(found: Plan, target: Target) -> Plan | None:
    """Return a plan with one matcher a field, for one that a service has no room for."""
    branches: list[Branch] = []
    for branch in found.branches:
        leaves: list[Leaf] = []
        for leaf in branch:
            matchers = values.loosened(target, leaf.matchers)
            if matchers is None:
                return None
            leaves.append(Leaf(leaf.place, matchers, leaf.order))
        branches.append(tuple(leaves))
    return Plan(tuple(dict.fromkeys(branches)), implied=False)


def _assumptions(branches: Sequence[Branch], target: Target) -> list[Reason]:
    """Say what even an exact policy takes for granted of messages."""
    body = target.body or ()
    sees_body = any(leaf.keys[: len(body)] == body for branch in branches for leaf in branch)
    found = [Reason("", target.assumes)] if target.assumes and sees_body else []
    if any(isinstance(matcher, Numeric) for branch in branches for leaf in branch for matcher in leaf.matchers):
        found.append(
            Reason(
                "",
                f"{target.dialect.service} compares numbers up to {target.largest_number:,} with {target.decimals} digits "
                "after the point: a message with others may not pass",
            )
        )
    return found


# Limits

#: Wildcards in one text that EventBridge takes without finding the rule too complex.
MAX_WILDCARDS: Final = 4


def _too_much(branches: tuple[Branch, ...], target: Target) -> str:
    """Return why a service would refuse a policy, `""` if it would not."""
    if branches in ((), ((),)):
        return ""
    if target.absence_needs_company and any(all(leaf.alone for leaf in branch) for branch in branches):
        return (
            f"{target.dialect.service} never takes a message for what it lacks alone, without a document or any field"
        )
    made = fields(branches)
    if name := _reserved(made, inside=False):
        return f"{name} cannot be a key inside $or"
    text = json.dumps(writing.policy(made), ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > target.max_size:
        return f"{target.dialect.service} takes policies up to {target.max_size:,} bytes"
    if _wildcards(branches) > MAX_WILDCARDS:
        return f"a text with more than {MAX_WILDCARDS} wildcards may be too complex for {target.dialect.service}"
    try:
        reading.read(json.loads(text), target.dialect)
        if target.max_keys is not None:
            sns_limits.check_complexity(made)
    except ConvertError as refused:
        return refused.what
    return ""


def _reserved(made: Fields, *, inside: bool) -> str:
    for key, rule in made.members:
        if inside and key in RESERVED_IN_OR:
            return key
        if isinstance(rule, Fields) and (found := _reserved(rule, inside=inside)):
            return found
    return next((found for item in made.alternatives if (found := _reserved(item, inside=True))), "")


def _wildcards(branches: Sequence[Branch]) -> int:
    counts = (
        matcher.text.replace("\\*", "").count("*")
        for branch in branches
        for leaf in branch
        for matcher in leaf.matchers
        if isinstance(matcher, Wildcard)
    )
    return max(counts, default=0)
