"""Redrive, copy, move and delete, from the command line to the report.

A maintainer keeps two rules: nothing is sent or deleted without `--apply`; and nothing is deleted before somebody, on a terminal or with `--yes`, has said
yes to the queue and the count.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from megaql.cli.bulk import account, dryrun
from megaql.cli.bulk.order import prepare
from megaql.cli.configuration.protection import insist, protection_of
from megaql.cli.messages.showing import private_descriptor
from megaql.cli.reading.source import agreed, reading
from megaql.cli.terminal.amounts import messages
from megaql.cli.terminal.progress import Progress, how_far
from megaql.cli.terminal.style import harmless
from megaql.errors import ScanRefused
from megaql.scan.bulk.engine import BulkRun
from megaql.scan.bulk.ledger import Ledger
from megaql.scan.journal import state_home
from megaql.scan.records import to_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from megaql.broker.message import Message
    from megaql.broker.target import Connection
    from megaql.cli.bulk.order import Order, Prepared
    from megaql.cli.environment import Environment
    from megaql.scan.bulk.report import BulkReport


def carry_out(world: Environment, order: Order, connection: Connection) -> int:
    """Do what a command line of bulk work says, and return the exit status."""
    job = prepare(world, order, connection)
    if not order.apply and not order.editor:
        return dryrun.dry_run(job)
    if order.editor:
        from megaql.cli.bulk import edit  # noqa: PLC0415 - only where it is asked for

        plan = edit.edited_plan(job)
        if not order.apply or not plan.messages:
            return edit.tell(job, plan)
        job = job.with_plan(plan)
    if order.deletes:
        _ask(job)
    if order.command == "redrive" and order.takes_all:
        from megaql.cli.bulk import task  # noqa: PLC0415 - only a redrive of everything needs it

        status = task.move(job)
        if status is not None:
            return status
    return _apply(job)


def _ask(job: Prepared) -> None:
    """Ask before messages are deleted, naming the queue and the count. Raises `ScanRefused` unless the answer is yes."""
    question = _question(job)
    if job.work.source is not None and (found := protection_of(job.world, job.work.source)) is not None:
        insist(job.world, job.work.source, found, question, job.order.confirm)
    elif not job.order.yes and not agreed(job.world, question):
        raise ScanRefused(
            "Nothing was done, for nobody agreed to it",
            where=job.ends.source_name,
            why=f"the question is: {question}",
            hint="answer y on a terminal, or pass --yes; without --apply you see which messages it is about",
        )


def _question(job: Prepared) -> str:
    about = job.about or 0
    if job.work.plan is not None:
        what = f"the {messages(len(job.work.plan.messages))} of the plan in {job.ends.source_name}"
    elif job.order.where is not None:
        what = f"those of about {messages(about)} of {job.ends.source_name} that match"
    elif job.order.limit is not None:
        what = f"{job.order.limit:,} of about {messages(about)} of {job.ends.source_name}"
    else:
        what = f"about {messages(about)} of {job.ends.source_name}"
    if job.order.command == "delete":
        return f"Delete {what}, for good?"
    return f"{job.order.command.capitalize()} {what} to {job.ends.destination_name}?"


def _apply(job: Prepared) -> int:
    """Run the engine and say what it did, whatever ends it."""
    ledger = Ledger(_log_path(job), job.work.job)
    progress = Progress(job.world) if job.world.stderr_isatty else None
    run: BulkRun | None = None
    try:
        with ExitStack() as stack:
            save = _saver(stack, job.order.save) if job.order.save is not None else None
            now = stack.enter_context(
                reading(job.world, job.ends.source, job.connection, job.wanted, looked=job.looked)
            )
            # Said first: after kill -9 it is too late.
            account.say(job.world, f"log: {harmless(account.shown_path(str(ledger.path)))}", dim=True)
            run = BulkRun(
                job.work,
                now.scan,
                now.stop,
                ledger,
                save=save,
                watch=_watcher(job, progress),
                side_by_side=job.wanted.side_by_side,
            )
            try:
                run.apply()
            finally:
                if progress is not None:
                    progress.clear()
    finally:
        if run is not None:
            for line in account.applied(job, run.report, str(ledger.path)):
                account.say(job.world, line)
    return account.status(job, run.report, now)


def _watcher(job: Prepared, progress: Progress | None) -> Callable[[BulkReport], None]:
    if progress is None:
        return lambda _: None
    width = job.world.width

    def watch(report: BulkReport) -> None:
        def line() -> str:
            total = job.work.limit or job.about
            done = report.done if job.work.limit else report.scan.seen
            what = f"{account.PAST[job.order.command]} {report.done:,}"
            return how_far(what, done, total, progress.seconds, width)

        progress.show(line)

    return watch


def _log_path(job: Prepared) -> Path:
    """Return the log's path: the one that was given, or a new one in the state folder."""
    if job.order.log is not None:
        return Path(job.order.log)
    name = Path(job.ends.source_name).name.replace(":", "-")
    moment = job.world.now().strftime("%Y%m%dT%H%M%S")
    return state_home() / "logs" / f"{moment}-{os.getpid()}-{job.order.command}-{name}.ndjson"


def _saver(stack: ExitStack, path: str) -> Callable[[Sequence[Message]], None]:
    """Return what adds messages to a file, on the disk when it returns."""
    descriptor = private_descriptor(path, os.O_APPEND)
    file: BinaryIO = stack.enter_context(open(descriptor, "wb"))  # noqa: PTH123, SIM115 - a descriptor, closed with the stack

    def save(messages: Sequence[Message]) -> None:
        file.write("".join(f"{to_line(message)}\n" for message in messages).encode())
        file.flush()
        os.fsync(file.fileno())

    return save
