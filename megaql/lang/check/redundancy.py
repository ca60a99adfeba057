"""Clauses that change nothing: said twice, or following from those beside them.

A maintainer keeps one rule: a clause is redundant only by a proof about the verdict that its sign asks for, from clauses that stay. So all
fixes of one check may be applied together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang import nodes
from megaql.lang.check.codes import finding
from megaql.lang.check.editing import in_parentheses, without
from megaql.lang.check.spots import Sign
from megaql.lang.check.verdicts import COMPARED, alike
from megaql.lang.solve import Demand, Want

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.errors import Diagnostic
    from megaql.lang.check.page import Page
    from megaql.lang.check.spots import Spot


def redundancy(page: Page) -> Iterator[Diagnostic]:
    """Yield the duplicate and redundant items of every `and` and `or`."""
    for spot in page.alive:
        if not spot.is_joined:
            continue
        live, found = _duplicates(page, spot)
        yield from found
        live = [one for one in live if one not in page.dead][:COMPARED]
        for part in reversed(live[:]):
            others = [one for one in live if one is not part and alike(one, part)]
            reason = _reason(page, spot, part, others)
            if reason:
                live.remove(part)
                yield _redundant(page, part, reason)


def _duplicates(page: Page, spot: Spot) -> tuple[list[Spot], list[Diagnostic]]:
    first: dict[nodes.Clause, Spot] = {}
    found = []
    for part in spot.parts:
        if (same := first.setdefault(part.clause, part)) is part:
            continue
        edit = without(page, part)
        found.append(
            finding(
                "duplicate-clause",
                part.clause.span,
                f"'{page.short(part.clause.span)}' stands here twice",
                "leave it out",
                fix=edit.fix if edit else None,
                fix_span=edit.fix_span if edit else None,
                related=((same.clause.span, "the same"),),
            )
        )
    return list(first.values()), found


def _reason(page: Page, spot: Spot, part: Spot, others: Sequence[Spot]) -> list[Spot]:
    """Return the clauses that one follows from: one of those beside it, or all of them together."""
    for other in others:
        if _follows(page, spot, part, [other]):
            return [other]
    if len(others) > 1 and spot.sign is not Sign.EITHER and _follows(page, spot, part, others):
        return [*others]
    return []


#: For an `and` and an `or` by sign: what is asked of the clause, and what of the others, to show that leaving it out makes a difference.
_DIFFERENCE: Final = {
    (nodes.And, Sign.HOLDS): ((Want.NOT_MATCH, Want.MATCH),),
    (nodes.Or, Sign.HOLDS): ((Want.MATCH, Want.NOT_MATCH),),
    (nodes.And, Sign.FAILS): ((Want.NO_MATCH, Want.NOT_NO_MATCH),),
    (nodes.Or, Sign.FAILS): ((Want.NOT_NO_MATCH, Want.NO_MATCH),),
    (nodes.And, Sign.EITHER): ((Want.NOT_MATCH, Want.MATCH), (Want.NO_MATCH, Want.NOT_NO_MATCH)),
    (nodes.Or, Sign.EITHER): ((Want.MATCH, Want.NOT_MATCH), (Want.NOT_NO_MATCH, Want.NO_MATCH)),
}


def _follows(page: Page, spot: Spot, part: Spot, others: Sequence[Spot]) -> bool:
    return all(
        page.questions.impossible(Demand(part.asked, own), *(Demand(other.asked, rest) for other in others))
        for own, rest in _DIFFERENCE[type(spot.clause), spot.sign]
    )


def _redundant(page: Page, part: Spot, reasons: Sequence[Spot]) -> Diagnostic:
    edit = without(page, part)
    is_and = isinstance(part.parent.clause, nodes.And) if part.parent else False
    shown = f"'{page.short(part.clause.span)}'"
    if len(reasons) > 1:
        words = f"{shown} changes nothing beside the other clauses"
    elif is_and:
        words = f"{shown} changes nothing: it holds wherever '{page.short(reasons[0].clause.span)}' does"
    else:
        words = f"{shown} changes nothing: wherever it holds, '{page.short(reasons[0].clause.span)}' does"
    guard = isinstance(part.clause, nodes.PresenceTest)
    return finding(
        "redundant-clause",
        in_parentheses(page, part.clause.span) if part.is_joined else part.clause.span,
        words,
        "leave it out",
        fix=edit.fix if edit else None,
        fix_span=edit.fix_span if edit else None,
        related=tuple((one.clause.span, "because of this") for one in reasons[:3]),
        severity="note" if guard else "",
    )
