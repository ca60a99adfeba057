"""What connecting an application to a topic comes to: the calls, the policy, the permissions and what to mind, as people and programs read them.

A maintainer keeps one rule: a plan says all that will be done, with the very parameters, and needs nothing that it does not say.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from megaql.consumer.pushdown import Pushdown

#: Where lines of text end unless somebody says otherwise. Characters.
WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class Step:
    """One call: `sns:Subscribe` with its parameters, why, and on what it needs a permission."""

    call: str
    why: str
    request: Mapping[str, Any]
    resource: str
    perform: Callable[[], object] = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON says it."""
        return {"call": self.call, "why": self.why, "request": dict(self.request)}


@dataclass(frozen=True, slots=True)
class ConnectPlan:
    """What was done, or with `dry_run` would be done, to connect or disconnect a queue and a topic.

    `pushdown` is what the application's queries come to as a filter policy, `None` where it was not asked for. `changes` say in words what
    differs from what is there; with none of them there are no `steps`. `permissions` are IAM actions with their resources, those for looking included.
    """

    queue: str
    topic: str
    queue_arn: str
    topic_arn: str
    pushdown: Pushdown | None
    changes: tuple[str, ...]
    steps: tuple[Step, ...]
    permissions: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    dry_run: bool
    removes: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON says it."""
        return {
            "queue": self.queue_arn,
            "topic": self.topic_arn,
            "dry_run": self.dry_run,
            "filter": None if self.pushdown is None else _filter(self.pushdown),
            "changes": list(self.changes),
            "calls": [step.to_dict() for step in self.steps],
            "permissions": [{"action": action, "resource": resource} for action, resource in self.permissions],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, width: int = WIDTH) -> Iterator[str]:
        """Yield the plan as people read it, in lines of a width; JSON stays on one line, so that it can be copied."""
        yield f"{self._did()} {self.queue} {'from' if self.removes else 'to'} {self.topic}"
        if self.pushdown is not None:
            yield from _filter_lines(self.pushdown, width)
        if not self.changes:
            yield "Nothing to do: " + ("they are not connected" if self.removes else "all of it is as it should be")
        else:
            yield "Changes" if self.dry_run else "Changed"
            for change in self.changes:
                yield from _wrapped(change, "  - ", width)
        if self.steps and self.dry_run:
            yield "Calls"
            for number, step in enumerate(self.steps, 1):
                yield from _wrapped(f"{step.call}: {step.why}", f"  {number}. ", width)
                yield f"     {json.dumps(step.request, ensure_ascii=False)}"
        if self.permissions and self.dry_run:
            yield "Permissions that this needs"
            longest = max(len(action) for action, _ in self.permissions)
            yield from (f"  {action:<{longest}}  {resource}" for action, resource in self.permissions)
        if self.notes:
            yield "Mind"
            for note in self.notes:
                yield from _wrapped(note, "  - ", width)

    def _did(self) -> str:
        if self.dry_run:
            return "Would disconnect" if self.removes else "Would connect"
        return "Disconnected" if self.removes else "Connected"


def _filter_lines(found: Pushdown, width: int) -> Iterator[str]:
    if found.policy is None:
        yield "Filter policy: none, so every message of the topic comes to the queue"
        yield from _whys("because", found.reasons, width)
        if found.promised is not None:
            yield from _wrapped(
                "If every message that is meant for the application is published as a JSON object, say so with "
                f"json_bodies=True (--json-bodies). The policy would be {found.promised.fit.value}:",
                "  ",
                width,
            )
            yield f"    {json.dumps(found.promised.policy, ensure_ascii=False)}"
            yield from _wrapped(
                "Or let the publishers expose what the queries ask for, Publisher(expose=[…]), which holds for BSON too, and say "
                "exposed=[…] (--exposed).",
                "  ",
                width,
            )
        return
    meaning = {
        "exact": "it lets through exactly what the subscriptions take",
        "superset": "it lets through all that the subscriptions take, and more",
    }[found.fit.value]
    yield from _wrapped(f"Filter policy, {found.scope}, {found.fit.value}: {meaning}", "", width)
    yield f"  {json.dumps(found.policy, ensure_ascii=False)}"
    if found.residual is not None:
        yield from _wrapped(f"what comes is asked: {found.residual}", "  ", width)
    yield from _whys("because", found.reasons, width)
    yield from _whys("assuming", found.assumes, width)


def _whys(name: str, reasons: Sequence[str], width: int) -> Iterator[str]:
    for reason in reasons:
        yield from _wrapped(f"{name} {reason}", "  ", width)


def _wrapped(text: str, lead: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _filter(found: Pushdown) -> dict[str, Any]:
    return {
        "policy": found.policy,
        "scope": found.scope if found.policy is not None else None,
        "fit": found.fit.value,
        "residual": None if found.residual is None else str(found.residual),
        "reasons": list(found.reasons),
        "assumes": list(found.assumes),
        "with_json_bodies": None if found.promised is None else found.promised.policy,
    }
