"""What `release` finds in the state folder, and what it says about it.

A maintainer keeps one rule: a journal whose process lives is nobody's business but that process's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.cli.status import Status
from megaql.cli.terminal.amounts import messages
from megaql.cli.terminal.style import harmless
from megaql.errors import MegaQLError
from megaql.scan.journal import leftovers, read_journal, sweep
from megaql.scan.leftovers import give_back, running

if TYPE_CHECKING:
    from megaql.cli.environment import Environment
    from megaql.scan.journal import Leftover


def release(world: Environment, *, only_list: bool) -> int:
    """Give back, or only tell, what dead reads hide; return the exit status."""
    status = Status.DONE
    told = 0
    for path in leftovers():
        found = read_journal(path)
        if found is None:
            continue
        line = _about(world, found)
        if line is None:
            sweep(path)
            continue
        told += 1
        if only_list or found.alive:
            world.out(line)
        elif not _returned(world, found):
            status = Status.PARTIAL
    if not told:
        world.say("nothing to release: no read was killed while its leases still run")
    return status


def _about(world: Environment, found: Leftover) -> str | None:
    """Return a line about a journal; None where it has nothing to give back."""
    leases = running(found)
    if not leases:
        return None
    last = world.local_time(datetime.fromtimestamp(max(lease.until for lease in leases), UTC))
    state = "a read that is under way; it gives them back itself" if found.alive else "left by a read that was killed"
    return harmless(f"{found.origin.queue}: {messages(len(leases))} hidden until {last}, {state}")


def _returned(world: Environment, found: Leftover) -> bool:
    """Give a dead read's messages back and say so; return whether all of them went that could."""
    origin = found.origin
    try:
        queue = Queue.open(origin.target, Connection(origin.profile, origin.region, origin.endpoint_url))
    except MegaQLError as error:
        world.say(
            harmless(f"{origin.queue}: cannot be reached ({error.what}); its messages return when their leases end")
        )
        return False
    result = give_back(found, queue)
    parts = [f"released {messages(result.released)}"]
    if result.over:
        parts.append(f"{result.over:,} left alone, for their leases are over or about to be")
    if result.failed:
        parts.append(f"{result.failed:,} not released: {result.error}")
    world.out(harmless(f"{origin.queue}: {'; '.join(parts)}"))
    return not result.failed
