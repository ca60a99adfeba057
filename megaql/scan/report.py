"""What a scan did to its source, in numbers; the command line prints it on stderr after every way out.

A maintainer keeps one rule: a message that was asked for and not given back is in `unreleased` or `in_doubt`, never left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from megaql.lang.verdict import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from megaql.scan.budget import StopReason
    from megaql.scan.documents import BadLine


@dataclass(slots=True)
class ScanReport:
    """The account of one scan; it grows while the scan runs and is final after its `with` block.

    `seen` messages were handed to the reader, of about `total` that the queue had at the start (`None` for a file);
    `received` is how many receive counts went up by one, `repeated` how many receives brought a message a second time
    (it is not shown again), `last_life` how many are dead-lettered by their next receive.
    `released` went back at once; `unreleased` and up to `in_doubt` more (a receive whose answer never came) return by
    themselves by `returning_at` (UTC). `requests` counts calls to the service, the preflight included.
    """

    source: str
    total: int | None = None
    seen: int = 0
    matched: int = 0
    unknown: int = 0
    received: int = 0
    repeated: int = 0
    last_life: int = 0
    released: int = 0
    unreleased: int = 0
    in_doubt: int = 0
    returning_at: datetime | None = None
    requests: int = 0
    stopped_because: StopReason | None = None
    release_error: str = ""
    bad_lines: int = 0
    first_bad_lines: list[BadLine] = field(default_factory=list)

    def tally(self, verdict: Verdict) -> None:
        """Count the verdict on the message that was just looked at; call it once a message."""
        if verdict is Verdict.MATCH:
            self.matched += 1
        elif verdict is Verdict.UNKNOWN:
            self.unknown += 1
