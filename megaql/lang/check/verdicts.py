"""Queries and parts of queries that can only have one verdict: always false, always true, never holding, excluding each other.

A maintainer keeps one rule: "always" and "never" are the solver's proofs. What has words of its own (`never`) gets them; the proof stays.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from megaql.lang import nodes
from megaql.lang.check.codes import finding
from megaql.lang.check.editing import Edit, without
from megaql.lang.check.never import never
from megaql.lang.check.spots import Sign
from megaql.lang.printer import to_text
from megaql.lang.solve import Demand, Want

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.errors import Diagnostic
    from megaql.lang.check.page import Page
    from megaql.lang.check.spots import Spot
    from megaql.source import Span

#: Items of one `and` or `or` that are compared with each other.
COMPARED: Final = 30

_LEADS: Final = {"always-false": "no message can match this query", "dead-clause": "this part of the query never holds"}


def verdicts(page: Page) -> Iterator[Diagnostic]:
    """Yield what is always the same, the whole query first; what never holds goes to `page.dead`."""
    root = page.root
    if isinstance(root.clause, nodes.Truth) and isinstance(root.clause.value, nodes.Boolean):
        return  # who writes true or false alone means it
    if page.questions.impossible(Demand(root.asked, Want.MATCH)):
        page.dead.add(root)
        yield blame(page, root, "always-false")
        return
    if page.questions.impossible(Demand(root.asked, Want.NOT_MATCH)):
        yield finding("always-true", root.clause.span, "every message matches this query", "it says nothing")
        return
    for spot in page.spots:
        if not page.is_dead(spot):
            yield from _dead_parts(page, spot)
    for spot in page.alive:
        if spot.needs_all and spot.sign is not Sign.EITHER:
            yield from _array_only(page, spot)


def _dead_parts(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield the alternatives of a clause, and the condition of a quantifier, that can never hold."""
    if spot.is_joined and not spot.needs_all:
        for part in spot.parts:
            if page.questions.impossible(Demand(part.asked, part.sign.want)):
                page.dead.add(part)
                yield blame(page, part, "dead-clause", without(page, part))
    elif not spot.is_joined and not isinstance(spot.clause, nodes.Not):
        for part in spot.parts:
            if page.questions.impossible(Demand(part.asked, part.sign.want)):
                page.dead.add(part)
                yield blame(page, part, "dead-clause")
            elif page.questions.impossible(Demand(part.asked, Want.MATCH)):
                page.dead.add(part)
                span = part.clause.span
                yield finding("dead-clause", span, f"no element can ever meet '{page.short(span)}'")


def blame(page: Page, spot: Spot, code: str, edit: Edit | None = None) -> Diagnostic:
    """Return the finding that a clause never is what its sign says, at the smallest part that explains it."""
    lead = _LEADS[code]
    culprit = _culprit(page, spot)
    if culprit.needs_all and (pair := _pair(page, culprit, arrays=True)) is not None:
        first, second = (one.clause.span for one in pair)
        together = "cannot both be false" if culprit.sign is Sign.FAILS else "exclude each other"
        words = f"{lead}: '{page.short(first)}' and '{page.short(second)}' {together}"
        related = ((first, "never together with this"),)
        return _finding(code, second, words, "this one" if code == "always-false" else "", edit=edit, related=related)
    if culprit.is_test and culprit.sign is Sign.HOLDS and (why := never(page, culprit.clause)) is not None:
        fix = Edit(why.fix, why.fix_span or why.span) if why.fix is not None else edit
        return _finding(code, why.span, f"{lead}: {why.words}", why.label, edit=fix)
    words = f"{lead}: {_sentence(page, culprit)}"
    return _finding(code, culprit.clause.span, words, "leave it out" if edit else "", edit=edit)


def _finding(
    code: str,
    span: Span,
    words: str,
    label: str,
    *,
    edit: Edit | None,
    related: tuple[tuple[Span, str], ...] = (),
) -> Diagnostic:
    fix, place = edit or (None, None)
    return finding(code, span, words, label, fix=fix, fix_span=place, related=related)


def _sentence(page: Page, spot: Spot) -> str:
    shown = f"'{page.short(spot.clause.span)}'"
    if spot.needs_all:
        return f"{shown} asks for what excludes each other"
    if spot.is_joined:
        return f"none of the clauses in {shown} can {'hold' if spot.sign is not Sign.FAILS else 'fail'}"
    return f"{shown} is {'true of everything it can be asked about' if spot.sign is Sign.FAILS else 'never true'}"


def _culprit(page: Page, spot: Spot) -> Spot:
    """Follow a clause that can never be as its sign says to the part that alone is the reason."""
    while True:
        if isinstance(spot.clause, nodes.Not):
            spot = spot.parts[0]
            continue
        if not spot.needs_all and not isinstance(spot.clause, nodes.Quantified):
            return spot
        inside = next((one for one in spot.parts if page.questions.impossible(Demand(one.asked, one.sign.want))), None)
        if inside is None:
            return spot
        spot = inside


def _pair(page: Page, spot: Spot, *, arrays: bool) -> tuple[Spot, Spot] | None:
    """Return the first two clauses inside that can never both be as their sign says."""
    for first, second in combinations(spot.parts[:COMPARED], 2):
        if alike(first, second) and page.questions.impossible(
            Demand(first.asked, first.sign.want), Demand(second.asked, second.sign.want), arrays=arrays
        ):
            return first, second
    return None


def alike(first: Spot, second: Spot) -> bool:
    """Whether two clauses ask about the same, so that one can say something about the other."""
    return not _roots(first).isdisjoint(_roots(second))


def _roots(spot: Spot) -> frozenset[object]:
    """Return the places, by their last segments, that a clause and the clauses in it ask about."""
    found: set[object] = set()
    stack = [spot]
    while stack:
        one = stack.pop()
        found.update(path.segments[-1] for path in one.paths)
        stack.extend(one.parts)
    return frozenset(found)


def _array_only(page: Page, spot: Spot) -> Iterator[Diagnostic]:
    """Yield two clauses that exclude each other where their path leads to one value."""
    if not page.questions.impossible(Demand(spot.asked, spot.sign.want), arrays=False):
        return
    pair = _pair(page, spot, arrays=False)
    if pair is None or any(_is_array(page, path) for one in pair for path in one.paths):
        return
    if any(page.questions.impossible(Demand(one.asked, one.sign.want), arrays=False) for one in pair):
        return
    first, second = pair
    path = next((to_text(path) for path in first.paths if path in second.paths), to_text(first.paths[0]))
    fails = spot.sign is Sign.FAILS
    together = "cannot both be false" if fails else "exclude each other"
    either = _either(first, second)
    hint = f"for either of them, write {either}" if either else "" if fails else "for either of them, join them by 'or'"
    yield finding(
        "array-only",
        second.clause.span,
        f"'{page.short(first.clause.span)}' and '{page.short(second.clause.span)}' {together} unless {path} leads to an array",
        "only for an array" if fails else "only an array has both",
        hint,
        related=((first.clause.span, "excluded by this" if not fails else "nor this"),),
    )


def _is_array(page: Page, path: nodes.Path) -> bool:
    return page.observed is not None and page.observed.has_array(path)


def _either(first: Spot, second: Spot) -> str:
    """Write two equalities of one path as one list."""
    match first.clause, second.clause:
        case nodes.Compare(nodes.Comparison.EQ, left, one), nodes.Compare(nodes.Comparison.EQ, same, other) if (
            left == same and first.sign is Sign.HOLDS
        ):
            return f"{to_text(left)} in [{to_text(one)}, {to_text(other)}]"
    return ""
