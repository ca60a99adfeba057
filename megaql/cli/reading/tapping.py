"""What `tap` does: one tap from its temporary queue to its removal, and what it says; and `--gc`, which removes what killed taps have left.

A maintainer keeps one rule: signals are caught before there is anything to remove, and what is left after all is said in a `finally`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from megaql.broker import leftover
from megaql.broker.target import Connection, parse_topic
from megaql.broker.temporary import PREFIX, TemporaryQueue, client_for
from megaql.broker.topic import Topic, arn_of
from megaql.cli.messages.showing import Showing
from megaql.cli.reading import report as reports
from megaql.cli.status import Status
from megaql.cli.terminal.lines import broken, margin
from megaql.cli.terminal.style import Style, harmless
from megaql.consumer.pushdown import Pushdown
from megaql.plural import counted
from megaql.scan.stop import catch_signals
from megaql.scan.tap import Tap, attributes_of, pushed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.broker.leftover import Temporary
    from megaql.broker.message import Message
    from megaql.cli.environment import Environment
    from megaql.cli.messages.showing import Show
    from megaql.lang.verdict import Verdict
    from megaql.query import Query
    from megaql.scan.budget import Budget


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which topic to tap, how long, and what is promised of its messages."""

    topic: str
    connection: Connection
    budget: Budget
    json_bodies: bool = False
    exposed: tuple[str, ...] = ()
    filtered: bool = True


class _Coming:
    """A tap's messages without a progress line: nobody knows how many there will be."""

    def __init__(self, scan: Tap) -> None:
        self._scan = scan

    def __iter__(self) -> Iterator[Message]:
        return iter(self._scan)

    def tally(self, verdict: Verdict) -> None:
        """Count a message's verdict."""
        self._scan.tally(verdict)

    def clear(self) -> None:
        """Nothing is to be cleared."""


def tap(world: Environment, wanted: Wanted, query: Query | None, show: Show, *, needs_match: bool) -> int:
    """Show a topic's new messages until enough is seen or somebody ends it; return the exit status."""
    target = parse_topic(wanted.topic)
    topic = Topic.open(target, wanted.connection)
    found = _pushed(wanted, query)
    temporary = TemporaryQueue(topic, client_for(target, wanted.connection), wanted.connection)
    with Showing(world, query, show) as showing, catch_signals() as stop:
        scan = Tap(temporary, found, wanted.budget, stop=stop, gone=world.reader_has_left)
        try:
            with scan:
                _say(world, _begun(world, topic, found, query))
                showing.run(_Coming(scan))
        finally:
            _say(world, reports.scan_lines(scan.report, world))
            _say(world, _ended(world, scan))
    if stop:
        return stop.exit_status
    if temporary.there:
        return Status.PARTIAL
    return Status.NO_MATCH if needs_match and not scan.report.matched else Status.DONE


def planned(world: Environment, wanted: Wanted, query: Query | None) -> int:
    """Say what a tap would make, and make nothing."""
    target = parse_topic(wanted.topic)
    topic = Topic.open(target, wanted.connection)
    found = _pushed(wanted, query)
    temporary = TemporaryQueue(topic, client_for(target, wanted.connection), wanted.connection)
    attributes = attributes_of(found) or {"FilterPolicy": "none, so every message comes here"}
    lines = [
        f"queue {PREFIX}…{'.fifo' if topic.fifo else ''}, with a name of its own",
        *(f"  {name}: {value}" for name, value in temporary.attributes().items()),
        *(f"  tag {name}: {value}" for name, value in temporary.tags().items()),
        f"subscription of the queue to {topic.arn}",
        *(f"  {name}: {value}" for name, value in attributes.items()),
    ]
    for line in lines:
        world.out(harmless(line))
    for line in (*_begun(world, topic, found, query)[1:], "dry run: nothing was made; a tap removes both at its end"):
        world.say(Style(on=world.colors(stderr=True))(harmless(line), dim=True))
    return Status.DONE


def _pushed(wanted: Wanted, query: Query | None) -> Pushdown:
    if not wanted.filtered:
        return Pushdown(reasons=("--no-filter says so",))
    return pushed(query, json_bodies=wanted.json_bodies, exposed=wanted.exposed)


def _say(world: Environment, lines: list[str]) -> None:
    style = Style(on=world.colors(stderr=True))
    for line in lines:
        world.say(style(harmless(line), dim=True))


def _begun(world: Environment, topic: Topic, found: Pushdown, query: Query | None) -> list[str]:
    """Say that it has begun, and what SNS keeps back."""
    lines = [f"tapping {topic.name}: what is published from now on comes here too"]
    if query is None:
        return lines
    if found.policy is None:
        lines.append("filter policy: none, so every message comes here and is asked here")
        lines += ["  because " + reason.removeprefix("the query: ") for reason in found.reasons]
        if found.promised is not None:
            lines.append("  if all that you want is published as JSON objects, --json-bodies lets SNS filter")
    else:
        lines.append(f"filter policy, {found.scope}: {json.dumps(found.policy, ensure_ascii=False)}")
        if found.residual is not None:
            lines.append(f"  asked here: {found.residual}")
    return [part for line in lines for part in broken(line, world.width, margin(line))]


def _ended(world: Environment, scan: Tap) -> list[str]:
    """Say what became of the temporary queue."""
    temporary = scan.temporary
    if not temporary.there:
        return [f"the temporary queue and its subscription are removed; {counted(scan.report.requests, 'request')}"]
    lines = [f"left: the queue {temporary.name}, perhaps with its subscription"]
    if scan.left is not None:
        lines.append(f"  it could not be removed: {scan.left.what}")
    lines.append(f"  from {world.local_time(temporary.expires, '%H:%M')} on, megaql tap --gc --yes removes both")
    return lines


def collect(world: Environment, topic: str | None, connection: Connection, *, apply: bool) -> int:
    """List the temporary queues of a topic, or of all topics where AWS is reached, and with `apply` remove those that have expired."""
    target = parse_topic(topic) if topic is not None else None
    local = target is not None and target.kind == "local"
    if target is not None:
        client, arn = client_for(target, connection), arn_of(target)
    else:
        from megaql.broker import aws  # noqa: PLC0415 - only for AWS

        client, arn = aws.client("sqs", connection), ""

    def topic_of(arn: str) -> Topic:
        return Topic.open(f"local-topic:{arn.rsplit(':', 1)[-1]}" if local else arn, connection)

    expired = removed = 0
    for found in leftover.temporary_queues(client, arn, local=local):
        over = found.expired(world.now())
        expired += over
        gone = over and apply and leftover.remove(client, found, topic_of, world.now(), local=local)
        removed += gone
        world.out(harmless(_about(world, found, over=over, gone=gone)))
    if not expired:
        world.say("nothing to remove: no tap was killed, or its queue has not expired yet")
    elif not apply:
        world.say(f"{expired:,} can be removed; add --yes to do it")
    else:
        world.say(f"removed {removed:,} with {'its subscription' if removed == 1 else 'their subscriptions'}")
    return Status.DONE


def _about(world: Environment, found: Temporary, *, over: bool, gone: bool) -> str:
    if gone:
        state = "removed"
    elif over:
        state = f"expired {world.when(found.expires)}"
    else:
        state = f"in use, or expires {world.when(found.expires)}"
    return f"{found.name}  {found.topic_arn}  {state}"
