"""What queues and topics say about themselves, in words for people and as objects for programs; times in seconds in both, with their unit for people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from megaql.broker.places import document
from megaql.lang.literals import write_duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from megaql.broker.queue import Queue, QueueInfo
    from megaql.cli.environment import Environment

#: Settings of a queue that are times, and what a person calls them.
TIMES: Final = {
    "VisibilityTimeout": "visibility timeout",
    "MessageRetentionPeriod": "retention",
    "DelaySeconds": "delay",
    "ReceiveMessageWaitTimeSeconds": "receive wait",
}

#: Parts of a time, the largest first. Seconds.
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def last_part(arn: str) -> str:
    """Return the name at the end of an ARN or a URL."""
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def age(world: Environment, moment: datetime | None) -> str:
    """Return how long ago something was, in its largest unit."""
    if moment is None:
        return ""
    seconds = max(0, int((world.now() - moment).total_seconds()))
    return next((f"{seconds // size}{unit}" for size, unit in _UNITS if seconds >= size), "0s")


def seconds(text: str) -> str:
    """Return an attribute's seconds as a duration."""
    return write_duration(timedelta(seconds=int(text))) if text.isdigit() else text


def queue_object(queue: Queue, info: QueueInfo, oldest: datetime | None) -> dict[str, Any]:
    """Return a queue as an object."""
    return {
        "name": queue.name,
        "url": queue.url,
        "arn": info.attributes.get("QueueArn", ""),
        "fifo": queue.fifo,
        "messages": {
            "visible": info.visible,
            "in_flight": info.in_flight,
            "delayed": info.delayed,
            "oldest": oldest.isoformat(timespec="milliseconds").replace("+00:00", "Z") if oldest else None,
        },
        "settings": {name: int(info.attributes[name]) for name in TIMES if info.attributes.get(name, "").isdigit()},
        "dead_letter": {"arn": info.redrive.dead_letter_arn, "max_receive_count": info.redrive.max_receive_count}
        if info.redrive
        else None,
    }


def statements(policy: str | None) -> Iterator[str]:
    """Yield an access policy's statements, a line each: who may do what, and under which conditions."""
    found = document(policy)
    listed = found.get("Statement") if isinstance(found, dict) else None
    for one in listed if isinstance(listed, list) else [listed] if listed else []:
        if not isinstance(one, dict):
            continue
        who = one.get("Principal", one.get("NotPrincipal"))
        what = one.get("Action", one.get("NotAction"))
        line = f"{one.get('Effect', '?')} {'all but ' if 'NotPrincipal' in one else ''}{_principal(who)}: "
        line += f"{'all but ' if 'NotAction' in one else ''}{_list(what)}"
        conditions = one.get("Condition")
        tests = [
            f"{key} {operator} {_list(wanted)}"
            for operator, keys in (conditions.items() if isinstance(conditions, dict) else ())
            for key, wanted in (keys.items() if isinstance(keys, dict) else ())
        ]
        yield line + (f" if {' and '.join(tests)}" if tests else "")


def _principal(who: object) -> str:
    if isinstance(who, dict):
        return ", ".join(_list(value) for value in who.values())
    return "everybody" if who == "*" else _list(who)


def _list(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
