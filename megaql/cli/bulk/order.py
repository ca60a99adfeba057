"""A command line of bulk work: what was asked for, checked, and everything opened that it takes.

A maintainer keeps one rule: whatever can be known to be wrong is said before the first message is received.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from megaql.cli import options
from megaql.cli.bulk.ends import Ends, open_ends
from megaql.cli.messages.fields import read_field
from megaql.cli.messages.output import Output
from megaql.cli.overwriting import refuse_overwriting, refuse_sharing
from megaql.cli.queries.typed import compile_where, files_of
from megaql.cli.reading.source import Wanted, consent
from megaql.cli.terminal.style import harmless
from megaql.errors import ScanError
from megaql.lang.nodes import Root
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.bulk.edits import Edit
from megaql.scan.bulk.engine import FIFO_LEASE, LEASE, Work, side_by_side, turn_of
from megaql.scan.bulk.ledger import Job
from megaql.scan.bulk.plan import Plan, read_plan
from megaql.scan.target import QueueSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from megaql.broker.message import Message
    from megaql.broker.target import Connection
    from megaql.cli.environment import Environment
    from megaql.query import Query
    from megaql.scan.preflight import Preflight


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command line of bulk work, as it was typed."""

    command: str
    source: str
    destination: str | None = None
    where: str | None = None
    param: list[str] | None = None
    queries: str | None = None
    limit: int | None = None
    scan: int | None = None
    duration: timedelta | None = None
    hold: int | None = None
    assign: list[str] | None = None
    unset: list[str] | None = None
    editor: bool = False
    group: str | None = None
    apply: bool = False
    yes: bool = False
    confirm: str | None = None
    plan: str | None = None
    rate: int | None = None
    log: str | None = None
    save: str | None = None
    allow_receives: bool = False
    allow_dead_letter: bool = False
    output: Output = Output.AUTO
    fields: str | None = None

    @property
    def deletes(self) -> bool:
        """Whether messages leave the source."""
        return self.command != "copy"

    @property
    def takes_all(self) -> bool:
        """Whether all messages of the source are meant, as they are, and no file is written on the way."""
        bounds = (self.where, self.limit, self.scan, self.duration, self.plan)
        changes = (self.assign, self.unset, self.editor, self.group)
        return not any((*bounds, *changes, self.log, self.save))

    def check(self, *, asks: bool) -> None:
        """Refuse options that cannot mean anything together."""
        if self.apply and self.plan is not None:
            named = (
                ("--where", self.where),
                ("--set", self.assign),
                ("--unset", self.unset),
                ("--editor", self.editor),
            )
            for option, given in named:
                if given:
                    raise typer.BadParameter(
                        f"the plan says which messages and what to change; leave {option} out", param_hint=option
                    )
        if self.plan is not None and not self.apply and _holds_something(self.plan):
            # It may be a plan that somebody has taken lines out of, and `--apply` was forgotten; or no plan at all.
            raise typer.BadParameter(
                f"{harmless(self.plan)} is there already, and no plan is written over it: --apply carries it out, "
                "another name makes a new one",
                param_hint="--plan",
            )
        if self.editor and not (self.plan or self.apply):
            raise typer.BadParameter(
                "what is edited has to go somewhere: add --plan FILE or --apply", param_hint="--editor"
            )
        if self.editor and not asks:
            raise typer.BadParameter("an editor needs a terminal", param_hint="--editor")
        for option, given in (("--log", self.log), ("--save", self.save)):
            if given and not self.apply:
                raise typer.BadParameter(f"nothing is written without --apply; leave {option} out", param_hint=option)

    def edits(self) -> tuple[Edit, ...]:
        """Return the edits that `--set` and `--unset` say, in that order."""
        found = []
        for text in self.assign or []:
            name, value = options.assignment(text)
            found.append(Edit(read_field(name, "--set").path, name, value))
        found += [Edit(read_field(text, "--unset").path, text) for text in self.unset or []]
        for edit in found:
            edit.check()
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order with both ends open and nothing done yet. `looked` is what the source said of itself; None for a file."""

    world: Environment
    order: Order
    connection: Connection
    ends: Ends
    wanted: Wanted
    work: Work
    query: Query | None = None
    looked: Preflight | None = None

    @property
    def about(self) -> int | None:
        """How many messages the source has, by its own count; None for a file."""
        return None if self.looked is None else self.looked.info.visible

    def with_plan(self, plan: Plan) -> Prepared:
        """Return the same order for the messages of a plan only, whose bodies are as they are to be."""
        limit = max(1, len(plan.messages))
        wanted = replace(self.wanted, budget=replace(self.wanted.budget, limit=limit))
        edits = tuple(edit for edit in self.work.edits if edit.path.root is Root.ENVELOPE)
        return replace(self, wanted=wanted, work=replace(self.work, plan=plan, limit=limit, edits=edits))


def prepare(world: Environment, order: Order, connection: Connection) -> Prepared:
    """Check an order and open what it takes; ask where reading the source could do harm."""
    order.check(asks=world.asks)
    _refuse_overwriting(world, order)
    edits = order.edits()
    query = compile_where(world, order.where, order.param, order.queries)
    ends = open_ends(order.command, order.source, order.destination, connection)
    job = Job(order.command, ends.source_key, ends.destination_key)
    plan = _plan(order, job) if order.apply and order.plan is not None else None
    if plan is not None:
        edits = replace(order, assign=plan.edits.get("set"), unset=plan.edits.get("unset")).edits()
    limit = order.limit
    if plan is not None:
        limit = min(limit or len(plan.messages), len(plan.messages))
    bounds: dict[str, Any] = {"limit": limit, "scan": order.scan, "duration": order.duration}
    fifo = isinstance(ends.source, QueueSource) and ends.source.queue.fifo
    wanted = Wanted(
        Budget(**bounds),
        Budget(**bounds),
        FIFO_LEASE if fifo else LEASE,
        allow_dead_letter=order.allow_dead_letter,
        allow_receives=order.allow_receives,
        expected=StopReason.EMPTY if plan is None else StopReason.LIMIT,
        extend=True,
        turn=turn_of(ends.source.queue) if isinstance(ends.source, QueueSource) else 1,
        side_by_side=isinstance(ends.source, QueueSource) and side_by_side(ends.source.queue),
        hold=order.hold,
        orderly=True,
    )
    source = ends.source.queue if isinstance(ends.source, QueueSource) else None
    work = Work(
        job,
        source,
        ends.destination,
        order.deletes,
        _judge(query),
        edits,
        plan,
        limit,
        order.group,
        order.rate,
    )
    looked = consent(world, source, wanted) if source is not None else None
    return Prepared(world, order, connection, ends, wanted, work, query, looked)


def _refuse_overwriting(world: Environment, order: Order) -> None:
    """Refuse to write a file that is read, or two things into one."""
    read = [order.source, *files_of(world, order.where, order.queries)]
    written = {"--plan": order.plan, "--log": order.log, "--save": order.save}
    if order.apply and (plan := written.pop("--plan")) is not None:
        read.append(plan)
    for option, name in written.items():
        refuse_overwriting(world, name, read, option)
    refuse_sharing(world, written)


def _judge(query: Query | None) -> Callable[[Message], Verdict]:
    return (lambda _: Verdict.MATCH) if query is None else query.evaluate


def _holds_something(path: str) -> bool:
    """Whether there is a file with something in it; a pipe or a device holds nothing that could be lost."""
    file = Path(path)
    return file.is_file() and file.stat().st_size > 0


def _plan(order: Order, job: Job) -> Plan:
    path = Path(order.plan or "")
    plan = read_plan(path, job)
    if not plan.messages:
        raise ScanError(
            "The plan lists no messages",
            where=str(path),
            why="the dry run that wrote it found none, or its lines were taken out",
            hint="make it again without --apply, with a query that finds some",
        )
    return plan
