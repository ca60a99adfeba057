"""An explanation as a tree of clauses, each with its sign, its verdict in words, and the values it found.

A maintainer keeps one rule: the sign and the colour only repeat the word, so that a screen reader and a monochrome terminal lose nothing.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from megaql.cli.style import harmless
from megaql.lang.nodes import And, Not, Or
from megaql.lang.record import MISSING
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.cli.style import Style
    from megaql.lang.explain import Explanation

_SIGNS: Final = {Verdict.MATCH: ("✓", "green"), Verdict.NO_MATCH: ("✗", "red"), Verdict.UNKNOWN: ("?", "yellow")}

#: Clauses deeper than this are not indented any further.
MAX_INDENT: Final = 12

#: A line is never made narrower than this, however deep the clause. Cells.
MIN_WIDTH: Final = 30


def tree_lines(explanation: Explanation, style: Style, width: int) -> Iterator[str]:
    """Yield the lines of an explanation, none wider than `width` where that is possible."""
    yield from _clause(explanation, style, width, "", "", 0)


def _clause(one: Explanation, style: Style, width: int, lead: str, follow: str, depth: int) -> Iterator[str]:
    """Yield a clause's own lines, after `lead` and then `follow`, and those of the clauses inside."""
    sign, color = _SIGNS[one.verdict]
    connective = isinstance(one.node, And | Or | Not)
    title = {And: "and", Or: "or", Not: "not"}.get(type(one.node)) or one.clause
    if one.element:
        title = f"{one.element}: {title}"
    word = f"{sign} {one.verdict.value}"
    rows = _wrap(title, width - len(lead) - 12)
    yield f"{style(lead, 'dim')}{style(word, color)}{' ' * (12 - len(word))}{rows[0]}"
    rail = follow + ("│ " if one.children and depth < MAX_INDENT else "  ")
    for row in rows[1:]:
        yield f"{style(rail, 'dim')}{' ' * (12 - len(rail) + len(lead))}{row}"
    if not connective:
        for note, names in _notes(one):
            for number, row in enumerate(_wrap(note, width - len(lead) - 14)):
                margin = " " * (12 - len(rail) + len(lead)) + ("  " if number else "")
                yield f"{style(rail, 'dim')}{margin}{style(row, *names)}"
    for number, child in enumerate(one.children, 1):
        last = number == len(one.children)
        if depth < MAX_INDENT:
            yield from _clause(
                child, style, width, follow + ("└ " if last else "├ "), follow + ("  " if last else "│ "), depth + 1
            )
        else:
            yield from _clause(child, style, width, lead, follow, depth + 1)


def _notes(one: Explanation) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what a clause found, why it is unknown, what to write instead, and which element decided."""
    for actual in one.actual:
        # A missing path is what the reason says already.
        if not (one.reason and actual.value is MISSING):
            yield str(actual), ("dim",)
    if one.reason:
        yield f"because {one.reason}", ("yellow",)
    if one.hint:
        yield f"hint: {one.hint}", ("cyan",)
    if one.decided_by and len(one.actual) + len(one.children) > 1:
        yield f"decided by {one.decided_by}", ("dim",)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(harmless(text), max(width, MIN_WIDTH), break_on_hyphens=False) or [""]


def miss_lines(blockers: tuple[Explanation, ...], style: Style, width: int) -> list[str]:
    """Return what alone kept a message out: the clauses, the values they found, and what would help."""
    words = "kept out by"
    rows = _wrap(" or ".join(_blocker(blocker) for blocker in blockers), width - len(words) - 1)
    return [f"{style(words, 'yellow')} {rows[0]}", *(f"{' ' * len(words)} {row}" for row in rows[1:])]


def _blocker(blocker: Explanation) -> str:
    found = [str(actual) for actual in blocker.actual] or ([blocker.reason] if blocker.reason else [])
    found += [blocker.hint] if blocker.hint else []
    return f"{blocker.clause}  ({'; '.join(found)})" if found else blocker.clause
