"""Near misses as lines of text of any width, each a row of words with a look that repeats what they say.

A maintainer keeps one rule: `str()` and the command line show the same lines; only the command line has colours for the looks.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from megaql.lang.nodes import Not
from megaql.lang.printer import to_text
from megaql.lang.verdict import Verdict
from megaql.lang.wrapping import clip, wrap
from megaql.plural import counted
from megaql.source import width as cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.lang.nearmiss import Misses, NearMisses
    from megaql.lang.nearvalues import NearValue

#: Columns that `str()` fits in.
WIDTH: Final = 80

#: Values, reasons and places shown of one clause, each.
SHOWN: Final = 3

#: Lines that one clause may take; the rest of a longer one is cut.
CLAUSE_LINES: Final = 3

#: Columns that words are given at least, however narrow the screen.
MIN_ROOM: Final = 24

#: Columns of a bar that is full, by the columns there are at least.
BARS: Final = ((100, 40), (60, 20), (0, 8))


class Look(Enum):
    """What a piece of a line is."""

    PLAIN = "plain"
    HEADING = "heading"
    COUNT = "count"
    BAR = "bar"
    CLAUSE = "clause"
    FOUND = "found"
    REASON = "reason"
    HINT = "hint"
    EXAMPLE = "example"


class Piece(NamedTuple):
    """Words of one look."""

    text: str
    look: Look = Look.PLAIN


def lines(misses: NearMisses, width: int = WIDTH) -> Iterator[Sequence[Piece]]:
    """Write near misses in so many columns."""
    counts = [f"{misses.verdicts[verdict]:,} {verdict.value}" for verdict in Verdict]
    messages = counted(misses.seen, "message")
    yield from _heading(f"{messages}: {', '.join(counts)}", width)
    if not misses.seen:
        return
    yield []
    yield from _funnel(misses, width)
    missed = misses.seen - misses.verdicts[Verdict.MATCH]
    if not missed:
        return
    page = _Page(width, max(len(f"{max(one.alone, one.together):,}") for one in misses.clauses))
    alone = [one for one in misses.ranked if one.alone]
    together = [one for one in misses.ranked if not one.alone]
    if alone:
        verb = "was" if misses.alone == 1 else "were"
        yield []
        yield from _heading(
            f"near misses: {misses.alone:,} of the {missed:,} that did not match {verb} kept out by one clause alone",
            width,
        )
        for one in alone:
            yield from page.clause(one)
    if together:
        yield []
        none = "no message was kept out by one clause alone, but together by:"
        yield from _heading("kept out only together with others:" if alone else none, width)
        for one in together:
            yield from page.clause(one)


def _heading(text: str, width: int) -> Iterator[Sequence[Piece]]:
    return ([Piece(line, Look.HEADING)] for line in wrap(text, max(width, MIN_ROOM)))


def plain(line: Sequence[Piece]) -> str:
    """Return a line without looks."""
    return "".join(piece.text for piece in line).rstrip()


def _funnel(misses: NearMisses, width: int) -> Iterator[Sequence[Piece]]:
    """Draw how far messages got: a bar for each clause of the outermost `and` or `or`, in the order of the text."""
    full = next(bar for least, bar in BARS if width >= least)
    digits = len(f"{misses.seen:,}")
    steps = [("all messages", misses.seen), *((step.clause, step.count) for step in misses.funnel)]
    for position, (clause, count) in enumerate(steps):
        word = f"{misses.connective} " if position > 1 else ""
        share = percent(count, misses.seen)
        start = f"  {count:>{digits},}  {share:>4}  "
        shown = f"{bar(count / misses.seen, full):<{full}}  "
        room = max(width - len(start) - len(shown), MIN_ROOM)
        yield [Piece(start, Look.COUNT), Piece(shown, Look.BAR), Piece(clip(word + clause, room), Look.CLAUSE)]


def percent(count: int, whole: int) -> str:
    """Return a part in whole percents, rounded down; what is not nothing is not called nothing."""
    found = 100 * count // whole if whole else 0
    return f"{found}%" if found or not count else "<1%"


#: Eighths of a column.
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def bar(share: float, full: int) -> str:
    """Return a bar of so many columns for a share from 0 to 1; what is not nothing is seen."""
    eighths = max(1, round(share * full * 8)) if share else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


class _Page(NamedTuple):
    """How wide lines are, and how many digits a count may have."""

    width: int
    digits: int

    def clause(self, one: Misses, margin: str = "  ") -> Iterator[Sequence[Piece]]:
        """Write a clause with the messages it kept out, and beneath it by which values and why."""
        outer = margin == "  "
        text = to_text(Not(one.node)) if one.negated else one.clause
        text = text if outer else f"in the nearest element: {text}"
        if one.alone and one.together:
            text += f"  ({one.together:,} more with others)"
        yield from self._row(margin, one.alone or one.together, Piece(text, Look.CLAUSE), most=CLAUSE_LINES)
        inner = margin + " " * self.digits + "    "
        for piece, count, example in _found(one):
            yield from self._row(inner, count, piece, example)
        for inside in sorted(one.inside, key=lambda inside: (-inside.alone, -inside.together)):
            if inside.alone or inside.together:
                yield from self.clause(inside, inner)

    def _row(
        self, margin: str, count: int, piece: Piece, example: str = "", *, most: int | None = None
    ) -> Iterator[Sequence[Piece]]:
        """Write a count, and beside it words that are wrapped, with an example at their end."""
        number = f"{count:,}" if count else ""
        start = f"{margin}{number:>{self.digits}}  "
        room = max(self.width - len(start), MIN_ROOM)
        wrapped = wrap(piece.text, room, most=most)
        rows = [[Piece(text, piece.look)] for text in wrapped]
        if example:
            words = f"e.g. {example}"
            if cells(wrapped[-1]) + 2 + len(words) <= room:
                rows[-1].append(Piece(f"  {words}", Look.EXAMPLE))
            else:
                rows.append([Piece(words, Look.EXAMPLE)])
        for position, row in enumerate(rows):
            yield [Piece(" " * len(start) if position else start, Look.COUNT), *row]


def _found(one: Misses) -> Iterator[tuple[Piece, int, str]]:
    """Yield what is said of a clause: the nearest values, why it was unknown, and what stands where something was missing."""
    values = one.values.nearest()
    for value in values[:SHOWN]:
        yield Piece(_value(value), Look.FOUND), value.count, str(value.example)
    rest = sum(value.count for value in values[SHOWN:]) + one.values.others
    if rest:
        yield Piece("other values", Look.FOUND), rest, ""
    for reason in one.unknown[:SHOWN]:
        yield Piece(f"because {reason.text}", Look.REASON), reason.count, str(reason.example)
        if reason.hint:
            yield Piece(f"hint: {reason.hint}", Look.HINT), 0, ""
    for place in one.instead[:SHOWN]:
        yield Piece(f"{place.hint} is there, not {place.text}", Look.HINT), place.count, str(place.example)


def _value(one: NearValue) -> str:
    against = f" against {one.against}" if one.against else ""
    return f"{one.shown}{against}, {one.nearness.remark or one.kind}"
