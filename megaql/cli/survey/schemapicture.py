"""The shape of many messages as lines: a path, in how many messages, the kinds of its values, and what is to be said of them.

A maintainer keeps one rule: a path is never cut, because it is there to be copied into a query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.cli.terminal.style import harmless
from megaql.lang.neartext import Look, Piece, percent
from megaql.lang.wrapping import clip, wrap
from megaql.plural import counted
from megaql.scan.survey.shape import SHARED
from megaql.scan.survey.terms import term_of
from megaql.source import width as cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.scan.survey.shape import Place, Shape

#: The part of the width that the paths get at most; a longer path has a line to itself.
PATHS: Final = 0.42

#: The columns that kinds get at most.
KINDS: Final = 25

#: The columns of the share, with the gaps at its sides.
SHARE: Final = 9

#: Columns that remarks are given at least.
MIN_ROOM: Final = 20

#: Lines that the remarks on one path may take.
REMARK_LINES: Final = 3

#: A value is cut to so many columns where it is one of several.
VALUE: Final = 32


def lines(shape: Shape, title: str, samples: int, width: int) -> Iterator[Sequence[Piece]]:
    """Draw a shape in so many columns."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in shape.kinds.most_common())
    seen = counted(shape.seen, "message")
    heading = ": ".join(filter(None, (f"{title}, {seen}" if title else seen, kinds)))
    for line in wrap(harmless(heading), width):
        yield [Piece(line, Look.HEADING)]
    places = [place for place in shape.places() if not _only_holds(place)]
    if not places:
        return
    yield []
    paths = min(max(cells(harmless(place.text)) for place in places), int(width * PATHS))
    kinds_room = min(max(len(_kinds(place)) for place in places), KINDS)
    for place in places:
        yield from _place(place, samples, paths, kinds_room, width)
    if shape.left_out:
        yield []
        yield [
            Piece(
                counted(
                    shape.left_out, "value at a further path is not shown", "values at further paths are not shown"
                ),
                Look.REASON,
            )
        ]


def _only_holds(place: Place) -> bool:
    """Whether a place is an object and nothing else, of which the places in it say all."""
    return set(place.spot.kinds) == {"object"} and bool(place.spot.inside) and not place.spot.is_map


def _place(place: Place, samples: int, paths: int, kinds: int, width: int) -> Iterator[Sequence[Piece]]:
    path = harmless(place.text)
    share = ("~" if place.spot.about else "") + percent(place.spot.messages, place.within)
    words = _kinds(place)
    room = paths - cells(path)
    if room < 0:
        yield [Piece(path, Look.CLAUSE)]
    head = [Piece(path, Look.CLAUSE), Piece(" " * room)] if room >= 0 else [Piece(" " * paths)]
    start = [*head, Piece(f"  {share:>5}  ", Look.COUNT), Piece(f"{words:<{kinds}}  ", Look.FOUND)]
    used = sum(cells(piece.text) for piece in start)
    under = paths + SHARE
    remarks = [(look, harmless(text)) for look, text in _remarks(place, samples)]
    if remarks and cells(remarks[0][1]) <= width - used:
        look, text = remarks.pop(0)
        start.append(Piece(text, look))
    yield start
    for look, text in remarks:
        for row in wrap(text, max(width - under, MIN_ROOM), most=REMARK_LINES):
            yield [Piece(" " * under), Piece(row, look)]


def _kinds(place: Place) -> str:
    """Return the kinds with their shares, the most frequent first."""
    kinds = place.spot.kinds.most_common()
    if len(kinds) == 1:
        return kinds[0][0]
    return ", ".join(f"{name} {percent(count, place.spot.values)}" for name, count in kinds)


def _remarks(place: Place, samples: int) -> Iterator[tuple[Look, str]]:
    spot = place.spot
    if spot.is_map:
        yield Look.REASON, "its keys are data"
    if spot.kinds["array"] and spot.longest is not None and set(spot.kinds) <= {"array", "null"}:
        yield Look.FOUND, _counted(spot.shortest or 0, spot.longest, "element")
    enum = place.enum
    if enum:
        rare = len(spot.terms) - len(enum)
        text = ", ".join(clip(term.label, VALUE) for term, _ in enum)
        more = f", and {rare} that fewer than {SHARED} messages have" if rare else ""
        yield Look.FOUND, f"{'one of ' if len(spot.terms) > 1 else 'always '}{text}{more}"
    elif place.look:
        yield Look.FOUND, _SAID.get(place.look, place.look)
    if place.suggestion:
        yield Look.HINT, f"compare with {place.suggestion}"
    if samples:
        if spot.least is not None and spot.least != spot.most:
            yield Look.EXAMPLE, f"{_number(spot.least)} to {_number(spot.most)}"
        if spot.terms and not enum:
            yield Look.EXAMPLE, "e.g. " + ", ".join(clip(term.label, VALUE) for term in place.samples(samples))


#: How a look is called where many texts have it.
_SAID: Final = {
    "number": "numbers as text",
    "date": "days",
    "date and time": "dates and times",
    "uuid": "UUIDs",
    "email": "email addresses",
    "url": "URLs",
    "arn": "ARNs",
    "ip address": "IP addresses",
    "hexadecimal": "hexadecimal digits",
}


def _number(value: object) -> str:
    """Write a number as it is counted, which is short however large it is."""
    return clip(term_of(value).text, VALUE)


def _counted(least: int, most: int, noun: str) -> str:
    return f"{least:,} to {most:,} {noun}s" if least != most else counted(most, noun)
