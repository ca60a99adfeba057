"""The words that the picture and the page of `stats` share: times of columns, and what is counted together.

A maintainer keeps one rule: what both say is said here, so that the page never tells another story than the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.cli.terminal import amounts
from megaql.plural import counted
from megaql.scan.survey.stats import at

if TYPE_CHECKING:
    from megaql.cli.environment import Environment
    from megaql.scan.survey.breakdown import Breakdown, Rest
    from megaql.scan.survey.timeline import Frame

_DAY: Final = 86_400_000
_MINUTE: Final = 60_000
_SECOND: Final = 1_000


def span(frame: Frame) -> str:
    """Return how long a column of a timeline is."""
    return amounts.span(frame.width / _SECOND)


def marks(frame: Frame, world: Environment) -> list[str]:
    """Return when each column begins, on the clock of the wall: with the day over a long time, with milliseconds over a short one."""
    form = "%H:%M" if frame.width >= _MINUTE else "%H:%M:%S"
    if frame.columns * frame.width >= _DAY:
        form = f"%m-%d {form}"
    shown = [world.local_time(at(start), form) for start in frame.starts]
    if frame.width >= _SECOND:
        return shown
    return [f"{mark}.{start % _SECOND:03d}" for mark, start in zip(shown, frame.starts, strict=True)]


def distinct(one: Breakdown, noun: str) -> str:
    """Return how many different values there are, as far as they were told apart."""
    more = "more than " if one.others else ""
    return more + counted(one.distinct, noun)


def rest(left: Rest) -> str:
    """Name what is counted together: values beyond the ones shown, and those too many to tell apart."""
    words = counted(left.values, "other value") if left.values else ""
    if left.exact:
        return words
    return f"{words} and more" if words else "other values"
