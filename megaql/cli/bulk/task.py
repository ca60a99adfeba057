"""A redrive of everything, left to the service: a message move task, watched to its end.

A maintainer keeps one rule: an interrupt cancels the task and says how far it came, since the task would go on without us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from megaql.broker.move_task import MAX_RATE, MoveTask, NoMoveTasks
from megaql.broker.queue import Queue
from megaql.cli.bulk import account
from megaql.cli.status import Status
from megaql.cli.terminal.amounts import messages
from megaql.cli.terminal.progress import Progress, how_far
from megaql.cli.terminal.style import harmless
from megaql.scan.bulk.task import follow
from megaql.scan.stop import SecondSignal, catch_signals

if TYPE_CHECKING:
    from megaql.broker.move_task import TaskState
    from megaql.cli.bulk.order import Prepared
    from megaql.scan.stop import StopFlag


def move(job: Prepared) -> int | None:
    """Let the service move everything, and return the exit status; None where it cannot, and nothing was done."""
    source, to, rate = job.work.source, job.work.destination, job.work.rate
    if source is None or not isinstance(to, Queue) or (rate or 0) > MAX_RATE:
        return None
    try:
        task = MoveTask.start(source, to, rate=rate)
    except NoMoveTasks as error:
        why = harmless(error.code or type(error).__name__)
        account.say(
            job.world, f"the service does not move messages by itself here ({why}), so they are moved from here"
        )
        return None
    with catch_signals() as stop:
        state = _followed(job, task, stop)
    account.say(job.world, f"redriven {messages(state.moved)} {account.way(job)}; moved by the service itself")
    if state.failure or state.status == "FAILED":
        account.say(
            job.world,
            f"the task failed: {harmless(state.failure or 'the service gave no reason')}; the rest is where it was",
        )
        return Status.PARTIAL
    if stop:
        account.say(job.world, "interrupted: the task was cancelled, and the rest is where it was")
        return stop.exit_status
    return Status.DONE if state.status == "COMPLETED" else Status.PARTIAL


def _followed(job: Prepared, task: MoveTask, stop: StopFlag) -> TaskState:
    progress = Progress(job.world) if job.world.stderr_isatty else None

    def watch(state: TaskState) -> None:
        if progress is not None:
            total = state.total or job.about
            progress.show(
                lambda: how_far(f"redriven {state.moved:,}", state.moved, total, progress.seconds, job.world.width)
            )

    try:
        return follow(task, stop, watch)
    except SecondSignal:
        account.say(job.world, "the task goes on at the service; the same command again says whether it still runs")
        raise
    finally:
        if progress is not None:
            progress.clear()
