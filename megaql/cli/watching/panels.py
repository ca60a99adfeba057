"""What the program says about the reading: its state on one line, the funnel, the leases.

A maintainer keeps one rule: everything here is text made of what it is given; a state that matters is a word, and a colour only repeats it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from megaql.cli.messages.preview import event_text, id_text
from megaql.cli.terminal.style import harmless
from megaql.lang import neartext
from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from megaql.cli.environment import Environment
    from megaql.cli.watching.session import Watched
    from megaql.scan.watching.sieve import View

#: Leases that are listed; the others are counted.
LISTED: Final = 200

#: The end of a source's name that is shown, so that the counts have room beside it. Characters.
MOST_NAME: Final = 30


def state(watched: Watched, view: View) -> str:
    """Return the line about what is read, what of it matches, and whether reading goes on."""
    kept, seen = len(watched.store), watched.store.last
    parts = [f"{_tail(watched.name)}: seen {seen:,}"]
    if seen > kept:
        parts.append(f"the last {kept:,} kept")
    if view.query is not None:
        parts.append(f"matched {len(view.numbers):,}")
        if unknown := view.verdicts.get(Verdict.UNKNOWN, 0):
            parts.append(f"unknown {unknown:,}")
    if watched.store.last and view.judged < min(kept, seen):
        parts.append(f"judging {view.judged:,}…")
    parts.append(watched.state())
    return harmless("  ".join(parts))


def funnel(view: View, width: int) -> Text:
    """Return how far messages get in the query, and what kept the others out."""
    if view.misses is None or not view.misses.seen:
        return Text("no query: every message is shown" if view.query is None else "nothing was judged yet")
    return Text("\n".join(harmless(neartext.plain(line)) for line in neartext.lines(view.misses, width)))


def leases(watched: Watched, now: float, world: Environment, width: int) -> Text:
    """Return what is held, and when each message returns at the latest."""
    held = watched.held(now)
    if not held:
        return Text("nothing is held")
    first = min(message.lease_deadline or now for message in held) - now
    last = max(message.lease_deadline or now for message in held) - now
    lines = [f"{len(held):,} held; they return in {_seconds(first)} to {_seconds(last)}, or at once when you quit", ""]
    for message in held[:LISTED]:
        left = _seconds((message.lease_deadline or now) - now)
        about = f"{id_text(message)}  {world.when(message.sent_at)}  {event_text(message)}"
        lines.append(harmless(f"{left:>5}  recv {message.receive_count or '?'}  {about}")[:width])
    if len(held) > LISTED:
        lines.append(f"and {len(held) - LISTED:,} more")
    return Text("\n".join(lines))


def _tail(name: str) -> str:
    return name if len(name) <= MOST_NAME else f"…{name[1 - MOST_NAME :]}"


def _seconds(left: float) -> str:
    return f"{max(0, round(left))} s"
