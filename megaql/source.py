"""Query text and places in it: what every diagnostic points at.

A maintainer keeps one rule: offsets are code points into `Source.text`, half-open, and only this module turns them
into lines, columns and carets.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code-point offsets, `start <= end`; an empty span is a point between two characters."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Return the smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def moved(self, by: int) -> Span:
        """Return the span so many code points further on."""
        return Span(self.start + by, self.end + by)


#: The span of a node that was built in code and has no text behind it.
NO_SPAN: Final = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Source:
    """A query's text and the name of where it came from (a file, an option), `""` for text given in code.

    `first_line` is the number of the text's first line in that file, and `margin` what stands there before the text.
    """

    text: str
    name: str = ""
    first_line: int = 1
    margin: str = ""

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column of a code-point offset, the column from 1, the line from `first_line`."""
        before = self.margin + self.text[:offset]
        line = before.count("\n") + self.first_line
        return line, len(before) - (before.rfind("\n") + 1) + 1

    def line(self, number: int) -> str:
        """Return the text of a line, counted from `first_line`, without its line end."""
        text, start = self.margin + self.text, 0
        for _ in range(number - self.first_line):
            start = text.find("\n", start) + 1
            if not start:
                return ""
        end = text.find("\n", start)
        return text[start : end if end >= 0 else len(text)].rstrip("\r") if number >= self.first_line else ""


#: A line longer than this is cut around the caret, so that a diagnostic never floods a terminal. Code points.
EXCERPT_WIDTH: Final = 100


def width(text: str) -> int:
    """Return the number of terminal cells that text takes, wide East Asian characters counting two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def excerpt(source: Source, span: Span, label: str = "") -> str:
    """Return the source line of a span with its number, and carets with a label under it.

    A span over several lines is marked on its first one. Control characters show as `·`, tabs as one space, so that
    the carets stand under what they mean.
    """
    number, column = source.position(span.start)
    line = source.line(number)
    start = column - 1
    length = max(1, min(span.end - span.start, len(line) - start))
    if len(line) > EXCERPT_WIDTH:
        first = max(0, min(start - EXCERPT_WIDTH // 2, len(line) - EXCERPT_WIDTH))
        head, tail = ("…" if first else ""), ("…" if first + EXCERPT_WIDTH < len(line) else "")
        line = head + line[first : first + EXCERPT_WIDTH] + tail
        start = start - first + len(head)
        length = max(1, min(length, len(line) - start))
    # After the cut, since a line may be as long as a file.
    line = "".join(" " if char == "\t" else "·" if unicodedata.category(char)[0] == "C" else char for char in line)
    gutter = f"{number:>3} | "
    carets = "^" * max(1, width(line[start : start + length]))  # a combining character alone has no width
    blank = " " * (len(gutter) - 2) + "| " + " " * width(line[:start])
    return f"{gutter}{line}\n{blank}{carets}{' ' + label if label else ''}"
