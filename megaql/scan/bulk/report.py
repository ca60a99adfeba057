"""What a run of bulk work did, in numbers.

A maintainer keeps one rule: a message that was selected is in exactly one of `deleted`, `undeleted`, `copied`, `failed`, `held_back`, `changed`, or with a dry run
in `planned`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from megaql.scan.report import ScanReport


@dataclass(slots=True)
class NotDone:
    """A message that was selected and not sent, and why; it is where it was, and so are the `held_back` behind it in its FIFO group."""

    id: str
    why: str
    held_back: int = 0


@dataclass(slots=True)
class BulkReport:
    """The account of one run; `scan` is that of its reading.

    `sent` messages were taken by the destination; `resumed` were by an earlier run, as its log says. `deleted` are gone from the source, `undeleted` are
    sent and still there, `copied` were to stay. `failed` are where they were, and so are `changed` (a plan's id with another body), `held_back`
    (behind one of these in its FIFO group) and `late` ones (sent after the run began). `missing` are a plan's messages that did not turn up.
    """

    scan: ScanReport
    planned: int = 0
    sent: int = 0
    resumed: int = 0
    deleted: int = 0
    undeleted: int = 0
    copied: int = 0
    failed: int = 0
    held_back: int = 0
    changed: int = 0
    late: int = 0
    missing: int = 0
    first_failures: list[NotDone] = field(default_factory=list)

    @property
    def done(self) -> int:
        """The messages that are where they were to go."""
        return self.deleted + self.copied
