"""What a command did to a queue, in words, on standard error.

A maintainer keeps one rule: every number of the report that is not as it should be is said; what is zero and should be is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from megaql.cli.status import Status
from megaql.consumer.report import Stopped
from megaql.plural import counted
from megaql.scan.budget import StopReason

if TYPE_CHECKING:
    from megaql.cli.environment import Environment
    from megaql.consumer.report import RunReport
    from megaql.scan.report import ScanReport

#: Ends that need no word: everything was read, or the command had what it wanted.
_EXPECTED: Final = (StopReason.END, StopReason.CALLER)

#: Ends of a scan that leave messages which nobody has looked at, though nobody asked for that.
CUT_SHORT: Final = frozenset({StopReason.HEADROOM, StopReason.LAST_LIFE, StopReason.LATE})


def scan_lines(report: ScanReport, world: Environment, expected: StopReason | None = None) -> list[str]:
    """Return the lines about a scan of a queue or a file; the `expected` end is not said."""
    seen = f"seen {report.seen:,}"
    if report.total is not None:
        seen += f" of about {max(report.total, report.seen):,}"
    head = [seen, f"matched {report.matched:,}"]
    if report.unknown:
        head.append(f"unknown {report.unknown:,}")
    if report.bad_lines:
        head.append(f"unreadable lines {report.bad_lines:,}")
    parts = [f"{report.source}: {', '.join(head)}"]
    if report.stopped_because is not None and report.stopped_because not in (*_EXPECTED, expected):
        parts.append(f"stopped: {report.stopped_because.value}")
    lines = _flow(parts, world.width)
    return [*lines, *_queue_lines(report, world)] if report.total is not None else lines


def _queue_lines(report: ScanReport, world: Environment) -> list[str]:
    """Return what reading did to the queue."""
    parts = []
    if report.received:
        parts.append(f"{counted(report.received, 'receive count')} raised by 1")
    if report.received or report.in_doubt:
        parts.append(f"released {report.released:,}")
    if report.unreleased:
        parts.append(f"{counted(report.unreleased, 'returns', 'return')} by {_returning(report, world)}")
    if report.in_doubt:
        parts.append(f"up to {report.in_doubt:,} more return by {_returning(report, world)}")
    parts.append(counted(report.requests, "request"))
    lines = _flow(parts, world.width)
    if report.repeated:
        lines.append(
            f"{counted(report.repeated, 'came a second time and is', 'came a second time and are')} shown once"
        )
    if report.last_life:
        lines.append(f"on their last life, so that the next receive dead-letters them: {report.last_life:,}")
    if report.release_error:
        lines.append(f"releasing failed: {report.release_error}")
    return lines


def run_lines(report: RunReport) -> list[str]:
    """Return the lines about a consumer's run."""
    names = ("handled", "retried", "rejected", "kept", "unmatched", "unknown", "expired", "returned")
    counts = [f"{name} {getattr(report, name):,}" for name in names if getattr(report, name)]
    # What a process that died had in hand is still in the queue, and hidden.
    left = report.died and report.stopped is Stopped.EMPTY
    stopped = "the queue had no more to give" if left else report.stopped.value
    lines = [", ".join([f"received {report.received:,}", *counts]) + f"; stopped: {stopped}"]
    if report.kept:
        lines.append(
            f"rejected and still in the queue, since no dead-letter queue took them, so that they come again: {report.kept:,}"
        )
    if report.undone:
        lines.append(f"could not be told to the queue, so that they come back when their lease ends: {report.undone:,}")
    if report.died:
        lines.append(
            f"{counted(report.died, 'process', 'processes')} died; what was in hand there is not done, and comes back when its lease ends"
        )
    return lines


def run_status(report: RunReport) -> int:
    """Return the exit status of a consumer's run."""
    if report.signal is not None:
        return 128 + report.signal
    # Somebody waits for the end of a run that ends by itself, and takes it for the whole of the work.
    return Status.PARTIAL if report.died and report.stopped in {Stopped.EMPTY, Stopped.LIMIT} else Status.DONE


def _flow(parts: list[str], width: int) -> list[str]:
    """Join parts into lines that fit, never breaking within a part."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += f"; {part}"
        else:
            lines.append(part)
    return lines


def _returning(report: ScanReport, world: Environment) -> str:
    return world.local_time(report.returning_at) if report.returning_at else "the end of their lease"
