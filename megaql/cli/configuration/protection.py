"""Queues that nothing is taken out of by accident: the table `[protected]` of `megaql.toml`.

    [protected]
    "orders" = "the live queue; talk to the shop team first"
    "*-prod" = true

A key is a queue's name, or a pattern with `*` and `?`; a text is shown to whoever asks. A maintainer keeps one rule: `--yes` is habit, so that it
does not count here; only the queue's name does, typed on a terminal or given with `--confirm`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from megaql.cli.terminal.style import harmless
from megaql.errors import ConfigError, ScanRefused

if TYPE_CHECKING:
    from megaql.broker.queue import Queue
    from megaql.cli.environment import Environment


@dataclass(frozen=True, slots=True)
class Protection:
    """Why a queue is protected: the place that says so, and its reason, `""` where it gives none."""

    where: str
    reason: str


def protection_of(world: Environment, queue: Queue) -> Protection | None:
    """Return what protects a queue, None if nothing does. Raises `ConfigError` for a value that means nothing."""
    from megaql import config  # noqa: PLC0415 - only a command that deletes asks

    read = config.read_file(world.environ)
    found = None
    for pattern, value in read.table("protected").items():
        where = read.where("protected", pattern)
        if not isinstance(value, (bool, str)):
            raise ConfigError(
                f"{pattern!r} is neither protected nor not",
                where=where,
                hint=f'write "{pattern}" = true, or a reason: "{pattern}" = "the live queue"',
            )
        if any(fnmatchcase(name, pattern) for name in (queue.name, queue.target.text)):
            # A later line may take a queue out of a pattern before it: "orders-test" = false.
            found = Protection(where, value if isinstance(value, str) else "") if value is not False else None
    return found


def insist(world: Environment, queue: Queue, found: Protection, question: str, confirmed: str | None) -> None:
    """Have a protected queue's name typed. Raises `ScanRefused` where it is not."""
    if confirmed is not None:
        answer = confirmed
    elif world.asks:
        reason = f" ({found.reason})" if found.reason else ""
        world.stderr.write(harmless(f"{queue.name} is protected{reason}.\n{question} Type its name: ", keep="\n"))
        world.stderr.flush()
        answer = world.stdin.readline().strip()
    else:
        answer = ""
    if answer != queue.name:
        raise ScanRefused(
            f"{queue.name} is protected",
            where=found.where,
            why=found.reason or "nothing is taken out of it unless its name is given once more",
            hint=f"type its name when you are asked, or pass --confirm {queue.name}; --yes is not enough",
        )
