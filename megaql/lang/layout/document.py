"""Documents: text with places where a line may end, and the filling of lines of a given width.

A group stands on one line where it fits, and otherwise ends its lines at all breaks that are its own and no inner group's. A maintainer
keeps one rule: what is in a document depends on the query alone; only `render` knows columns. The idea is from Philip Wadler's "A
prettier printer", with comments that end a line added.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from megaql.source import width

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a line inside of something stands in by. Spaces.
INDENT: Final = 4

#: Between the end of a line and the comment behind it.
COMMENT_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Break:
    """Where a line may end: `flat` where it does not, and `ending` at the end of the line where it does."""

    flat: str = " "
    ending: str = ""
    always: bool = False


@dataclass(frozen=True, slots=True)
class Indent:
    """A document whose lines, but for the first, stand in."""

    inner: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """A document that is on one line or broken at all its own breaks, in any case where it is `broken`: see `group`."""

    inner: Doc
    broken: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, at the end of the line it is on, whatever else is written there; the groups around it are broken.

    `place` tells two of the same text apart.
    """

    text: str
    place: int


Doc: TypeAlias = "str | Break | Indent | Group | Remark | tuple[Doc, ...]"

#: A space, or the end of a line.
LINE: Final = Break()

#: Nothing, or the end of a line.
SOFT: Final = Break("")

#: The end of a line.
HARD: Final = Break(always=True)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The lines of a document, and the comments that should not be there: beyond the width, or a second one on a line."""

    lines: tuple[str, ...]
    beyond: tuple[Remark, ...]


def group(inner: Doc) -> Group:
    """Return a document as a group, which is broken where a line must end in it."""
    return Group(inner, _must_break(inner))


def _must_break(part: Doc) -> bool:
    match part:
        case Remark() | Break(always=True):
            return True
        case Group():
            return part.broken
        case Indent():
            return _must_break(part.inner)
        case tuple():
            return any(map(_must_break, part))
        case _:
            return False


def separated(items: Sequence[Doc], separator: Doc) -> Doc:
    """Return documents with a separator between each two."""
    return tuple(part for item in items for part in (separator, item))[1:]


def render(document: Doc, columns: int) -> Rendered:
    """Lay a document out in lines of at most so many cells, where its words allow it."""
    return _Page(columns).write(document)


class _Page:
    """Lines that are being filled; the last one is still open."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._lines: list[str] = []
        self._line = ""
        self._remarks: list[Remark] = []
        self._beyond: list[Remark] = []

    def write(self, document: Doc) -> Rendered:
        stack: list[_Part] = [(0, False, document)]
        while stack:
            indent, flat, part = stack.pop()
            match part:
                case str():
                    self._line += part
                case tuple():
                    stack.extend((indent, flat, inner) for inner in reversed(part))
                case Indent():
                    stack.append((indent + INDENT, flat, part.inner))
                case Group():
                    one_line = flat or (not part.broken and self._fits(part, stack))
                    stack.append((indent, one_line, part.inner))
                case Remark():
                    self._remarks.append(part)
                case Break() if flat:
                    self._line += part.flat
                case Break():
                    self._line += part.ending
                    self._end_line()
                    self._line = " " * indent
        self._end_line()
        return Rendered(tuple(self._lines), tuple(self._beyond))

    def _end_line(self) -> None:
        code = self._line.rstrip(" ")
        line = code
        for place, remark in enumerate(self._remarks):
            line = f"{line}{COMMENT_GAP}{remark.text}" if line else f"{self._line}{remark.text}"
            if place > 0 or (code and width(line) > self._columns):
                self._beyond.append(remark)
        self._remarks.clear()
        self._lines.append(line)

    def _fits(self, group: Group, after: Sequence[_Part]) -> bool:
        """Say whether a group fits on the open line, with what must follow it there."""
        room = self._columns - width(self._line)
        stack: list[_Part] = [(0, True, group.inner)]
        following = reversed(after)
        while room >= 0:
            if not stack:
                stack = [*islice(following, 1)]
            if not stack:
                break
            _, flat, part = stack.pop()
            match part:
                case str():
                    room -= width(part)
                case tuple():
                    stack.extend((0, flat, inner) for inner in reversed(part))
                case Indent() | Group():
                    stack.append((0, flat, part.inner))
                case Break() if flat:
                    room -= width(part.flat)
                case Break():
                    return room >= width(part.ending)
        return room >= 0


#: A document on the stack, with its indentation and whether it is on one line.
_Part: TypeAlias = tuple[int, bool, Doc]
