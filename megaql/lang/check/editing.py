"""Changes to the text of a query that leave the rest of it as people wrote it.

A maintainer keeps one rule: an edit is worked out from tokens, because parentheses and commas leave no node.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from megaql.lang import nodes
from megaql.source import Span

if TYPE_CHECKING:
    from megaql.lang.check.page import Page
    from megaql.lang.check.spots import Spot
    from megaql.lang.tokens import Token


class Edit(NamedTuple):
    """What to put where, as the `fix` and `fix_span` of a diagnostic."""

    fix: str
    fix_span: Span


def without(page: Page, spot: Spot) -> Edit | None:
    """Return the edit that takes a clause out of the `and` or `or` it stands in, with its parentheses and one operator."""
    parent = spot.parent
    if parent is None or not parent.is_joined:
        return None
    words = ("and", "&&") if isinstance(parent.clause, nodes.And) else ("or", "||")
    return _without(page, in_parentheses(page, spot.clause.span), words)


def without_item(page: Page, item: nodes.Node) -> Edit | None:
    """Return the edit that takes an item out of a list, with one comma."""
    return _without(page, item.span, (",",))


def _without(page: Page, span: Span, separators: tuple[str, ...]) -> Edit | None:
    before, after = _around(page, span)
    if before is not None and before.word in separators:
        ahead = _around(page, before.span)[0]
        start = ahead.end if ahead is not None else before.start
        return Edit("", Span(start, span.end))
    if after is not None and after.word in separators:
        beyond = _around(page, after.span)[1]
        return Edit("", Span(span.start, beyond.start if beyond is not None else after.end))
    return None


def in_parentheses(page: Page, span: Span) -> Span:
    """Return the place of a clause with all the parentheses that are around it alone."""
    while True:
        before, after = _around(page, span)
        if before is None or after is None or before.text != "(" or after.text != ")" or _opens_more(page, before):
            return span
        span = before.span.to(after.span)


def _opens_more(page: Page, parenthesis: Token) -> bool:
    """Whether a parenthesis belongs to a call or to a quantifier's condition."""
    before = _around(page, parenthesis.span)[0]
    return before is not None and (
        before.text == ":" or (before.end == parenthesis.start and before.word.isidentifier())
    )


def _around(page: Page, span: Span) -> tuple[Token | None, Token | None]:
    """Return the tokens before and after a place."""
    at = bisect_left(page.tokens, span.start, key=lambda token: token.start)
    after = bisect_left(page.tokens, span.end, key=lambda token: token.start)
    before = page.tokens[at - 1] if at else None
    return before, page.tokens[after] if after < len(page.tokens) else None


def is_parenthesised(page: Page, span: Span) -> bool:
    """Whether a clause stands in parentheses of its own, those of a quantifier's condition included."""
    before, after = _around(page, span)
    return before is not None and after is not None and before.text == "(" and after.text == ")"


def swapped(page: Page, one: Span, other: Span) -> Edit:
    """Return the edit that swaps two places, the first of which comes first."""
    between = page.text(Span(one.end, other.start))
    return Edit(page.text(other) + between + page.text(one), one.to(other))
