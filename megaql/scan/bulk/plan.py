"""A plan: the messages that a dry run found, by id and hash of their bodies, for a run that touches those and no others.

A line can be taken out of the file with any editor, and its message is left alone. A maintainer keeps two rules: a message counts as planned only if id and
body are both the plan's; and a plan holds no bodies but those that somebody has edited, and is the user's alone (0600) either way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, TextIO

from megaql.errors import ScanError
from megaql.scan.bulk.ledger import Job

if TYPE_CHECKING:
    from pathlib import Path

    from megaql.broker.message import Message

#: The version that `"megaql_plan": 1` names.
VERSION: Final = 1


def body_hash(message: Message) -> str:
    """Return the SHA-256 of a message's body, in hexadecimal."""
    return hashlib.sha256(message.body.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Planned:
    """One message of a plan; `body` is what somebody has made of it in an editor."""

    sha256: str
    body: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Plan:
    """A plan as it was read: its job, the query and the edits it was made with, and its messages by id."""

    job: Job
    where: str = ""
    edits: dict[str, list[str]] = field(default_factory=dict)
    messages: dict[str, Planned] = field(default_factory=dict)

    def header(self) -> dict[str, Any]:
        """Return the first line of the file."""
        return {"megaql_plan": VERSION, **asdict(self.job), "where": self.where, **self.edits}


class PlanWriter:
    """Writes a plan to an open file, a message at a time."""

    def __init__(self, file: TextIO, plan: Plan) -> None:
        self._file = file
        self.count = 0
        self._put(plan.header())

    def add(self, message: Message, body: str | None = None) -> None:
        """Write a message down; `body` is what it is to be instead."""
        line: dict[str, Any] = {"id": message.id, "sha256": body_hash(message)}
        if message.sent_at is not None:
            line["sent_at"] = message.sent_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        self._put(line if body is None else {**line, "body": body})
        self.count += 1

    def _put(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")


def read_plan(path: Path, job: Job) -> Plan:
    """Read the plan of a job. Raises `ScanError` for a file that is none, or of another job."""
    try:
        with path.open(encoding="utf-8") as file:
            plan = _head(json.loads(file.readline()))
            for line in file:
                if line.strip():
                    entry = json.loads(line)
                    plan.messages[str(entry["id"])] = Planned(str(entry["sha256"]), entry.get("body"))
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from error
    except (ValueError, KeyError, TypeError):
        raise _unusable(path, "it is no plan of megaql") from None
    was = plan.job
    if was != job:
        to = f" to {was.destination}" if was.destination else ""
        raise _unusable(path, f"it was made for another job: {was.command} {was.source}{to}")
    return plan


def _head(line: dict[str, Any]) -> Plan:
    """Read a plan's first line; ValueError, KeyError or TypeError where it is none."""
    if line.get("megaql_plan") != VERSION:
        raise ValueError("another version")
    edits = {name: list(line[name]) for name in ("set", "unset") if line.get(name)}
    return Plan(Job(line["command"], line["source"], line["destination"]), line["where"], edits)


def _unusable(path: Path, why: str) -> ScanError:
    return ScanError(
        "The plan cannot be used",
        where=str(path),
        why=why,
        hint="make one with the same command and --plan, without --apply",
    )
