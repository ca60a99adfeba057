"""What about a queue's settings will hurt, found by reading them.

A maintainer keeps two rules: a finding says what will happen to messages, not that a rule is broken; and nothing is called wrong that many people rightly do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.places import document
from megaql.lang.literals import write_duration
from megaql.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from megaql.broker.queue import QueueInfo

#: A lease shorter than this is lost while a handler waits for a slow database. A guess, where nobody says how long handlers take.
SHORT_VISIBILITY: Final = timedelta(seconds=10)

#: Messages kept for less are gone before somebody is back from a weekend.
SHORT_RETENTION: Final = timedelta(days=1)

#: How many messages SQS lets be in flight, and the part of it from which on it is worth a word.
MAX_IN_FLIGHT: Final = 120_000
NEARLY: Final = 0.8


class Level(IntEnum):
    """How bad it is: good to know, worth a change, or something does not work."""

    OK = 0
    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `code` names the kind for programs, `hint` says what to do."""

    level: Level
    area: str
    code: str
    what: str
    why: str = ""
    hint: str = ""


_AREA: Final = "settings"


def settings(
    name: str, info: QueueInfo, *, sources: tuple[str, ...], handling: timedelta | None = None
) -> Iterator[Finding]:
    """Yield what is wrong with a queue by itself. `sources` are those it takes dead letters of, `handling` is how long a handler takes at most."""
    visibility = info.visibility_timeout
    if handling is not None and visibility <= handling:
        yield _bad(
            Level.ERROR,
            "visibility-short",
            f"the visibility timeout ({write_duration(visibility)}) is not longer than handlers take ({write_duration(handling)})",
            "the message comes back while it is being handled, and is handled twice",
            f"set VisibilityTimeout to {write_duration(handling * 6)} or so; `megaql run` extends leases by itself",
        )
    elif handling is None and visibility < SHORT_VISIBILITY and not sources:
        yield _bad(
            Level.WARNING,
            "visibility-short",
            f"the visibility timeout is {write_duration(visibility)}",
            "a handler that takes longer sees its message handled twice",
            "set VisibilityTimeout to several times what a handler takes; --handling TIME compares",
        )
    if info.retention < SHORT_RETENTION:
        yield _bad(
            Level.WARNING,
            "retention-short",
            f"messages are dropped after {write_duration(info.retention)}",
            "an outage that lasts longer loses them, and nothing tells of it",
            "set MessageRetentionPeriod to 4d or more",
        )
    if info.attributes.get("ReceiveMessageWaitTimeSeconds", "0") == "0":
        yield _bad(
            Level.NOTE,
            "short-polling",
            "receives do not wait unless they ask to (short polling)",
            "a consumer that does not ask pays for empty answers, and they may miss messages that are there",
            "set ReceiveMessageWaitTimeSeconds to 20; megaql itself always asks to wait",
        )
    if info.in_flight >= MAX_IN_FLIGHT * NEARLY:
        yield _bad(
            Level.WARNING,
            "in-flight",
            f"{counted(info.in_flight, 'message is', 'messages are')} in flight, of {MAX_IN_FLIGHT:,} that SQS allows",
            "at the limit nothing more is received",
            "look for consumers that receive and never delete",
        )
    yield from _on_dead_letters(name, info, sources)


def _on_dead_letters(name: str, info: QueueInfo, sources: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what is wrong with where a queue's dead letters go, and those that wait in it."""
    if sources and info.visible:
        yield _bad(
            Level.WARNING,
            "dead-letters",
            f"{counted(info.visible, 'dead letter waits', 'dead letters wait')} here, of {', '.join(sources)}",
            f"they are dropped {write_duration(info.retention)} after they were first sent",
            f"megaql peek {name} shows them, megaql redrive {name} sends them back",
        )
    if info.redrive is None and not sources:
        yield _bad(
            Level.WARNING,
            "no-dlq",
            "there is no dead-letter queue",
            f"a message that always fails comes back until it is dropped after {write_duration(info.retention)}",
            "set a RedrivePolicy with a maxReceiveCount of 5 or so",
        )
    elif info.redrive is not None and info.redrive.max_receive_count <= 1:
        yield _bad(
            Level.WARNING,
            "max-receives",
            "maxReceiveCount is 1",
            "one look at a message, or one crash of its handler, and the next receive dead-letters it",
            "set it to 3 or more; peek refuses such a queue",
        )


def dead_letters(name: str, info: QueueInfo, dead_name: str, dead: QueueInfo) -> Iterator[Finding]:
    """Yield what is wrong between a queue and its dead-letter queue."""
    if name.endswith(".fifo") != dead_name.endswith(".fifo"):
        yield _bad(
            Level.ERROR,
            "dlq-kind",
            f"{name} and its dead-letter queue {dead_name} are not both FIFO or both standard",
            "SQS moves dead letters between queues of one kind only, so that they stay",
            "name a dead-letter queue of the same kind",
        )
    if dead.retention < info.retention:
        yield _bad(
            Level.WARNING,
            "dlq-retention",
            f"{dead_name} keeps messages for {write_duration(dead.retention)}, and {name} for {write_duration(info.retention)}",
            "a dead letter's age counts from when it was first sent, so that it may be dropped the moment it arrives",
            f"set MessageRetentionPeriod of {dead_name} to 14d",
        )
    if not _lets(dead, info.attributes.get("QueueArn", "")):
        yield _bad(
            Level.ERROR,
            "dlq-refuses",
            f"{dead_name} does not take the dead letters of {name}",
            "its redrive allow policy leaves this queue out",
            f"add {name} to the RedriveAllowPolicy of {dead_name}",
        )
    if dead.visible:
        yield _bad(
            Level.WARNING,
            "dead-letters",
            f"{counted(dead.visible, 'dead letter waits', 'dead letters wait')} in {dead_name}",
            f"they are dropped {write_duration(dead.retention)} after they were first sent",
            f"megaql peek {dead_name} shows them, megaql redrive {dead_name} sends them back",
        )


def denied_by_policy(policy: str | None, actions: tuple[str, ...]) -> list[str]:
    """Return which actions the own policy of a queue or topic plainly denies everybody, without a condition."""
    found = document(policy)
    listed = found.get("Statement") if isinstance(found, dict) else None
    denied = []
    for one in listed if isinstance(listed, list) else [listed]:
        if not isinstance(one, dict) or one.get("Effect") != "Deny" or one.get("Condition") or "NotAction" in one:
            continue
        if one.get("Principal") not in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
            continue
        patterns = [str(name).lower() for name in _listed(one.get("Action"))]
        denied += [action for action in actions if any(fnmatchcase(action.lower(), name) for name in patterns)]
    return sorted(set(denied))


def _lets(dead: QueueInfo, arn: str) -> bool:
    policy = document(dead.attributes.get("RedriveAllowPolicy")) or {}
    permission = policy.get("redrivePermission", "allowAll") if isinstance(policy, dict) else "allowAll"
    return permission == "allowAll" or (permission == "byQueue" and arn in _listed(policy.get("sourceQueueArns")))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _bad(level: Level, code: str, what: str, why: str, hint: str) -> Finding:
    return Finding(level, _AREA, code, what, why, hint)
