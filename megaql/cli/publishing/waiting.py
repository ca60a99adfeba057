"""Waiting for what comes of a message that was published: until one that a query matches appears on a queue.

A maintainer keeps two rules. Whatever could refuse the waiting, the queue's settings and the query above all, is asked before anything is published. And the queue
is read as `peek` reads one: everything that was looked at is held until the end, given back then, and received once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from megaql.cli.reading.source import Wanted, consent, reading
from megaql.cli.status import Status
from megaql.cli.terminal.amounts import messages
from megaql.cli.terminal.style import harmless
from megaql.errors import ScanError, ScanRefused
from megaql.lang import neartext
from megaql.lang.nearmiss import Tally
from megaql.lang.verdict import Verdict
from megaql.query import record_of
from megaql.scan.budget import Budget, StopReason
from megaql.scan.target import QueueSource, open_source

if TYPE_CHECKING:
    from megaql.broker.message import Message
    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment
    from megaql.cli.reading.source import Reading
    from megaql.query import Query
    from megaql.scan.preflight import Preflight

#: How long is waited unless something else is said.
WITHIN: Final = timedelta(seconds=30)

#: The queue's clock and this one may differ by so much; what was sent before is none of what came of it.
SKEW: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is waited for, and where: a queue that was looked at and may be read."""

    query: Query
    on: str
    source: QueueSource
    looked: Preflight
    wanted: Wanted
    connection: Connection


def awaited(
    world: Environment,
    query: Query,
    on: str,
    connection: Connection,
    within: timedelta,
    *,
    allow_receives: bool = False,
) -> Awaited:
    """Look at the queue to wait at; raises what keeps it from being read, while nothing has been published yet."""
    source = open_source(on, connection)
    if not isinstance(source, QueueSource):
        raise ScanError(
            "Nothing comes into a file",
            where="megaql publish, --on",
            why=f"{on} is read as a file",
            hint="name the queue where the message should appear, as in --on local:done",
        )
    if source.queue.fifo:
        raise ScanRefused(
            "A FIFO queue cannot be waited at",
            where=source.queue.name,
            why="a message that is held holds up the rest of its group, so that what is waited for might never come",
            hint="subscribe a standard queue of your own to its topic, and wait there",
        )
    wanted = Wanted(
        Budget(limit=1, duration=within), follow=True, allow_receives=allow_receives, expected=StopReason.TIME
    )
    return Awaited(query, on, source, consent(world, source.queue, wanted), wanted, connection)


def wait(world: Environment, what: Awaited, since: datetime) -> int:
    """Wait, say what came, and return the exit status: 0 when the query matched, 1 when the time was up."""
    tally = Tally(what.query.node, now=world.now())
    earlier = fresh = 0
    found: Message | None = None
    with reading(world, what.source, what.connection, what.wanted, looked=what.looked) as now:
        for message in now:
            if message.sent_at is not None and message.sent_at < since - SKEW:
                earlier += 1
                continue
            fresh += 1
            verdict = tally.add(record_of(message)).verdict
            now.tally(verdict)
            if verdict is Verdict.MATCH:
                found = message
                break
    where = harmless(what.on)
    if found is not None:
        _tell_found(world, found, since, where)
        return Status.DONE
    world.say(_not_found(now, what, where, fresh, earlier))
    if fresh:
        for line in neartext.lines(tally.result(), world.width):
            world.say("".join(harmless(piece.text) for piece in line).rstrip())
    return now.stop.exit_status or Status.NO_MATCH


def _tell_found(world: Environment, found: Message, since: datetime, where: str) -> None:
    took = (
        f", {max(0.0, (found.sent_at - since).total_seconds()):.1f} s after publishing began" if found.sent_at else ""
    )
    world.say(f"found {found.id} on {where}{took}")


def _not_found(now: Reading, what: Awaited, where: str, fresh: int, earlier: int) -> str:
    text = f"no message that matches came to {where}"
    reason = now.scan.report.stopped_because
    if reason is StopReason.TIME and what.wanted.budget.duration is not None:
        text += f" within {what.wanted.budget.duration.total_seconds():g} s"
    elif reason is not None:
        text += f"; stopped: {reason.value}"
    text += f"; {messages(fresh)} came" if fresh else "; no message came at all"
    return f"{text}, {earlier:,} had been there before" if earlier else text
