"""Applying what diagnostics propose: every fix that is certain, one at a time, until nothing is left to apply.

A maintainer keeps two rules. A text that gives no diagnostics is never changed; and no fix makes a text worse: one that leads back to
where it came from, or loses a comment, is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from megaql.lang.tokens import scan
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.errors import Diagnostic

#: Fixes of one text, one after the other.
FIXES: Final = 100


@dataclass(frozen=True, slots=True)
class Fixed:
    """What became of a text: the text, the diagnostics whose fixes were applied, each about the text it was found in, and those that are left."""

    source: Source
    applied: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]


def place_of(diagnostic: Diagnostic) -> Span:
    """Return what the fix of a diagnostic replaces."""
    return diagnostic.fix_span or diagnostic.span


def apply(text: str, diagnostic: Diagnostic) -> str:
    """Return a text with the fix of a diagnostic, or as it is where that has none."""
    if diagnostic.fix is None:
        return text
    place = place_of(diagnostic)
    return text[: place.start] + diagnostic.fix + text[place.end :]


def fix(source: Source, find: Callable[[Source], Sequence[Diagnostic]]) -> Fixed:
    """Apply what `find` proposes for a text, ask it about the result, and so on, at most `FIXES` times.

    One fix at a time, because of two findings about the same thing often only one may be mended: of two equal clauses both are redundant.
    """
    found = tuple(find(source))
    seen = {source.text}
    applied: list[Diagnostic] = []
    while len(applied) < FIXES:
        step = next(_steps(source, found, find, seen), None)
        if step is None:
            break
        mended, source, found = step
        applied.append(mended)
    return Fixed(source, tuple(applied), found)


def _steps(
    source: Source, found: Sequence[Diagnostic], find: Callable[[Source], Sequence[Diagnostic]], seen: set[str]
) -> Iterator[tuple[Diagnostic, Source, tuple[Diagnostic, ...]]]:
    """Yield the fixes that make a text better: which diagnostic it was, the text, and what is found in it."""
    before = [_identity(one) for one in found]
    for one in found:
        if one.fix is None or loses_comment(source.text, place_of(one), one.fix):
            continue
        text = apply(source.text, one)
        if text in seen:
            continue
        seen.add(text)
        mended = Source(text, source.name, source.first_line, source.margin)
        left = tuple(find(mended))
        after = [_identity(other) for other in left]
        worse = any(other.severity == "error" for other in left) and not any(e.severity == "error" for e in found)
        if not worse and after.count(_identity(one)) < before.count(_identity(one)):
            yield one, mended, left


def _identity(one: Diagnostic) -> tuple[str, str, int]:
    return one.code, one.message, one.span.start


def loses_comment(text: str, place: Span, replacement: str) -> bool:
    """Return whether a comment stands in a place and not in what replaces it."""
    end = 0
    for token in scan(text):
        gap = text[max(end, place.start) : min(token.start, place.end)]
        if "#" in gap and "#" not in replacement:
            return True
        end = token.end
    return "#" in text[max(end, place.start) : place.end]
