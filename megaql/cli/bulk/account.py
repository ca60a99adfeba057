"""What bulk work did or would do, in words, on standard error.

A maintainer keeps one rule: of every message that was selected and is not where it was to go, it is said where it is and what to do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql.cli.reading.report import CUT_SHORT
from megaql.cli.status import Status
from megaql.cli.terminal.amounts import messages
from megaql.cli.terminal.lines import broken
from megaql.cli.terminal.style import Style, harmless
from megaql.scan.budget import StopReason

if TYPE_CHECKING:
    from megaql.cli.bulk.order import Prepared
    from megaql.cli.environment import Environment
    from megaql.cli.reading.source import Reading
    from megaql.scan.bulk.report import BulkReport, NotDone

#: What was done, in one word.
PAST: Final = {"redrive": "redriven", "move": "moved", "copy": "copied", "delete": "deleted"}


def say(world: Environment, line: str, *, dim: bool = False) -> None:
    """Write a line for the person, broken between words where the terminal ends; a path stays in one piece."""
    for part in broken(line, world.width, "  "):
        world.say(Style(on=world.colors(stderr=True))(part, dim=dim))


def shown_path(path: str) -> str:
    """Return a path as people write it, with `~` for their home."""
    home = str(Path.home())
    return f"~{path.removeprefix(home)}" if path.startswith(f"{home}{os.sep}") else path


def way(job: Prepared) -> str:
    """Return from where to where: `from orders-dlq to orders`."""
    to = f" to {job.ends.destination_name}" if job.work.destination is not None else ""
    return harmless(f"from {job.ends.source_name}{to}")


def dry_run(job: Prepared, report: BulkReport) -> list[str]:
    """Return the lines of a dry run."""
    verb = PAST[job.order.command]
    lines = [f"dry run: {messages(report.planned)} would be {verb} {way(job)}; nothing was sent or deleted"]
    seen, total = report.scan.seen, report.scan.total or 0
    if report.scan.stopped_because in CUT_SHORT and seen and total > seen:
        lines.append(f"of the {seen:,} that were looked at; of all it may be about {report.planned * total // seen:,}")
    lines += _left(job, report)
    if job.order.plan is not None:
        lines.append(
            f"the plan is in {harmless(job.order.plan)}; the same command with --plan and --apply touches those only"
        )
    elif report.planned:
        lines.append("the same command with --apply does it")
    return lines


def applied(job: Prepared, report: BulkReport, log: str) -> list[str]:
    """Return the lines of a run."""
    lines = [f"{PAST[job.order.command]} {messages(report.done)} {way(job)}"]
    if report.resumed and job.work.destination is not None:
        lines.append(f"of these sent by an earlier run, as its log says: {report.resumed:,}")
    lines += _left(job, report)
    if report.undeleted and job.work.destination is not None:
        lines.append(
            f"sent and not deleted, so that they are in both places: {report.undeleted:,}; "
            f"the same command with --log {harmless(shown_path(log))} deletes them and sends nothing twice"
        )
    elif report.undeleted:
        lines.append(f"not deleted: {report.undeleted:,}")
    return lines


def status(job: Prepared, report: BulkReport, now: Reading) -> int:
    """Return the exit status of a run, dry or not."""
    if now.stop:
        return now.stop.exit_status
    left = report.failed or report.held_back or report.changed or report.missing
    partial = left or report.undeleted or report.scan.bad_lines
    cut = report.scan.stopped_because in CUT_SHORT and not job.order.scan
    return Status.PARTIAL if partial or cut or _held_up(job, report) else Status.DONE


def _left(job: Prepared, report: BulkReport) -> list[str]:
    """Return what is said of messages that stay where they are, against the wish of who gave the order."""
    lines = []
    if report.failed:
        verb = "cannot be sent as they would be" if not job.order.apply else "not sent, and still where they were"
        lines.append(f"{verb}: {report.failed:,}")
        lines += [_not_done(one) for one in report.first_failures]
        if report.failed > len(report.first_failures):
            lines.append(f"  and {report.failed - len(report.first_failures):,} more")
    if report.changed:
        lines.append(f"left alone, for their bodies are not the plan's: {report.changed:,}")
    if report.held_back:
        verb = "to be held back" if not job.order.apply else "held back"
        lines.append(
            f"{verb} behind these, in their message groups, so that nothing overtakes them: {report.held_back:,}"
        )
    if report.missing:
        lines.append(f"of the plan, not found: {report.missing:,}")
    scan = report.scan
    if scan.stopped_because is StopReason.HEADROOM and scan.total and scan.total > scan.seen:
        lines.append(f"about {scan.total - scan.seen:,} more were not looked at; --hold N lets more be held meanwhile")
    if report.late:
        lines.append(f"left alone, for they were sent after this began: {report.late:,}")
    if _held_up(job, report):
        lines.append(
            "what stands behind a message that stays where it is, in its group of this FIFO queue, could not be reached"
        )
    return lines


def _not_done(one: NotDone) -> str:
    behind = f"; held back behind it: {one.held_back:,}" if one.held_back else ""
    return f"  {harmless(one.id or 'a message')}: {harmless(one.why)}{behind}"


def _held_up(job: Prepared, report: BulkReport) -> bool:
    """Whether messages of a FIFO queue were out of reach, behind others of their group that are held."""
    source, scan = job.work.source, report.scan
    stays = scan.seen - report.deleted
    ended = scan.stopped_because in {StopReason.EMPTY, *CUT_SHORT}
    return bool(source and source.fifo and ended and stays and scan.total and scan.seen < scan.total)
