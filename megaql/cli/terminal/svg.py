"""Bars, lines and columns as inline SVG for a page that loads nothing.

A maintainer keeps two rules: colours are classes of the page's style, so that a dark screen has its own; and a drawing beside its number is hidden from
screen readers, while one that stands alone has a title and a description.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A bar's size. Pixels.
BAR: Final = (220, 14)

#: A sparkline's size. Pixels.
SPARK: Final = (140, 22)

#: The timeline's size, with the margins for its numbers. Pixels.
TIMELINE: Final = (960, 240)
_LEFT, _BOTTOM, _TOP = 56, 24, 8

#: Times are written below the columns so far apart at least. Pixels.
_MARKS: Final = 110


def bar(count: int, most: int, matched: int | None = None) -> str:
    """Return a bar, of two tones with `matched`; the numbers stand beside it."""
    width, height = BAR
    whole = _length(count, most, width)
    if matched is None:
        drawn = f'<rect class="plain" width="{whole:g}" height="{height}"/>'
    else:
        first = min(_length(matched, most, width), whole)
        drawn = (
            f'<rect class="other" width="{whole:g}" height="{height}"/>'
            f'<rect class="hit" width="{first:g}" height="{height}"/>'
        )
    return _hidden("bar", BAR, drawn)


def _hidden(name: str, size: tuple[int, int], drawn: str) -> str:
    """Return a drawing that says nothing which does not stand beside it."""
    width, height = size
    return (
        f'<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true" focusable="false">{drawn}</svg>'
    )


def _length(count: int, most: int, width: int) -> float:
    """Return a length for a count; what is not nothing is seen."""
    return max(1.5, round(count / most * width, 1)) if count and most else 0


def sparkline(counts: Sequence[int]) -> str:
    """Return a value's counts over time as small columns; the sentence beside it says when most were."""
    width, height = SPARK
    most = max(counts, default=0) or 1
    step = width / max(len(counts), 1)
    drawn = []
    for place, count in enumerate(counts):
        if count:
            high = _length(count, most, height)
            box = f'x="{place * step:.1f}" y="{height - high:.1f}" width="{max(step - 1, 1):.1f}" height="{high:.1f}"'
            drawn.append(f'<rect class="plain" {box}/>')
    return _hidden("spark", SPARK, "".join(drawn))


def timeline(
    counts: Sequence[int], matched: Sequence[int] | None, labels: Sequence[str], *, title: str, description: str
) -> str:
    """Return columns over time, in two tones with `matched`; `labels` say when each column begins."""
    width, height = TIMELINE
    most = max(counts, default=0) or 1
    step = (width - _LEFT) / len(counts)
    room = height - _BOTTOM - _TOP
    parts = []
    for place, count in enumerate(counts):
        if not count:
            continue
        x, wide = _LEFT + place * step, max(step - 1, 1)

        def column(tone: str, amount: int, x: float = x, wide: float = wide) -> str:
            high = _length(amount, most, room)
            box = f'x="{x:.1f}" y="{_TOP + room - high:.1f}" width="{wide:.1f}" height="{high:.1f}"'
            return f'<rect class="{tone}" {box}/>'

        if matched is None:
            parts.append(column("plain", count))
        else:
            parts.append(column("other", count) + column("hit", matched[place]))
    marks = "".join(
        f'<text x="{_LEFT + place * step:.1f}" y="{height - 6}">{escape(labels[place])}</text>'
        for place in range(0, len(counts), max(1, round(_MARKS / step)))
        if _LEFT + place * step < width - _MARKS / 2
    )
    return (
        f'<svg class="timeline" viewBox="0 0 {width} {height}" role="img" aria-labelledby="timeline-title" aria-describedby="timeline-text">'
        f'<title id="timeline-title">{escape(title)}</title><desc id="timeline-text">{escape(description)}</desc>'
        f'<g aria-hidden="true"><text x="{_LEFT - 8}" y="{_TOP + 10}" text-anchor="end">{most:,}</text>'
        f'<text x="{_LEFT - 8}" y="{_TOP + room}" text-anchor="end">0</text>'
        f'<path class="axis" d="M{_LEFT} {_TOP}V{_TOP + room}H{width}"/>{marks}{"".join(parts)}</g></svg>'
    )
