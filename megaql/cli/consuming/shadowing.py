"""`run --shadow`: one look at a queue with the eyes of an application, which takes nothing.

A maintainer keeps one rule: beside the real consumers of a queue, nothing may be received twice. So a look ends while half of its lease is left, however much is still to
see, and everything is given back then.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from megaql.cli.consuming.recording import told
from megaql.cli.messages.preview import event_text, id_text
from megaql.cli.reading.source import Wanted, reading
from megaql.cli.terminal.style import Style, harmless, harmless_json
from megaql.lang.verdict import Verdict
from megaql.scan.budget import Budget, StopReason
from megaql.scan.live import MAX_LEASE, POLL_WAIT, READING_SHARE
from megaql.scan.records import dump_line
from megaql.scan.target import QueueSource

if TYPE_CHECKING:
    from megaql.broker.target import Connection
    from megaql.cli.consuming.recording import RecordFile
    from megaql.cli.environment import Environment
    from megaql.cli.reading.source import Reading
    from megaql.consumer.matching import Match
    from megaql.consumer.shadow import Shadow

#: Messages that are looked at unless `--limit` says otherwise.
LIMIT: Final = 500

#: How long a look takes at most: half of the longest lease, so that nothing of it comes back meanwhile.
DURATION: Final = MAX_LEASE * READING_SHARE

#: What becomes of a message that nobody takes, in words.
_WOULD: Final = {"delete": "deleted", "return": "returned", "dead-letter": "dead-lettered"}


class Shadowing:
    """Goes through one look, prints who would get each message, and counts."""

    def __init__(self, world: Environment, shadow: Shadow, file: RecordFile | None) -> None:
        self._world = world
        self._shadow = shadow
        self._file = file
        self._style = Style(on=world.colors())
        self._takers: Counter[str] = Counter({one.name: 0 for one in shadow.matching.subscriptions})
        self._kinds: Counter[str] = Counter()

    def run(
        self, connection: Connection, *, once: bool, limit: int | None, allow_receives: bool, allow_dead_letter: bool
    ) -> int:
        """Look, and return the exit status."""
        queue = self._shadow.queue
        source = QueueSource(queue, timedelta(0) if queue.target.kind == "local" else POLL_WAIT)
        wanted = Wanted(
            Budget(scan=limit or LIMIT, duration=DURATION),
            lease=None if queue.fifo else MAX_LEASE,
            follow=not (once or queue.fifo),
            allow_receives=allow_receives,
            allow_dead_letter=allow_dead_letter,
            expected=StopReason.EMPTY if once else StopReason.TIME,
        )
        try:
            with reading(self._world, source, connection, wanted) as now:
                for message in now:
                    seen, match = self._shadow.match(message)
                    run = told(match)
                    now.tally(_VERDICTS[run["verdict"]])
                    self._count(match, run["verdict"])
                    if self._file is not None:
                        self._file.add(seen, run | {"became": "shadow"})
                    self._show(now, seen.id, id_text(seen), event_text(seen), match, run)
        finally:
            self._end()
        return now.status()

    def _count(self, match: Match, verdict: str) -> None:
        self._takers.update(one.name for one, _ in match.taken)
        if verdict != "match":
            self._kinds[verdict] += 1

    def _show(self, now: Reading, whole: str, short: str, event: str, match: Match, run: dict[str, object]) -> None:
        if not self._world.stdout_isatty:
            self._world.out(harmless_json(dump_line({"id": whole, "event": event, **run})))
            self._world.stdout.flush()
            return
        now.clear()
        if match.taken:
            who = ", ".join(harmless(one.name) for one, _ in match.taken)
        elif match.undecided:
            cause = match.undecided[0]
            who = self._style(
                f"nobody: {harmless(cause.subscription)} cannot decide, {harmless(cause.reason)}", "yellow"
            )
        else:
            who = self._style("nobody: a decoder failed" if match.unread else "nobody", dim=not match.unread)
        self._world.out(f"{short}  {harmless(event)}  → {who}")

    def _end(self) -> None:
        if not (self._takers.total() or self._kinds):
            return
        for name, count in self._takers.items():
            self._world.say(f"{count:>6,}  would be handled by {harmless(name)}")
        for verdict, policy in (("no match", self._shadow.unmatched), ("unknown", self._shadow.unknown)):
            if count := self._kinds[verdict]:
                why = (
                    "no subscription takes it" if verdict == "no match" else "none takes it, and a query cannot decide"
                )
                self._world.say(f"{count:>6,}  would be {_WOULD[policy]}: {why}")
        self._world.say("no handler ran, and nothing was acknowledged")


_VERDICTS: Final = {"match": Verdict.MATCH, "no match": Verdict.NO_MATCH, "unknown": Verdict.UNKNOWN}
