"""Going on after a mistake: further ones in the same text, where they have nothing to do with the first.

The first mistake is mended, or else its whole condition is set aside, and the text is read again. A maintainer keeps one rule: what is
reported was written, and is never a consequence of what was put in its place; in doubt nothing more is said.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.errors import Diagnostic, QueryError, QueryLimitError
from megaql.lang.mistakes.surroundings import JOINTS, condition_around, is_whole
from megaql.lang.tokens import scan
from megaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Mistakes that are reported of one text.
MISTAKES: Final = 10

#: Characters that are read again for the sake of further mistakes, all attempts together.
READ_AGAIN: Final = 32 * 1024

#: What a condition is set aside by: a path by itself, which can stand wherever a condition or a value can.
_ASIDE: Final = "x"

#: What stands beside a condition that was set aside may have belonged to it.
_DOUBTFUL: Final = frozenset({"bare-value", "loose-value"})


def with_further(first: QueryError, read: Callable[[Source], object]) -> QueryError:
    """Return the error with the further mistakes of its text; `read` raises a QueryError for a text that is no query.

    The class of the error is that of its first mistake.
    """
    source = first.source
    if isinstance(first, QueryLimitError) or first.incomplete:
        return first  # before the text is looked at again: it may be of any length
    tokens = scan(source.text)
    if not is_whole(tokens):
        return first
    rest = _Rest(source.text)
    found, mistakes, left = list(first.diagnostics), list(first.diagnostics), READ_AGAIN
    while mistakes and len(found) < MISTAKES and left > 0:
        places = [condition_around(tokens, one.span) for one in mistakes]
        for one, place in zip(mistakes, places, strict=True):
            if place is None or not rest.leave_out(one, place):
                return _of_all(first, found)
        left -= len(source.text)
        try:
            read(Source(rest.text()))
        except QueryLimitError:
            break
        except QueryError as error:
            mistakes = [rest.in_original(one) for one in error.diagnostics if one.code not in _DOUBTFUL]
            found += [one for one in mistakes if not rest.covers(one)]
        else:
            break
    return _of_all(first, found)


def _of_all(first: QueryError, found: Sequence[Diagnostic]) -> QueryError:
    if len(found) == len(first.diagnostics):
        return first
    return type(first)(first.source, sorted(found, key=lambda one: one.span.start)[:MISTAKES])


class _Change(NamedTuple):
    """What stands in the place of something: `condition` is all that is not looked at any more."""

    place: Span
    text: str
    condition: Span


class _Rest:
    """A text in which some conditions are mended or set aside."""

    def __init__(self, original: str) -> None:
        self._original = original
        self._changes: list[_Change] = []

    def leave_out(self, mistake: Diagnostic, condition: Span) -> bool:
        """Mend a mistake or, where it cannot be mended or that did not help, set its condition aside; False if it is already."""
        touched = [one for one in self._changes if _touch(one.condition, condition)]
        if any(one.text in (_ASIDE, " ") and one.place == condition for one in touched):
            return False
        # A joint with nothing on one side is taken out.
        lone = self._original[condition.start : condition.end].lower() in JOINTS
        change = _Change(condition, " " if lone else _ASIDE, condition)
        place = mistake.fix_span or mistake.span
        if not touched and mistake.fix is not None and _inside(place, condition) and is_whole(scan(mistake.fix)):
            # What is only taken out leaves nothing behind that later mistakes could come from.
            change = _Change(place, mistake.fix, condition if mistake.fix else place)
        kept = [one for one in self._changes if one not in touched]
        self._changes = sorted([*kept, change], key=lambda one: one.place.start)
        return True

    def text(self) -> str:
        """Return the text as it is read again."""
        parts, end = [], 0
        for change in self._changes:
            parts += [self._original[end : change.place.start], change.text]
            end = change.place.end
        return "".join([*parts, self._original[end:]])

    def covers(self, mistake: Diagnostic) -> bool:
        """Return whether a mistake, in the places of the original, touches what is not looked at any more."""
        return any(_touch(change.condition, mistake.span) for change in self._changes)

    def in_original(self, mistake: Diagnostic) -> Diagnostic:
        """Return a mistake of the text as it is now with the places of the original."""
        return dataclasses.replace(
            mistake,
            span=self._place(mistake.span),
            fix_span=self._place(mistake.fix_span) if mistake.fix_span else None,
            related=tuple((self._place(span), label) for span, label in mistake.related),
        )

    def _place(self, span: Span) -> Span:
        return Span(self._offset(span.start), self._offset(span.end))

    def _offset(self, offset: int) -> int:
        shift = 0
        for change in self._changes:
            if offset <= change.place.start - shift:
                break
            if offset < change.place.start - shift + len(change.text):
                return change.place.start
            shift += change.place.end - change.place.start - len(change.text)
        return offset + shift


def _touch(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end


def _inside(one: Span, other: Span) -> bool:
    return other.start <= one.start and one.end <= other.end
