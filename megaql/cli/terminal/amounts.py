"""Amounts in words: bytes, times and counts as people say them.

A maintainer keeps one rule: sizes count 1024 bytes to a KiB, as Amazon's limits do, and a rounded amount is never shown as a limit that it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.scan.survey.amounts import Amounts, Range

_UNITS: Final = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
_TIMES: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def size(amount: float) -> str:
    """Return bytes as `312 B`, `1.5 KiB`, `2 MiB`."""
    unit = next((pair for pair in _UNITS if amount >= pair[0]), None)
    return f"{amount / unit[0]:.3g} {unit[1]}" if unit and amount < 1000 * unit[0] else _plain(amount, unit)


def _plain(amount: float, unit: tuple[int, str] | None) -> str:
    return f"{amount / unit[0]:,.0f} {unit[1]}" if unit else f"{amount:.0f} B"


def span(seconds: float) -> str:
    """Return a time as `5 s`, `2 min`, `1 h 30 min`, `3 d`: its two largest units."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    left = round(seconds)
    parts = []
    for length, name in _TIMES:
        if left >= length:
            parts.append(f"{left // length} {name}")
            left %= length
        elif parts:
            break
    return " ".join(parts[:2])


def count(amount: float) -> str:
    """Return a whole number."""
    return f"{amount:,.0f}"


def messages(amount: int) -> str:
    """Return a number of messages: `1 message`, `2,000 messages`."""
    return counted(amount, "message")


def label(one: Range, say: Callable[[float], str]) -> str:
    """Return a range in words."""
    if one.most is None:
        return f"over {say(one.above)}"
    return f"{say(one.above)} to {say(one.most)}" if one.above else f"up to {say(one.most)}"


def count_label(one: Range, say: Callable[[float], str] = count) -> str:
    """Return a range of whole numbers in words: `1`, `4 to 5`, `over 100`."""
    if one.most is None:
        return f"over {say(one.above)}"
    return say(one.most) if one.above + 1 >= one.most else f"{say(one.above + 1)} to {say(one.most)}"


def summary(amounts: Amounts, say: Callable[[float], str], largest: str) -> str:
    """Return what half and nearly all of them are up to, and the largest; one alone, or all alike, is just said."""
    least, most = amounts.least or 0, amounts.most or 0
    if least == most:
        return f"{'all ' if amounts.count > 1 else ''}{say(most)}"
    half, nearly = amounts.about(0.5) or 0, amounts.about(0.95) or 0
    return f"half up to about {say(half)}, 95% up to about {say(nearly)}, {largest} {say(most)}"
