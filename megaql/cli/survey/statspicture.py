"""The numbers of many messages as a picture in characters: ranked values, a timeline, a funnel, sizes, ages, receive counts.

A maintainer keeps one rule: every bar stands beside the number it shows, so that the picture can be read aloud.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.cli.survey import statswords
from megaql.cli.terminal import amounts, charts
from megaql.cli.terminal.style import harmless
from megaql.lang.neartext import BARS, Look, Piece, percent
from megaql.lang.verdict import Verdict
from megaql.lang.wrapping import clip, wrap
from megaql.plural import counted
from megaql.source import width as cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from megaql.cli.environment import Environment
    from megaql.scan.survey.amounts import Amounts, Range
    from megaql.scan.survey.breakdown import Breakdown
    from megaql.scan.survey.stats import Stats
    from megaql.scan.survey.timeline import Frame

#: Columns of a sparkline, by the columns there are at least.
SPARKS: Final = ((100, 24), (76, 14), (0, 0))

#: From so many columns on, sizes, ages and receive counts stand beside each other.
BESIDE: Final = 110

#: A picture is made no wider: longer bars say no more. Columns.
MAX_WIDTH: Final = 132

#: A column of the timeline is no thicker. Columns of the screen.
MAX_THICK: Final = 6

#: Columns that a value is given at least.
MIN_LABEL: Final = 16

_Lines = list[list[Piece]]


def lines(stats: Stats, top: int, world: Environment) -> Iterator[Sequence[Piece]]:
    """Draw the numbers in the width of the environment."""
    page = _Page(stats, top, world, min(world.width, MAX_WIDTH))
    yield from page.heading()
    if not stats.seen:
        return
    parts = [*(page.breakdown(one) for one in stats.breakdowns), page.timeline(), page.funnel(), *page.amounts()]
    for part in parts:
        if part:
            yield []
            yield from part


class _Page(NamedTuple):
    """What is drawn, and in how many columns."""

    stats: Stats
    top: int
    world: Environment
    width: int

    def heading(self) -> _Lines:
        stats = self.stats
        text = counted(stats.seen, "message")
        kinds = [f"{count:,} {kind}" for kind, count in stats.kinds.most_common()]
        text += f": {', '.join(kinds)}" if kinds else ""
        shown = [[Piece(line, Look.HEADING)] for line in wrap(text, self.width)]
        if stats.query and stats.seen:
            counts = [f"{stats.verdicts[verdict]:,} {verdict.value}" for verdict in Verdict]
            text = f"{', '.join(counts)}  ({charts.MATCHED} match  {charts.OTHER} other)"
            shown += ([Piece(line)] for line in wrap(text, self.width))
        return shown

    def breakdown(self, one: Breakdown) -> _Lines:
        """Draw the most frequent values of a path: count, share, bar, sparkline, value."""
        rows, rest = one.rows(self.top), one.rest(self.top)
        frame = self.stats.frame(self._room(SPARKS))
        wide = f"; a mark is {statswords.span(frame)}" if frame is not None and frame.columns > 1 else ""
        shown = _titled(harmless(one.name), f"{statswords.distinct(one, 'value')}{wide}", self.width)
        most = max((row.tally.count for row in rows), default=0)
        for row in rows:
            look = Look.EXAMPLE if row.term.kind == "missing" else Look.CLAUSE
            line = self.stats.row(frame, row.tally.series) if frame is not None and frame.columns > 1 else []
            shown.append(self._row(row.tally.count, row.tally.matched, most, Piece(row.term.label, look), line))
        if rest.count:
            shown.append(self._row(rest.count, rest.matched, 0, Piece(statswords.rest(rest), Look.EXAMPLE)))
        if not one.distinct:
            shown += self._remark("no message has this path; `megaql schema` says which ones there are", Look.HINT)
        if one.several:
            shown += self._remark(f"{one.several:,} with several values count for each", Look.EXAMPLE)
        return shown

    def _row(self, count: int, matched: int, most: int, label: Piece, line: Sequence[int] | None = None) -> list[Piece]:
        """Draw a count with its share, bar and label, and a sparkline where there is one; `most` 0 leaves the bar out."""
        digits = len(f"{self.stats.seen:,}")
        full = self._room(BARS)
        pieces = [Piece(f"  {count:>{digits},}  {percent(count, self.stats.seen):>4}  ", Look.COUNT)]
        if not most:
            pieces.append(Piece(" " * full))
        elif self.stats.query:
            pieces += charts.two_tones(matched, count, most, full)
        else:
            pieces += charts.one_tone(count, most, full)
        if line is not None:
            pieces.append(Piece(f"  {charts.sparkline(line):<{len(line)}}", Look.HINT))
        elif (frame := self.stats.frame(self._room(SPARKS))) is not None and frame.columns > 1 and not most:
            pieces.append(Piece(" " * (frame.columns + 2)))
        used = sum(cells(piece.text) for piece in pieces) + 2
        text = clip(harmless(label.text), max(self.width - used, MIN_LABEL))
        return [*pieces, Piece("  "), Piece(text, label.look)]

    def _room(self, sizes: Sequence[tuple[int, int]]) -> int:
        return next(size for least, size in sizes if self.width >= least)

    def timeline(self) -> _Lines:
        """Draw the messages over time, a column for each part of it."""
        stats, world = self.stats, self.world
        digits = len(f"{stats.seen:,}") + 3
        frame = stats.frame(max(self.width - digits - 1, 10))
        if frame is None or stats.first is None or stats.last is None:
            return []
        counts = stats.row(frame)
        matched = stats.row(frame, stats.matched_series) if stats.query else None
        form = "%Y-%m-%d %H:%M" if frame.width >= 60_000 else "%Y-%m-%d %H:%M:%S"
        first, last = (world.local_time(moment, form) for moment in (stats.first, stats.last))
        both = f"  {charts.BOTH} both" if matched is not None and charts.uses_both(counts, matched) else ""
        if frame.columns == 1:
            return [*_titled("over time", f"all at {first}", self.width), *self._strays(frame)]
        shown = _titled("over time", f"{first} to {last}; a column is {statswords.span(frame)}{both}", self.width)
        thick = max(1, min(MAX_THICK, (self.width - digits) // frame.columns))
        for place, line in enumerate(charts.columns(counts, matched, thick)):
            number = f"{max(counts):,}" if place == 0 else ""
            shown.append([Piece(f"{number:>{digits - 2}} │", Look.COUNT), *line])
        axis = f"{'0':>{digits - 2}} └{'─' * (frame.columns * thick)}"
        return [*shown, [Piece(axis, Look.COUNT)], [Piece(self._axis(frame, digits, thick))], *self._strays(frame)]

    def _axis(self, frame: Frame, margin: int, thick: int) -> str:
        """Return the times below the columns: as many as have room."""
        text = " " * margin
        for place, mark in enumerate(statswords.marks(frame, self.world)):
            column = margin + place * thick
            if column + len(mark) <= self.width and (place == 0 or column >= len(text) + 6):
                text = f"{text:<{column}}{mark}"
        return text

    def _strays(self, frame: Frame) -> _Lines:
        """Say what the timeline leaves out."""
        stats = self.stats
        shown: _Lines = []
        for count, word, moment in ((frame.before, "before", stats.first), (frame.after, "after", stats.last)):
            if count and moment is not None:
                when = self.world.local_time(moment, "%Y-%m-%d %H:%M")
                end = "the first" if word == "before" else "the last"
                shown += self._remark(f"not shown: {count:,} {word} that, {end} at {when}", Look.REASON)
        if stats.undated:
            shown += self._remark(f"{stats.undated:,} without a time", Look.EXAMPLE)
        return shown

    def _remark(self, text: str, look: Look) -> _Lines:
        return [[Piece(f"  {line}", look)] for line in wrap(text, self.width - 2)]

    def funnel(self) -> _Lines:
        """Draw how far messages got in the query."""
        funnel = self.stats.funnel
        if funnel is None:
            return []
        shown = _titled("funnel", "how far messages get in the query", self.width)
        steps = [("all messages", self.stats.seen), *((step.clause, step.count) for step in funnel.steps())]
        for place, (clause, count) in enumerate(steps):
            word = f"{funnel.connective} " if place > 1 else ""
            shown.append(self._bar_row(count, self.stats.seen, self.stats.seen, word + clause, self.width))
        return shown

    def amounts(self) -> list[_Lines]:
        """Draw sizes, ages and receive counts, beside each other where there is room."""
        stats = self.stats
        beside = self.width >= BESIDE
        room = (self.width - 4) // 3 if beside else self.width
        parts = [
            self._amounts("size", stats.sizes, amounts.size, "largest", amounts.label, room),
            self._amounts("age", stats.ages, amounts.span, "oldest", amounts.label, room),
            self._amounts("receive count", stats.receives, amounts.count, "most", amounts.count_label, room),
        ]
        parts = [part for part in parts if part]
        return [_beside(parts, room)] if beside and len(parts) > 1 else parts

    def _amounts(
        self,
        name: str,
        counted: Amounts,
        say: Callable[[float], str],
        largest: str,
        label: Callable[[Range, Callable[[float], str]], str],
        room: int,
    ) -> _Lines:
        if not counted.count:
            return []
        shown = _titled(name, amounts.summary(counted, say, largest), room, apart=room < self.width)
        ranges = counted.ranges()
        most = max(one.count for one in ranges)
        return shown + [self._bar_row(one.count, counted.count, most, label(one, say), room) for one in ranges]

    def _bar_row(self, count: int, whole: int, most: int, label: str, room: int) -> list[Piece]:
        digits = len(f"{self.stats.seen:,}")
        start = f"  {count:>{digits},}  {percent(count, whole):>4}  "
        full = next(size for least, size in BARS if room >= least)
        text = clip(harmless(label), max(room - len(start) - full - 2, MIN_LABEL))
        return [Piece(start, Look.COUNT), *charts.one_tone(count, most, full), Piece("  "), Piece(text, Look.CLAUSE)]


def _titled(title: str, text: str, width: int, *, apart: bool = False) -> _Lines:
    """Return a heading with words beside it, or below it where there is no room or they are to stand `apart`."""
    if not apart and cells(title) + cells(text) + 2 <= width:
        return [[Piece(title, Look.HEADING), Piece(f"  {text}")]]
    return [[Piece(line, Look.HEADING)] for line in wrap(title, width)] + [[Piece(line)] for line in wrap(text, width)]


def _beside(parts: Sequence[_Lines], room: int) -> _Lines:
    """Put blocks side by side."""
    rows: _Lines = []
    for row in zip_longest(*parts, fillvalue=None):
        joined: list[Piece] = []
        for place, line in enumerate(row):
            pieces = line or []
            joined += pieces
            if place < len(row) - 1:
                joined.append(Piece(" " * (room + 2 - sum(cells(piece.text) for piece in pieces))))
        rows.append(joined)
    return rows
