"""Charts of characters: sparklines, bars in two tones, columns over time.

A maintainer keeps one rule: the two tones are different characters, so that they are told apart without colours; what is not nothing is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.lang.neartext import Look, Piece, bar

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Heights of a character, from nothing to all.
_LEVELS: Final = " ▁▂▃▄▅▆▇█"

#: The tones: what matches, what does not, and a cell that has both.
MATCHED, OTHER, BOTH = "█", "░", "▒"

#: How many lines the columns of a timeline are high.
HEIGHT: Final = 7


def sparkline(counts: Sequence[int]) -> str:
    """Return a line of characters as high as the counts, the largest being full."""
    most = max(counts, default=0)
    return "".join(_LEVELS[max(1, round(8 * count / most))] if count else " " for count in counts)


def two_tones(matched: int, count: int, most: int, full: int) -> list[Piece]:
    """Return a bar of `full` cells for `most`: first what matches, then the rest."""
    whole = max(1, round(full * count / most)) if count else 0
    first = min(whole, max(1, round(full * matched / most))) if matched else 0
    if first == whole and matched < count and whole > 1:
        first -= 1
    mixed = first == whole and 0 < matched < count
    solid = (BOTH if mixed else MATCHED) * first
    return [Piece(solid, Look.BAR), Piece(OTHER * (whole - first), Look.EXAMPLE), Piece(" " * (full - whole))]


def one_tone(count: int, most: int, full: int) -> list[Piece]:
    """Return a bar of `full` cells for `most`, exact to an eighth of a cell."""
    return [Piece(f"{bar(count / most if most else 0, full):<{full}}", Look.BAR)]


def columns(counts: Sequence[int], matched: Sequence[int] | None, thick: int) -> list[list[Piece]]:
    """Return the lines of a chart, the top one first: a column of `thick` cells a count; of two tones with `matched`."""
    most = max(counts, default=0) or 1
    lines: list[list[Piece]] = []
    for row in reversed(range(HEIGHT)):
        line: list[Piece] = []
        for place, count in enumerate(counts):
            cell = _cell(count, most, row) if matched is None else _toned(matched[place], count, most, row)
            line.append(Piece(cell * thick, Look.EXAMPLE if cell == OTHER else Look.BAR))
        lines.append(line)
    return lines


def _cell(count: int, most: int, row: int) -> str:
    eighths = max(1, round(count / most * HEIGHT * 8)) if count else 0
    return _LEVELS[min(max(eighths - 8 * row, 0), 8)]


def _toned(matched: int, count: int, most: int, row: int) -> str:
    """Return the character of a cell: of the matched messages at the bottom, of the others on top of them."""
    high = max(1, round(count / most * HEIGHT)) if count else 0
    low = round(matched / most * HEIGHT)
    if row >= high:
        return " "
    if matched == count:
        return MATCHED
    low = min(max(low, 1 if matched else 0), max(high - 1, 1))
    if high == 1 and matched:
        return BOTH
    return MATCHED if row < low else OTHER


def uses_both(counts: Sequence[int], matched: Sequence[int]) -> bool:
    """Say whether `columns` has cells of both tones."""
    most = max(counts, default=0) or 1
    return any(_toned(one, count, most, 0) == BOTH for one, count in zip(matched, counts, strict=True))
