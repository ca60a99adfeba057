"""`and` beside `or` without parentheses, which parentheses leave no node to tell of: the text is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.lang import nodes
from megaql.lang.check.codes import finding
from megaql.lang.check.editing import is_parenthesised
from megaql.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.errors import Diagnostic
    from megaql.lang.check.page import Page


def grouping(page: Page) -> Iterator[Diagnostic]:
    """Yield each `and` that binds tighter than an `or` beside it only by rule."""
    if not page.written:
        return
    for spot in page.alive:
        if not isinstance(spot.clause, nodes.Or):
            continue
        for before, part in zip([None, *spot.parts], spot.parts, strict=False):
            span = part.clause.span
            if not isinstance(part.clause, nodes.And) or part in page.dead or is_parenthesised(page, span):
                continue
            gap = (
                page.text(Span(before.clause.span.end, span.start))
                if before
                else page.text(Span(span.end, spot.parts[1].clause.span.start))
            )
            yield finding(
                "mixed-and-or",
                span,
                "'and' binds tighter than 'or', which parentheses would show",
                "put it in parentheses",
                fix=f"({page.text(span)})",
                severity="note" if "\n" in gap else "",
            )
