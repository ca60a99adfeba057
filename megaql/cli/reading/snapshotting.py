"""What `snapshot` does with each message: judge it, mask it, write it.

A maintainer keeps one rule: a message is masked before it is anywhere but in this process's memory.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from megaql.cli.messages.fields import read_field
from megaql.cli.reading.report import CUT_SHORT
from megaql.cli.reading.source import consent, reading
from megaql.cli.status import Status
from megaql.cli.terminal.amounts import messages
from megaql.cli.terminal.style import harmless
from megaql.lang.verdict import Verdict
from megaql.plural import counted
from megaql.scan.budget import StopReason
from megaql.scan.bulk.engine import side_by_side, turn_of
from megaql.scan.masking import Masks
from megaql.scan.snapshotfile import SnapshotFile
from megaql.scan.target import QueueSource, open_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment
    from megaql.cli.reading.source import Reading, Wanted
    from megaql.query import Query


def write(
    world: Environment,
    target: str,
    connection: Connection,
    wanted: Wanted,
    *,
    file: str,
    query: Query | None,
    mask: Sequence[str],
) -> int:
    """Write the messages of a target into a file and return the exit status."""
    masks = Masks([read_field(text, "--mask").path for text in mask]) if mask else None
    source = open_source(target, connection)
    looked = None
    if isinstance(source, QueueSource):
        # A FIFO queue is read with one receive, as every look at one is: a message that is held holds up its group.
        fifo, fast = source.queue.fifo, side_by_side(source.queue)
        wanted = replace(
            wanted, extend=not fifo, turn=turn_of(source.queue), side_by_side=fast, expected=StopReason.EMPTY
        )
        looked = consent(world, source.queue, wanted)
    out = SnapshotFile(file)
    with ExitStack() as stack:
        stack.callback(lambda: world.say(f"wrote {messages(out.count)} to {harmless(file)}") if out.count else None)
        stack.enter_context(out)
        now = stack.enter_context(reading(world, source, connection, wanted, looked=looked))
        for message in now:
            verdict = query.evaluate(message) if query is not None else Verdict.MATCH
            now.tally(verdict)
            if verdict is Verdict.MATCH:
                out.add(masks.masked(message) if masks is not None else message)
    if not out.count:
        world.say(f"wrote no message to {harmless(file)}")
    return _status(world, now)


def _status(world: Environment, now: Reading) -> int:
    report = now.scan.report
    cut = report.stopped_because in {*CUT_SHORT, StopReason.LEASE, StopReason.RECEIVES}
    if now.status() == Status.DONE and cut and report.total is not None and report.seen < report.total:
        world.say(
            f"this is not the whole queue: about {counted(report.total - report.seen, 'message is', 'messages are')} not in it"
        )
        return Status.PARTIAL
    return now.status()
