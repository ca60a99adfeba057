"""The dry run: the messages that would be touched, as they would be sent, and the plan.

A maintainer keeps one rule: what is shown is what would be sent, edits included, so that who looks at it has looked at the outcome.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from megaql.cli.bulk import account
from megaql.cli.messages.fields import Field, fields_of
from megaql.cli.messages.output import Output, writer
from megaql.cli.messages.showing import begin, private_file
from megaql.cli.reading.source import reading
from megaql.cli.terminal.style import harmless
from megaql.codec.writers import write_json
from megaql.errors import CodecError
from megaql.lang.printer import to_text
from megaql.scan.bulk.engine import BulkRun
from megaql.scan.bulk.plan import Plan, PlanWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from megaql.broker.message import Message
    from megaql.cli.bulk.order import Prepared
    from megaql.cli.environment import Environment
    from megaql.scan.bulk.edits import Edit
    from megaql.scan.bulk.report import BulkReport

#: Messages that a terminal is shown; in a pipe all are written.
SHOWN: Final = 20

#: Messages of which a terminal is shown what the edits change.
SHOWN_CHANGES: Final = 5


def plan_of(job: Prepared) -> Plan:
    """Return the plan of an order, without its messages."""
    named = (("set", job.order.assign), ("unset", job.order.unset))
    return Plan(job.work.job, job.order.where or "", {name: list(given) for name, given in named if given})


def dry_run(job: Prepared) -> int:
    """Show what would be done, write the plan if there is to be one, and return the exit status."""
    world, order = job.world, job.order
    asked = fields_of(job.query.node) if job.query is not None else []
    out = writer(world, order.output, fields=order.fields, template=None, asked=asked)
    most = SHOWN if world.stdout_isatty and order.output in {Output.AUTO, Output.TABLE} else None
    report: BulkReport | None = None
    with ExitStack() as stack:
        file = stack.enter_context(private_file(order.plan)) if order.plan is not None else None
        now = stack.enter_context(reading(world, job.ends.source, job.connection, job.wanted, looked=job.looked))
        plan = None
        if file is not None:
            begin(file)
            plan = PlanWriter(file, plan_of(job))
        run = BulkRun(job.work, now.scan, now.stop)
        report = run.report
        changes: list[str] = []
        for message, changed in run.look():
            now.show()
            if plan is not None:
                plan.add(message)
            if most is None or report.planned <= most:
                now.clear()
                out.show(changed)
            if most is not None and len(changes) < SHOWN_CHANGES:
                changes += _changes(message, changed, job.work.edits)
        now.clear()
        out.end()
        _more(world, report, most, changes)
    for line in account.dry_run(job, report):
        account.say(world, line)
    return account.status(job, report, now)


def _more(world: Environment, report: BulkReport, most: int | None, changes: list[str]) -> None:
    if most is not None and report.planned > most:
        world.out(f"… and {report.planned - most:,} more")
    for line in changes:
        world.out(line)


def _changes(before: Message, after: Message, edits: Sequence[Edit]) -> Iterator[str]:
    """Yield what the edits change in a message, a line for each path."""
    for edit in edits:
        field = Field(to_text(edit.path), edit.path)
        old, new = field.value(before), field.value(after)
        if old != new:
            yield harmless(f"{before.id[:8]}  {field.text}: {_shown(field, before)} → {_shown(field, after)}")


def _shown(field: Field, message: Message) -> str:
    """Return the values of a path as JSON writes them: a text and a number that look alike are not."""
    values = field.values(message)
    if not values:
        return "(missing)"
    try:
        text = ", ".join(map(write_json, values))
    except CodecError:  # a value that only BSON has
        text = field.text_of(message)
    return text if len(text) <= 60 else f"{text[:59]}…"
